import type { Kernel } from '../../src/gpu/kernel.js';
import {
  elementwise,
  functions,
  lstmCell,
  lstmCellBackward,
  lstmCellBackwardSubgroup,
  lstmCellBackwardVec4,
  lstmCellSubgroup,
  lstmCellVec4,
  lstmSequence,
  lstmSequenceBackward,
  matmulNaive,
  matmulRegister,
  stridedCopies,
} from '../../src/kernels/index.js';
import { type KernelCase, ownNames, type Rung, type Step, single } from './case.js';
import { kernelOf } from './elementwise.js';

interface Sequence {
  readonly batch: number;
  readonly time: number;
  readonly hidden: number;
  readonly when?: KernelCase['when'];
}

const { add, multiply } = elementwise;
const [product, sum] = [kernelOf(multiply, 2), kernelOf(add, 2)];
const [sigmoid, tanh] = [kernelOf(functions.sigmoid, 1), kernelOf(functions.tanh, 1)];

/** Copies rows of `cols` elements, `x_row` and `y_row` apart, from and to offsets inside. */
function copy(
  [x, x_offset, x_row]: readonly [string, number, number],
  [y, y_offset, y_row]: readonly [string, number, number],
  rows: number,
  cols: number,
): Step {
  return {
    kernel: stridedCopies.scalar,
    values: {
      count: rows * cols,
      size_1: 1,
      size_2: 1,
      size_3: rows,
      size_4: cols,
      x_offset,
      y_offset,
      x_stride_0: 0,
      x_stride_1: 0,
      x_stride_2: 0,
      x_stride_3: x_row,
      x_stride_4: 1,
      y_stride_0: 0,
      y_stride_1: 0,
      y_stride_2: 0,
      y_stride_3: y_row,
      y_stride_4: 1,
    },
    buffers: { x, y },
  };
}

/** The formulas op by op, as where nothing is fused: a product, slices, and an elementwise kernel for each sign. */
function opByOp(name: string, matmul: Kernel, { batch, time, hidden }: Sequence): Rung {
  const state = batch * hidden;
  const apply = (kernel: Kernel, y: string, in0: string, in1?: string): Step => ({
    kernel,
    values: { count: kernel === sum && y === 'sums' ? 4 * state : state },
    buffers: { in0, ...(in1 === undefined ? {} : { in1 }), y },
  });
  const sizes = {
    batch: 1,
    m: batch,
    k: hidden,
    n: 4 * hidden,
    chunks: 1,
    chunk_length: hidden,
    a_batch: state,
    a_row: hidden,
    a_col: 1,
    b_batch: 4 * hidden ** 2,
    b_row: 4 * hidden,
    b_col: 1,
  };
  const whole = (x: string, x_offset: number, y: string, y_offset: number, cols: number) =>
    copy([x, x_offset, cols], [y, y_offset, cols], 1, cols);
  const step = (t: number): Step[] => [
    { kernel: matmul, values: sizes, buffers: { a: 'h', b: 'recurrent', c: 'products' } },
    whole('x_gates', 4 * t * state, 'x_now', 0, 4 * state),
    apply(sum, 'sums', 'products', 'x_now'),
    ...['i', 'f', 'g', 'o'].flatMap((gate, at) => [
      copy(['sums', at * hidden, 4 * hidden], [`${gate}_sum`, 0, hidden], batch, hidden),
      apply(gate === 'g' ? tanh : sigmoid, gate, `${gate}_sum`),
    ]),
    apply(product, 'kept', 'f', 'c'),
    apply(product, 'added', 'i', 'g'),
    apply(sum, 'c', 'kept', 'added'),
    apply(tanh, 'c_tanh', 'c'),
    apply(product, 'h', 'o', 'c_tanh'),
    whole('h', 0, 'hidden', (t + 1) * state, state),
    whole('c', 0, 'cells', (t + 1) * state, state),
  ];
  const begin = [whole('hidden', 0, 'h', 0, state), whole('cells', 0, 'c', 0, state)];
  return { name, steps: [...begin, ...Array.from({ length: time }, (_, t) => step(t)).flat()] };
}

const named = ({ batch, time, hidden }: Sequence) => `${time} steps, batch ${batch}, ${hidden} units`;

/** Weights that keep the states small over many steps. */
function weights(hidden: number): Float32Array {
  const scale = 1 / Math.sqrt(hidden);
  // A fixed pattern of numbers in [-1, 1): what they are does not matter.
  return Float32Array.from({ length: 4 * hidden ** 2 }, (_, at) => scale * (((at * 7919) % 2003) / 1001.5 - 1));
}

/** The recurrence of a sequence, whose inputs were multiplied beforehand: a launch a step. */
function forward(sequence: Sequence): KernelCase {
  const { batch, time, hidden, when } = sequence;
  const state = batch * hidden;
  const fused = (name: string, kernel: Kernel): Rung => ({
    name,
    steps: Array.from({ length: time }, (_, step) => ({
      kernel,
      values: { step, batch, hidden_size: hidden },
      buffers: ownNames(kernel),
    })),
  });
  const parts = ['h', 'c', 'i', 'f', 'g', 'o', 'i_sum', 'f_sum', 'g_sum', 'o_sum', 'kept', 'added', 'c_tanh'];
  return {
    name: `LSTM ${named(sequence)}`,
    when,
    flops: time * lstmCell.cost({ step: 0, batch, hidden_size: hidden }).flops,
    // The gates come and go, the states go; the weights need to come once.
    bytes: 4 * (4 * hidden ** 2 + time * state * 10),
    buffers: {
      x_gates: 4 * time * state,
      recurrent: weights(hidden),
      mask: new Float32Array(time * batch).fill(1),
      hidden: (time + 1) * state,
      cells: (time + 1) * state,
      gates: 4 * time * state,
      products: 4 * state,
      x_now: 4 * state,
      sums: 4 * state,
      ...Object.fromEntries(parts.map((name) => [name, state])),
    },
    outputs: ['hidden', 'cells'],
    rungs: [
      opByOp('op by op, naive product', matmulNaive, sequence),
      opByOp('op by op, register product', matmulRegister, sequence),
      fused('fused cell', lstmCell),
      fused('vec4', lstmCellVec4),
      fused('subgroup', lstmCellSubgroup),
      single('all steps in one launch', lstmSequence, { time, batch, hidden_size: hidden }),
    ],
  };
}

/** The gradients of the recurrence, from the last step to the first. */
function backward(sequence: Sequence): KernelCase {
  const { batch, time, hidden, when } = sequence;
  const state = batch * hidden;
  const rung = (name: string, kernel: Kernel): Rung => ({
    name,
    steps: Array.from({ length: time + 1 }, (_, passed) => ({
      kernel,
      values: { step: time - passed, time, batch, hidden_size: hidden },
      buffers: ownNames(kernel),
    })),
  });
  // Gates as after their functions: between 0 and 1.
  const gates = Float32Array.from({ length: 4 * time * state }, (_, at) => ((at * 7919) % 2003) / 2003);
  return {
    name: `LSTM gradient ${named(sequence)}`,
    when,
    flops: time * lstmCellBackward.cost({ step: 0, time, batch, hidden_size: hidden }).flops,
    bytes: 4 * (4 * hidden ** 2 + time * state * 12),
    buffers: {
      recurrent: weights(hidden),
      gates,
      cells: (time + 1) * state,
      mask: new Float32Array(time * batch).fill(1),
      dhidden: (time + 1) * state,
      dcells: (time + 1) * state,
      state: (time + 2) * state,
      dgates: 4 * time * state,
    },
    outputs: ['dgates', 'state'],
    rungs: [
      rung('fused cell', lstmCellBackward),
      rung('vec4', lstmCellBackwardVec4),
      rung('subgroup', lstmCellBackwardSubgroup),
      single('all steps in one launch', lstmSequenceBackward, { time, batch, hidden_size: hidden }),
    ],
  };
}

const both = (sequence: Sequence): KernelCase[] => [forward(sequence), backward(sequence)];

/** A small one, the Keras model's, and a large one. */
export const lstmCases: readonly KernelCase[] = [
  ...both({ batch: 8, time: 4, hidden: 64, when: 'quick' }),
  ...both({ batch: 32, time: 20, hidden: 128 }),
  ...both({ batch: 256, time: 50, hidden: 512, when: 'large' }),
];
