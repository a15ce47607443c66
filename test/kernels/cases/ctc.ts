import { ctc } from '../../../src/kernels/ctc.js';
import type { KernelCase } from '../../support/kernels.js';
import { integers, normals } from '../../support/numbers.js';

/** Batches, frames and labels; more states than a workgroup has invocations, none, and no batch. */
const shapes = [
  [1, 1, 0],
  [1, 1, 1],
  [3, 7, 2],
  [2, 13, 5],
  [5, 61, 17],
  [2, 131, 37],
  [3, 0, 2],
  [0, 4, 3],
] as const;

/** The states of a sample whose emissions are odd: the first and the last of a workgroup's invocations read them. */
const odd = [
  { note: 'NaN in state 0', state: 0, value: Number.NaN },
  { note: 'NaN in state 31', state: 31, value: Number.NaN },
  { note: 'infinity in state 32', state: 32, value: Number.POSITIVE_INFINITY },
  { note: 'probabilities of 0 in state 5', state: 5, value: Number.NEGATIVE_INFINITY },
];

const plain: KernelCase[] = shapes.flatMap(([batch, time, most]) =>
  [0, 1].map((from_end): KernelCase => {
    const states = 2 * most + 1;
    const drawn = integers(batch * most, 3);
    // Labels 1 to 3 between blanks: there are equal neighbors.
    const labels = Int32Array.from({ length: batch * states }, (_, at) => {
      const [row, state] = [Math.floor(at / states), at % states];
      return state % 2 === 0 ? 0 : 1 + drawn[row * most + (state - 1) / 2];
    });
    // Lengths of the whole, shorter ones, and in the last row one that is out of range.
    const lengths = (longest: number, wrong: number): Int32Array =>
      Int32Array.from({ length: batch }, (_, row) => (row === 4 ? wrong : Math.max(0, longest - row)));
    return {
      kernel: ctc,
      note: `${batch} x ${time} frames, ${most} labels, ${from_end === 0 ? 'forward' : 'backward'}`,
      values: { batch, time, states, from_end },
      buffers: {
        emissions: normals(batch * time * states, 5).map((value) => -Math.abs(2 * value)),
        labels,
        input_lengths: lengths(time, -1),
        target_lengths: lengths(most, 2 * most),
        scores: batch * time * states,
        loss: batch,
      },
      tolerance: { absolute: 1e-4, relative: 1e-5 },
    };
  }),
);

/** Emissions that are no logarithms of probabilities spoil their sample alone; those of probability 0 are allowed. */
const spoiled = odd.map(({ note, state, value }): KernelCase => {
  const one = plain.find(({ note }) => note.startsWith('2 x 131 frames') && note.endsWith('forward'));
  if (one === undefined) throw new Error('there is no such case');
  const { states } = one.values;
  const emissions = Float32Array.from(one.buffers.emissions as Float32Array);
  // In the second sample, in the fourth frame.
  emissions[(one.values.time + 3) * states + state] = value;
  return { ...one, note: `${one.note}, ${note}`, buffers: { ...one.buffers, emissions } };
});
export const ctcs = [...plain, ...spoiled];
