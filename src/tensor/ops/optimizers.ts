import { TesseraError } from '../../gpu/errors.js';
import * as kernels from '../../kernels/optimizers.js';
import { defineOp } from '../define.js';
import { type Launch, launch, type Value } from '../graph.js';
import { sameShape } from '../shape.js';
import type { Tensor } from '../tensor.js';

/*
 * Updates as ops: (parameter, gradient, moments) -> (new parameter, new moments), over the old ones in place where
 * those are variables that get just these values assigned.
 */
const NO_GRADIENT = 'it is an update; differentiate the loss instead';

function alike(op: string, tensors: readonly Tensor[]) {
  for (const other of tensors) {
    if (!sameShape(other.shape, tensors[0]!.shape))
      throw new TesseraError(`${op}: shapes differ: ${tensors[0]!.describe()} and ${other.describe()}`);
  }
  return { shape: tensors[0]!.shape, dtype: 'f32' } as const;
}

const on =
  (kernel: Parameters<typeof launch>[0], names: readonly string[]) =>
  (inputs: readonly Value[], outputs: readonly Value[]): Launch[] => [
    launch(
      kernel,
      { gradient: inputs[1]!, ...Object.fromEntries(names.map((name, index) => [name, outputs[index]!])) },
      { count: outputs[0]!.length },
    ),
  ];

export interface AdamNumbers {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** 1 - β1^t and 1 - β2^t */
  readonly correction1: number;
  readonly correction2: number;
}

/** Adam's update (formula at the kernel): new parameter, m and v. */
export const adamUpdate = defineOp({
  name: 'adam_update',
  inputs: ['parameter', 'gradient', 'm', 'v'],
  numbers: ['rate', 'beta1', 'beta2', 'epsilon', 'correction1', 'correction2'],
  inPlace: { 0: 0, 1: 2, 2: 3 },
  shape: (inputs, _: AdamNumbers) => [
    alike('adam_update', inputs),
    alike('adam_update', inputs),
    alike('adam_update', inputs),
  ],
  dispatch: on(kernels.adamUpdate, ['parameter', 'm', 'v']),
  vjp: NO_GRADIENT,
});

/** θ - rate·g */
export const sgdUpdate = defineOp({
  name: 'sgd_update',
  inputs: ['parameter', 'gradient'],
  numbers: ['rate'],
  inPlace: { 0: 0 },
  shape: (inputs, _: { rate: number }) => [alike('sgd_update', inputs)],
  dispatch: on(kernels.sgdUpdate, ['parameter']),
  vjp: NO_GRADIENT,
});

/** velocity ← momentum·velocity - rate·g;  θ + velocity: new parameter and velocity. */
export const momentumUpdate = defineOp({
  name: 'momentum_update',
  inputs: ['parameter', 'gradient', 'velocity'],
  numbers: ['rate', 'momentum'],
  inPlace: { 0: 0, 1: 2 },
  shape: (inputs, _: { rate: number; momentum: number }) => [
    alike('momentum_update', inputs),
    alike('momentum_update', inputs),
  ],
  dispatch: on(kernels.momentumUpdate, ['parameter', 'velocity']),
  vjp: NO_GRADIENT,
});
