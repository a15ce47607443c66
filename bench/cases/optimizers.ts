import { adamUpdate, momentumUpdate, sgdUpdate } from '../../src/kernels/index.js';
import type { UpdateKernels } from '../../src/kernels/optimizers.js';
import { type KernelCase, single } from './case.js';

const NUMBERS = { rate: 0.01, decay: 0, limit: Number.POSITIVE_INFINITY };

/** An optimizer's update of one parameter, in place. */
function updates(count: number, when?: KernelCase['when']): KernelCase[] {
  const common = { gradient0: count, scale: Float32Array.of(1), parameter0: count };
  const update = (
    name: string,
    { dense: [kernel] }: UpdateKernels,
    numbers: Readonly<Record<string, number>>,
    moments: KernelCase['buffers'],
  ): KernelCase => {
    const values = { count0: count, ...NUMBERS, ...numbers };
    return {
      name: `${name} on ${count} parameters`,
      when,
      ...kernel.cost(values),
      buffers: { ...common, ...moments },
      outputs: ['parameter0', ...Object.keys(moments)],
      rungs: [single('vec4', kernel, values)],
    };
  };
  const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, correction1: 0.1, correction2: 0.001 };
  return [
    update('SGD', sgdUpdate, {}, {}),
    update('momentum', momentumUpdate, { momentum: 0.9 }, { velocity0: count }),
    update('Adam', adamUpdate, adam, { m0: count, v0: new Float32Array(count).fill(0.5) }),
  ];
}

export const optimizerCases: readonly KernelCase[] = [
  ...updates(2 ** 16, 'quick'),
  ...updates(2 ** 21),
  ...updates(2 ** 24, 'large'),
];
