import type { Tensor } from '../tensor/index.js';

/** Activations by the names that Keras gives them. */
export const activations = {
  linear: (x: Tensor): Tensor => x,
  sigmoid: (x: Tensor): Tensor => x.sigmoid(),
  tanh: (x: Tensor): Tensor => x.tanh(),
  relu: (x: Tensor): Tensor => x.relu(),
  softmax: (x: Tensor): Tensor => x.softmax(),
} as const;

export type Activation = keyof typeof activations;
