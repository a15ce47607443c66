import { elu, gelu, hardSigmoid, leakyRelu, silu, softplus, type Tensor } from '../tensor/index.js';
import { expectType } from '../tensor/ops/checks.js';
import { lookUp } from '../tensor/options.js';

const formulas = {
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
  /** Softsign: x / (1 + |x|). */
  softsign: (x: Tensor): Tensor => x.div(x.abs().add(1)),
  /** ReLU6: min(max(x, 0), 6). */
  relu6: (x: Tensor): Tensor => x.clip(0, 6),
  /**
   * SELU (Klambauer et al. 2017): λ · elu(x, α), where λ and α are chosen so that mean 0 and variance 1 are a fixed
   * point.
   */
  selu: (x: Tensor): Tensor => elu(x, 1.673_263_242_354_377_2).mul(1.050_700_987_355_480_5),
  /** Mish (Misra 2019): x · tanh(softplus(x)). */
  mish: (x: Tensor): Tensor => x.mul(softplus(x).tanh()),
  exponential: (x: Tensor): Tensor => x.exp(),
  logSoftmax: (x: Tensor): Tensor => x.logSoftmax(),
} as const;

/** Activations by Keras's names. */
export const activations = Object.fromEntries(
  Object.entries(formulas).map(([name, formula]) => [
    name,
    (x: Tensor): Tensor => {
      expectType(name, 'x', x, 'f32');
      return formula(x);
    },
  ]),
) as Readonly<Record<keyof typeof formulas, (x: Tensor) => Tensor>>;

/** The name of an activation. */
export type Activation = keyof typeof activations;

/** Looks up an activation by name. @throws TesseraError if there is none of that name. */
export const activationOf = (where: string, name: Activation): ((x: Tensor) => Tensor) =>
  lookUp<(x: Tensor) => Tensor>(where, 'activation', activations, name);

/** @throws TesseraError if a name is given and no activation has it. */
export function expectActivation(where: string, name: Activation | undefined): void {
  if (name !== undefined) activationOf(where, name);
}
