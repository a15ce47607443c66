import { TesseraError } from '../../gpu/errors.js';
import type { Kernel } from '../../gpu/kernel.js';
import * as kernels from '../../kernels/optimizers.js';
import { defineOp, expectShape, type Op } from '../define.js';
import { launch } from '../graph.js';
import { sameShape } from '../shape.js';
import type { Tensor } from '../tensor.js';

/*
 * Updates as ops: (parameter, gradient, scale, moments...) -> (new parameter, new moments...), formulas at the kernels.
 * The gradient is cut to ±limit (Infinity: not at all), then scaled by one number. They work in place where the inputs are variables that get just these values assigned.
 */
/** Numbers are `rate`, `decay` (decoupled weight decay), `limit` and what the kernel's formula names. */
export type UpdateOp = Op<readonly string[], Readonly<Record<string, number>>>;

function alike(op: string, tensors: readonly Tensor[]) {
  for (const other of tensors) {
    if (!sameShape(other.shape, tensors[0]!.shape))
      throw new TesseraError(`${op}: shapes differ: ${tensors[0]!.describe()} and ${other.describe()}`);
  }
  return { shape: tensors[0]!.shape, dtype: 'f32' } as const;
}

function defineUpdate(kernel: Kernel, moments: readonly string[], numbers: readonly string[]): UpdateOp {
  const states = ['parameter', ...moments];
  return defineOp<readonly string[], Readonly<Record<string, number>>>({
    name: kernel.name,
    inputs: ['parameter', 'gradient', 'scale', ...moments],
    numbers: ['rate', 'decay', 'limit', ...numbers],
    // Gradient and scale are inputs 1 and 2, so moment k of the outputs is input k + 2.
    inPlace: Object.fromEntries(states.map((_, output) => [output, output === 0 ? 0 : output + 2])),
    shape: (inputs) => {
      expectShape(kernel.name, 'scale', inputs[2]!, [1]);
      return states.map(() => alike(kernel.name, inputs.toSpliced(2, 1)));
    },
    dispatch: (inputs, outputs) => [
      launch(
        kernel,
        {
          gradient: inputs[1]!,
          scale: inputs[2]!,
          ...Object.fromEntries(states.map((name, index) => [name, outputs[index]!])),
        },
        { count: outputs[0]!.length },
      ),
    ],
    vjp: 'it is an update; differentiate the loss instead',
  });
}

/** θ ← θ - rate·(g + decay·θ); Error ≤ 1e-5·|y| + 1e-5. */
export const sgdUpdate = defineUpdate(kernels.sgdUpdate, [], []);
/** velocity ← momentum·velocity - rate·g; θ ← θ + velocity. Error ≤ 1e-5·|y| + 1e-5. */
export const momentumUpdate = defineUpdate(kernels.momentumUpdate, ['velocity'], ['momentum']);
/** velocity ← momentum·velocity - rate·g; θ ← θ + momentum·velocity - rate·g. Error ≤ 1e-5·|y| + 1e-5. */
export const nesterovUpdate = defineUpdate(kernels.nesterovUpdate, ['velocity'], ['momentum']);
/** Corrections are 1 - β1^t and 1 - β2^t. Error ≤ 1e-5·|y| + 1e-5. */
export const adamUpdate = defineUpdate(
  kernels.adamUpdate,
  ['m', 'v'],
  ['beta1', 'beta2', 'epsilon', 'correction1', 'correction2'],
);
/** v ← rho·v + (1 - rho)·g²; θ ← θ - rate·g / (√v + epsilon); Error ≤ 1e-5·|y| + 1e-5. */
export const rmspropUpdate = defineUpdate(kernels.rmspropUpdate, ['v'], ['rho', 'epsilon']);
/** v ← v + g²; θ ← θ - rate·g / √(v + epsilon); Error ≤ 1e-5·|y| + 1e-5. */
export const adagradUpdate = defineUpdate(kernels.adagradUpdate, ['v'], ['epsilon']);
