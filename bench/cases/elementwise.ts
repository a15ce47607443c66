import type { Kernel } from '../../src/gpu/index.js';
import type { Expression } from '../../src/kernels/elementwise/expression.js';
import { composeElementwise, composeElementwiseCpu, elementwise, functions } from '../../src/kernels/index.js';
import { type KernelCase, type Rung, type Step, single } from './case.js';

const { add, multiply, subtract } = elementwise;
const { sigmoid, tanh } = functions;
type Function = typeof add;

const CHAIN: readonly (readonly [Function, operand: string | undefined])[] = [
  [multiply, 'a'],
  [add, 'b'],
  [sigmoid, undefined],
  [subtract, 'c'],
  [tanh, undefined],
];

/** One function as a kernel: of one input, or of two. */
export function kernelOf(fn: Function, operands: number) {
  const inputs = Array.from({ length: operands }, () => ({ type: 'f32', layout: 'same' }) as const);
  const steps = [{ fn, operands: inputs.map((_, index) => ({ kind: 'input', index }) as const), type: 'f32' as const }];
  return composeElementwise({ inputs, numbers: [], steps });
}

/** tanh(sigmoid(x · a + b) - c) of all as one expression. */
function fused(): Expression {
  let next = 1;
  return {
    inputs: Array.from({ length: 4 }, () => ({ type: 'f32', layout: 'same' }) as const),
    numbers: [],
    steps: CHAIN.map(([fn, operand], step) => ({
      fn,
      operands: [
        step === 0 ? ({ kind: 'input', index: 0 } as const) : ({ kind: 'step', index: step - 1 } as const),
        ...(operand === undefined ? [] : [{ kind: 'input', index: next++ } as const]),
      ],
      type: 'f32' as const,
    })),
  };
}

/** Five functions of one array and three others, one after the other or at once. */
function chain(count: number, when?: KernelCase['when']): KernelCase {
  const values = { count };
  const atOnce = (name: string, kernel: Kernel): Rung => ({
    name,
    steps: [{ kernel, values, buffers: { in0: 'x', in1: 'a', in2: 'b', in3: 'c', y: 'y' } }],
  });
  const separate = CHAIN.map(([fn, operand], step): Step => {
    const from = step === 0 ? 'x' : `t${step}`;
    const to = step === CHAIN.length - 1 ? 'y' : `t${step + 1}`;
    return {
      kernel: kernelOf(fn, operand === undefined ? 1 : 2),
      values,
      buffers: { in0: from, ...(operand === undefined ? {} : { in1: operand }), y: to },
    };
  });
  return {
    name: `tanh(sigmoid(x·a + b) - c) of ${count}`,
    when,
    flops: CHAIN.reduce((sum, [fn]) => sum + fn.flops, 0) * count,
    bytes: 20 * count,
    buffers: { x: count, a: count, b: count, c: count, t1: count, t2: count, t3: count, t4: count, y: count },
    outputs: ['y'],
    rungs: [
      { name: 'five kernels', steps: separate },
      atOnce('fused', composeElementwise(fused())),
      atOnce('fused, four vec4 an invocation', composeElementwiseCpu(fused())),
    ],
  };
}

function addition(count: number): KernelCase {
  return {
    name: `addition of ${count}`,
    flops: count,
    bytes: 12 * count,
    outputs: ['y'],
    buffers: { in0: count, in1: count, y: count },
    rungs: [single('vec4', kernelOf(add, 2), { count })],
  };
}

export const elementwiseCases: readonly KernelCase[] = [
  chain(2 ** 18, 'quick'),
  chain(2 ** 21),
  addition(2 ** 21),
  chain(2 ** 23, 'large'),
];
