import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { ctcRows, full, grad, setDefaultDevice, tensor } from '../../../src/tensor/index.js';
import { gpu, reference } from '../../support/devices.js';
import { expectClose, normals } from '../../support/numbers.js';

afterAll(() => setDefaultDevice(undefined));

/** A case of golden/ctc.py: 'inf' and 'nan' are strings, which JSON has no numbers for. */
interface Golden {
  readonly note: string;
  readonly shape: readonly [number, number, number];
  readonly logits: readonly number[];
  readonly targets: readonly number[];
  readonly longest: number;
  readonly inputLengths: readonly number[];
  readonly targetLengths: readonly number[];
  readonly blank: number;
  readonly losses: readonly (number | string)[];
  readonly gradient: readonly (number | string)[];
}
const golden: readonly Golden[] = JSON.parse(
  readFileSync(new URL('../../golden/ctc.json', import.meta.url), 'utf8'),
).cases;
const number = (value: number | string): number =>
  value === 'inf' ? Number.POSITIVE_INFINITY : value === 'nan' ? Number.NaN : Number(value);
const integers = (values: readonly number[], shape: readonly number[] = [values.length]) =>
  tensor(Int32Array.from(values), shape);

describe.each([
  ['the adapter', gpu],
  ['the reference device', reference],
])('on %s', (_, device) => {
  test.each(golden)('gives what PyTorch gives: $note', async (given) => {
    setDefaultDevice(device);
    const [batch, , classes] = given.shape;
    const logits = tensor(Float32Array.from(given.logits), given.shape);
    const losses = ctcRows(logits, integers(given.targets, [batch, given.longest]), {
      inputLengths: integers(given.inputLengths),
      targetLengths: integers(given.targetLengths),
      blank: given.blank,
    });
    expectClose(await losses.data(), given.losses.map(number), { absolute: 1e-5, relative: 1e-5 });
    const weights = tensor(Float32Array.from({ length: batch }, (__, at) => at + 1));
    const [gradient] = grad(losses.mul(weights).sum(), [logits]);
    expectClose(await gradient.data(), given.gradient.map(number), { absolute: 2e-5, relative: 1e-4 });
    expect(classes).toBeGreaterThan(given.blank);
  });

  test('without lengths, all frames and labels count', async () => {
    setDefaultDevice(device);
    const logits = tensor(normals(2 * 6 * 4, 3), [2, 6, 4]);
    const targets = integers([1, 2, 3, 3], [2, 2]);
    const lengths = { inputLengths: integers([6, 6]), targetLengths: integers([2, 2]) };
    expect(await ctcRows(logits, targets).data()).toEqual(await ctcRows(logits, targets, lengths).data());
  });

  test('no frames: certain for no labels, impossible for any', async () => {
    setDefaultDevice(device);
    const options = { inputLengths: integers([0, 0]), targetLengths: integers([0, 1]) };
    const logits = tensor(normals(2 * 3 * 2, 3), [2, 3, 2]);
    expect([...(await ctcRows(logits, integers([1, 1], [2, 1]), options).data())]).toEqual([
      0,
      Number.POSITIVE_INFINITY,
    ]);
    const empty = ctcRows(full([2, 0, 2], 0), integers([1, 1], [2, 1]), { targetLengths: integers([0, 1]) });
    expect([...(await empty.data())]).toEqual([0, Number.POSITIVE_INFINITY]);
    expect((await ctcRows(full([0, 3, 2], 0), full([0, 4], 0, 'i32')).data()).length).toBe(0);
  });

  test('padding may be anything, and has no gradient', async () => {
    setDefaultDevice(device);
    const values = normals(5 * 3, 4);
    const spoiled = values.map((value, at) => (at >= 9 ? Number.NaN : value));
    const options = { inputLengths: integers([3]), targetLengths: integers([1]) };
    const logits = tensor(spoiled, [1, 5, 3]);
    const loss = ctcRows(logits, integers([2, -7], [1, 2]), options);
    const expected = ctcRows(tensor(values, [1, 5, 3]), integers([2, 1], [1, 2]), options);
    expect(await loss.data()).toEqual(await expected.data());
    expect([...(await grad(loss.sum(), [logits])[0].data()).slice(9)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('NaN in a frame, an infinite logit, and a label known to the device alone that is no class', async () => {
    setDefaultDevice(device);
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const values = normals(2 * 4 * 3, 5);
      values[2] = odd;
      const logits = tensor(values, [2, 4, 3]);
      const losses = ctcRows(logits, integers([1, 1], [2, 1]));
      const [first, second] = await losses.data();
      expect([first, Number.isFinite(second)]).toEqual([Number.NaN, true]);
      const gradient = await grad(losses.sum(), [logits])[0].data();
      expect(gradient.slice(0, 12).every(Number.isNaN)).toBe(true);
      expect(gradient.slice(12).every(Number.isFinite)).toBe(true);
    }
    for (const label of [3, -1]) {
      const hidden = integers([label, 1], [2, 1]).add(integers([0]));
      const [first, second] = await ctcRows(tensor(normals(24, 6), [2, 4, 3]), hidden).data();
      expect([first, Number.isFinite(second)]).toEqual([Number.NaN, true]);
    }
  });

  test('a class of probability 0', async () => {
    setDefaultDevice(device);
    // Of two frames, the label must have the second one.
    const logits = tensor([0, Number.NEGATIVE_INFINITY, 0, 0], [1, 2, 2]);
    const loss = ctcRows(logits, integers([1], [1, 1]));
    expectClose(await loss.data(), [Math.log(2)], { absolute: 1e-6 });
    expectClose(await grad(loss.sum(), [logits])[0].data(), [0, 0, 0.5, -0.5], { absolute: 1e-6 });
  });

  test('a loss without a gradient of its own leaves the others theirs', async () => {
    setDefaultDevice(device);
    // The first sample has no alignment: its gradient is NaN unless its loss is left out.
    const logits = tensor(normals(2 * 2 * 3, 7), [2, 2, 3]);
    const losses = ctcRows(logits, integers([1, 1, 1, 2], [2, 2]));
    const gradient = await grad(losses.mul(tensor([0, 1])).sum(), [logits])[0].data();
    expect([...gradient.slice(0, 6)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(gradient.slice(6).every(Number.isFinite)).toBe(true);
  });
});

test('errors name what was given', () => {
  const logits = full([2, 4, 3], 0);
  const targets = integers([1, 2], [2, 1]);
  expect(() => ctcRows(full([4, 3], 0), targets)).toThrow(
    'ctcRows: logits must have rank 3 (batch, time, classes), got [4, 3]',
  );
  expect(() => ctcRows(logits, full([2, 1], 1))).toThrow('ctcRows: targets must be i32');
  expect(() => ctcRows(logits, integers([1, 2, 1], [3, 1]))).toThrow(
    'ctcRows: targets must have shape [2, 1], got [3, 1]',
  );
  expect(() => ctcRows(logits, integers([1, 3], [2, 1]))).toThrow(
    'ctcRows: label 3 at [1, 0] is out of range: expected 0 to 2 other than the blank 0',
  );
  expect(() => ctcRows(logits, integers([0, 1], [2, 1]))).toThrow('ctcRows: label 0 at [0, 0] is the blank');
  expect(() => ctcRows(logits, targets, { blank: 3 })).toThrow('ctcRows: blank 3 is out of range: expected 0 to 2');
  expect(() => ctcRows(logits, targets, { inputLengths: integers([5, 4]) })).toThrow('inputLengths 5 at position 0');
  expect(() => ctcRows(logits, targets, { targetLengths: integers([1, 2]) })).toThrow('targetLengths 2 at position 1');
  expect(() => ctcRows(logits, targets, { zeroInfinity: true } as object)).toThrow('there is no option');
});
