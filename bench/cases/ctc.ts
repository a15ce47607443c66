import { ctc } from '../../src/kernels/index.js';
import { Generator } from '../../src/tensor/index.js';
import { type KernelCase, single } from './case.js';

function alignments(batch: number, time: number, labels: number, when?: KernelCase['when']): KernelCase {
  const states = 2 * labels + 1;
  const values = { batch, time, states, from_end: 0 };
  const generator = new Generator(1);
  return {
    when,
    ...ctc.cost(values),
    name: `ctc ${batch} x ${time} frames x ${labels} labels`,
    buffers: {
      emissions: Float32Array.from({ length: batch * time * states }, () => -3 * generator.uniform()),
      labels: Int32Array.from({ length: batch * states }, (_, at) => ((at % states) % 2) * (1 + generator.integer(9))),
      input_lengths: new Int32Array(batch).fill(time),
      target_lengths: new Int32Array(batch).fill(labels),
      scores: batch * time * states,
      loss: batch,
    },
    outputs: ['scores', 'loss'],
    rungs: [single('a workgroup a sample', ctc, values)],
  };
}

/** A few spoken digits, and sentences of speech. */
export const ctcCases: readonly KernelCase[] = [
  alignments(32, 100, 5, 'quick'),
  alignments(32, 400, 60),
  alignments(64, 1600, 200, 'large'),
];
