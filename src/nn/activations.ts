import { elu, gelu, hardSigmoid, leakyRelu, silu, softplus, type Tensor } from '../tensor/index.js';

/** Activations by the names that Keras gives them. */
export const activations = {
  linear: (x: Tensor): Tensor => x,
  sigmoid: (x: Tensor): Tensor => x.sigmoid(),
  tanh: (x: Tensor): Tensor => x.tanh(),
  relu: (x: Tensor): Tensor => x.relu(),
  softmax: (x: Tensor): Tensor => x.softmax(),
  elu: (x: Tensor): Tensor => elu(x),
  gelu: (x: Tensor): Tensor => gelu(x),
  hardSigmoid,
  leakyRelu: (x: Tensor): Tensor => leakyRelu(x),
  silu,
  softplus,
} as const;

/** The name of an activation. */
export type Activation = keyof typeof activations;
