import { expect, test } from 'vitest';
import { ctcBeamSearch, ctcGreedy } from '../../../src/models/index.js';
import { normals } from '../../support/numbers.js';

/** Log probabilities (time, classes) drawn at random. */
function drawn(time: number, classes: number, seed: number): Float64Array {
  const logits = Float64Array.from(normals(time * classes, seed), (value) => 2 * value);
  for (let begin = 0; begin < logits.length; begin += classes) {
    const frame = logits.subarray(begin, begin + classes);
    const total = Math.log(frame.reduce((sum, value) => sum + Math.exp(value), 0));
    for (let label = 0; label < classes; label++) frame[label] -= total;
  }
  return logits;
}

/** The probability of every label sequence, by walking all alignments. */
function bySequence(logProbabilities: Float64Array, time: number, classes: number, blank: number): Map<string, number> {
  const all = new Map<string, number>();
  const walk = (t: number, labels: readonly number[], before: number, logProbability: number): void => {
    if (t === time) {
      all.set(labels.join(), (all.get(labels.join()) ?? 0) + Math.exp(logProbability));
      return;
    }
    for (let label = 0; label < classes; label++) {
      const isNew = label !== blank && label !== before;
      walk(t + 1, isNew ? [...labels, label] : labels, label, logProbability + logProbabilities[t * classes + label]);
    }
  };
  walk(0, [], blank, 0);
  return all;
}

test.each([
  [1, 5, 3, 0],
  [2, 6, 3, 2],
  [3, 5, 4, 1],
  [4, 7, 2, 0],
])('a beam that holds all sequences finds the most probable one (draw %i)', (seed, time, classes, blank) => {
  const logProbabilities = drawn(time, classes, seed);
  const [labels, probability] = [...bySequence(logProbabilities, time, classes, blank)].reduce((best, own) =>
    own[1] > best[1] ? own : best,
  );
  const found = ctcBeamSearch(logProbabilities, { classes, blank, beam: 10_000 });
  expect(found.labels.join()).toBe(labels);
  expect(Math.exp(found.logProbability)).toBeCloseTo(probability, 4);
});

test('the most probable alignment is not that of the most probable labels', () => {
  // Blank twice has 0.36; the label has 0.64 by three alignments.
  const logProbabilities = [0.6, 0.4, 0.6, 0.4].map(Math.log);
  expect(ctcGreedy(logProbabilities, { classes: 2 })).toEqual({
    labels: [],
    logProbability: expect.closeTo(Math.log(0.36)),
  });
  const { labels, logProbability } = ctcBeamSearch(logProbabilities, { classes: 2 });
  expect(labels).toEqual([1]);
  expect(logProbability).toBeCloseTo(Math.log(0.64));
});

test('repetitions are one label, unless a blank is between them', () => {
  const path = [0, 1, 1, 0, 1, 2, 2, 0];
  const sure = path.flatMap((best) => [0, 1, 2].map((label) => (label === best ? 0 : Number.NEGATIVE_INFINITY)));
  expect(ctcGreedy(sure, { classes: 3 })).toEqual({ labels: [1, 1, 2], logProbability: 0 });
  expect(ctcBeamSearch(sure, { classes: 3, beam: 1 })).toEqual({ labels: [1, 1, 2], logProbability: 0 });
});

test('a frame of which all classes are improbable has a best one', () => {
  const faint = [-20, -30, -15, -14, -40, -40, -20, -30, -15];
  expect(ctcBeamSearch(faint, { classes: 3 })).toEqual({ labels: [2, 2], logProbability: expect.closeTo(-44, 1) });
  const impossible = Array.from({ length: 6 }, () => Number.NEGATIVE_INFINITY);
  expect(ctcBeamSearch(impossible, { classes: 3 }).logProbability).toBe(Number.NEGATIVE_INFINITY);
});

test('no frames give no labels', () => {
  expect(ctcGreedy([], { classes: 3 })).toEqual({ labels: [], logProbability: 0 });
  expect(ctcBeamSearch([], { classes: 3 })).toEqual({ labels: [], logProbability: 0 });
});

test.each([ctcGreedy, ctcBeamSearch])('$name names what is wrong', (decode) => {
  expect(() => decode([-1, -1, -1], { classes: 2 })).toThrow(`${decode.name}: 3 log probabilities are no whole frames`);
  expect(() => decode([-1, -1], { classes: 2, blank: 2 })).toThrow(`${decode.name}: blank 2 is out of range`);
  expect(() => decode([0.5, -1], { classes: 2 })).toThrow(`${decode.name}: 0.5 at position 0 is no log probability`);
  expect(() => decode([Number.NaN, -1], { classes: 2 })).toThrow('NaN at position 0');
  expect(() => decode(3 as never, { classes: 2 })).toThrow('expected an array of log probabilities');
});
