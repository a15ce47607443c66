import { afterAll, describe, expect, test } from 'vitest';
import {
  binaryCrossEntropy,
  cosineDistance,
  crossEntropy,
  ctc,
  huber,
  infoNCE,
  klDivergence,
  meanAbsoluteError,
  meanSquaredError,
} from '../../src/nn/index.js';
import { losses } from '../../src/nn/keras/losses.js';
import { grad, setDefaultDevice, type Tensor, tensor, zeros } from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { expectClose } from '../support/numbers.js';

afterAll(() => setDefaultDevice(undefined));

const rows = [
  [2, -1, 0.5],
  [0.1, 0.2, -3],
  [-2, 4, 1],
];
const logSoftmax = (row: readonly number[]) => {
  const total = Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
  return row.map((value) => value - total);
};
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const i32 = (...values: number[]) => tensor(Int32Array.from(values));

describe.each([
  ['the adapter', gpu],
  ['the reference device', reference],
])('on %s', (_, device) => {
  const check = async (loss: Tensor, wanted: number) => {
    setDefaultDevice(device);
    expectClose([await loss.item()], [wanted], { absolute: 1e-5, relative: 1e-5 });
  };

  test('connectionist temporal classification: the mean of the loss of a label', async () => {
    const logits = zeros([2, 3, 3]);
    const labels = tensor(Int32Array.of(1, 2, 2, 0), [2, 2]);
    const targetLengths = i32(2, 1);
    // Of 27 paths, 5 are (1, 2): 112, 122, 012, 102, 120; and 6 are (2): 222, 220, 022, 200, 020, 002.
    await check(ctc(logits, labels, { targetLengths }), (Math.log(27 / 5) / 2 + Math.log(27 / 6)) / 2);
    // Two frames hold no 2, 2.
    const impossible = tensor(Int32Array.of(1, 2, 2, 2), [2, 2]);
    const inputLengths = i32(3, 2);
    await check(ctc(logits, impossible, { inputLengths }), Number.POSITIVE_INFINITY);
    const x = logits.add(0);
    const loss = ctc(x, impossible, { inputLengths, zeroInfinity: true });
    await check(loss, Math.log(27 / 5) / 4);
    expect((await grad(loss, [x])[0].data()).slice(9).every((value) => value === 0)).toBe(true);
    expect(() => ctc(logits, labels)).toThrow('ctc: label 0 at [1, 1] is the blank');
    expect(() => ctc(zeros([0, 3, 3]), tensor(new Int32Array(0), [0, 2]))).toThrow('ctc: the batch is empty');
  });

  test('cross-entropy, smoothed, weighted, and with rows ignored', async () => {
    const logits = tensor(rows);
    const labels = [0, 2, 1];
    const own = labels.map((label, row) => -logSoftmax(rows[row])[label]);
    await check(crossEntropy(logits, i32(...labels)), mean(own));
    const smooth = own.map((loss, row) => 0.9 * loss - 0.1 * mean(logSoftmax(rows[row])));
    await check(crossEntropy(logits, i32(...labels), { labelSmoothing: 0.1 }), mean(smooth));
    const hot = tensor([
      [1, 0, 0],
      [0, 0, 1],
      [0, 1, 0],
    ]);
    await check(crossEntropy(logits, hot, { labelSmoothing: 0.1 }), mean(smooth));
    await check(crossEntropy(logits, i32(0, -100, 1), { ignoreIndex: -100 }), mean([own[0], own[2]]));
    const weights = [1, 2, 3];
    const weighted = (own[0] * 1 + own[1] * 3 + own[2] * 2) / 6;
    await check(crossEntropy(logits, i32(...labels), { classWeights: weights }), weighted);
    const both = (own[0] * 1 + own[2] * 2) / 3;
    await check(crossEntropy(logits, i32(0, 9, 1), { classWeights: weights, ignoreIndex: 9 }), both);
  });

  test('smoothing with class weights is that of PyTorch', async () => {
    const logits = tensor(rows);
    const [labels, weights] = [
      [0, 2, 1],
      [1, 2, 3],
    ];
    const sums = labels.map((label, row) => {
      const logs = logSoftmax(rows[row]);
      const spread = logs.reduce((sum, one, k) => sum + weights[k] * one, 0);
      return -(0.9 * weights[label] * logs[label] + (0.1 / 3) * spread);
    });
    const options = { labelSmoothing: 0.1, classWeights: weights };
    await check(crossEntropy(logits, i32(...labels), options), sums.reduce((sum, one) => sum + one) / 6);
    const ignored = crossEntropy(logits, i32(0, -100, 1), { ...options, ignoreIndex: -100 });
    await check(ignored, (sums[0] + sums[2]) / 3);
  });

  test('ignored rows have no effect, whatever they hold; only labels within range pass', async () => {
    setDefaultDevice(device);
    for (const bad of [Number.NEGATIVE_INFINITY, Number.NaN]) {
      const logits = tensor([
        [1, 2],
        [bad, 0],
      ]);
      const loss = crossEntropy(logits, i32(0, -1), { ignoreIndex: -1 });
      await check(loss, 1.31326);
      const [gradient] = grad(loss, [logits]);
      expectClose(await gradient.data(), [-0.731059, 0.731059, 0, 0]);
    }
    const logits = tensor([[1, 2]]);
    const none = crossEntropy(logits, i32(-1), { ignoreIndex: -1 });
    await check(none, 0);
    expect(Array.from(await grad(none, [logits])[0].data())).toEqual([0, 0]);
    expect(() => crossEntropy(tensor(rows), i32(99, -1, 0), { ignoreIndex: -1 })).toThrow('99');
  });

  test('an ignored row has no gradient', async () => {
    setDefaultDevice(device);
    const logits = tensor(rows);
    const [gradient] = grad(crossEntropy(logits, i32(0, -1, 1), { ignoreIndex: -1 }), [logits]);
    const values = await gradient.data();
    expect([...values.slice(3, 6)].map(Math.abs)).toEqual([0, 0, 0]);
    expect(values[0]).not.toBe(0);
  });

  test('an ignored row may hold anything, and all rows may be ignored', async () => {
    const logits = tensor([
      [1, 2],
      [Number.NEGATIVE_INFINITY, 0],
      [Number.NaN, 0],
    ]);
    const some = crossEntropy(logits, i32(0, -100, -100), { ignoreIndex: -100 });
    await check(some, Math.log(1 + Math.E));
    const slope = 1 / (1 + Math.E);
    expectClose(await grad(some, [logits])[0].data(), [slope - 1, 1 - slope, 0, 0, 0, 0], { absolute: 1e-6 });
    const none = crossEntropy(logits, i32(7, 7, 7), { ignoreIndex: 7 });
    await check(none, 0);
    expect([...(await grad(none, [logits])[0].data())]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('a label out of range is an error, and on the device NaN', async () => {
    setDefaultDevice(device);
    const logits = tensor(rows.slice(0, 2));
    expect(() => crossEntropy(logits, i32(99, -1), { ignoreIndex: -1 })).toThrow('label 99 at position 0');
    for (const label of [99, -2, 3]) {
      const computed = i32(label - 1, 0).add(1);
      const loss = crossEntropy(logits, computed, { ignoreIndex: -1 });
      expect(await loss.item()).toBeNaN();
      const slopes = await grad(loss, [logits])[0].data();
      expect([...slopes].map(Number.isNaN)).toEqual([true, true, true, false, false, false]);
      const sparse = losses.sparseCategoricalCrossentropy(logits.softmax(), computed);
      expect([...(await sparse.data())].map(Number.isNaN)).toEqual([true, false]);
    }
    expect(() => losses.sparseCategoricalCrossentropy(logits.softmax(), i32(0, 3))).toThrow('label 3 at position 1');
  });

  test('large logits have exact gradients', async () => {
    setDefaultDevice(device);
    for (const large of [1e5, 1e8, 1e30]) {
      const logits = tensor([[large, large]]);
      const slopes = await grad(crossEntropy(logits, i32(0)), [logits])[0].data();
      expectClose(slopes, [-0.5, 0.5], { absolute: 1e-6 });
    }
  });

  test('a logit of 0 has a slope, and NaN stays NaN', async () => {
    setDefaultDevice(device);
    const logits = tensor([0, 0]);
    const [slopes] = grad(binaryCrossEntropy(logits, tensor([0, 1])), [logits]);
    expectClose(await slopes.data(), [0.25, -0.25]);
    const spoiled = tensor([
      [Number.NaN, 0.5],
      [0.5, 0.5],
    ]);
    const targets = tensor([
      [1, 0],
      [0, 1],
    ]);
    const losses = { binaryCrossEntropy, cosineDistance, crossEntropy, huber, infoNCE, klDivergence };
    for (const [name, loss] of Object.entries({ ...losses, meanAbsoluteError, meanSquaredError }))
      expect(await loss(spoiled, targets).item(), name).toBeNaN();
  });

  test('the other losses follow their formulas', async () => {
    const [x, t] = [
      [3, -1, 0.2, 8],
      [1, 0, 0.5, 1],
    ];
    const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
    const binary = x.map((value, at) => -t[at] * Math.log(sigmoid(value)) - (1 - t[at]) * Math.log(sigmoid(-value)));
    await check(binaryCrossEntropy(tensor(x), tensor(t)), mean(binary));
    await check(binaryCrossEntropy(tensor([200, -200]), tensor([0, 1])), 200);
    const distance = x.map((value, at) => value - t[at]);
    await check(meanSquaredError(tensor(x), tensor(t)), mean(distance.map((d) => d * d)));
    await check(meanAbsoluteError(tensor(x), tensor(t)), mean(distance.map(Math.abs)));
    const bent = distance.map((d) => (Math.abs(d) <= 2 ? (d * d) / 2 : 2 * (Math.abs(d) - 1)));
    await check(huber(tensor(x), tensor(t), { delta: 2 }), mean(bent));
    const p = [
      [0.2, 0.3, 0.5],
      [0, 1, 0],
      [0.1, 0.1, 0.8],
    ];
    const kl = p.map((row, at) =>
      row.reduce((sum, one, c) => sum + (one === 0 ? 0 : one * (Math.log(one) - logSoftmax(rows[at])[c])), 0),
    );
    await check(klDivergence(tensor(rows), tensor(p)), mean(kl));
    await check(
      cosineDistance(
        tensor([
          [1, 0],
          [3, 4],
        ]),
        tensor([
          [0, 5],
          [6, 8],
        ]),
      ),
      0.5,
    );
  });

  test('InfoNCE is minimal for matching pairs', async () => {
    const a = tensor([
      [1, 0],
      [0, 2],
    ]);
    const right = -logSoftmax([1 / 0.5, 0])[0];
    await check(infoNCE(a, a, { temperature: 0.5 }), right);
    await check(infoNCE(a, a.flip(0), { temperature: 0.5 }), right + 2);
  });
});

test('invalid arguments are errors', () => {
  const logits = zeros([2, 3]);
  expect(() => crossEntropy(logits, zeros([2, 4]))).toThrow('labels must be i32 [2] or f32 [2, 3], got f32 [2, 4]');
  expect(() => infoNCE(zeros([1, 4]), zeros([1, 4]))).toThrow('infoNCE: expected at least two pairs');
  expect(() => crossEntropy(logits, i32(0, 3))).toThrow('label 3 at position 1 is out of range');
  expect(() => crossEntropy(logits, i32(0, 1), { labelSmoothing: 1 })).toThrow('within [0, 1), got 1');
  expect(() => crossEntropy(logits, i32(0, 1), { classWeights: [1] })).toThrow(
    'expected 3 classWeights, one for each class, got 1',
  );
  expect(() => crossEntropy(logits, logits, { ignoreIndex: 0 })).toThrow('need labels of i32');
  expect(() => meanSquaredError(logits, zeros([3, 2]))).toThrow(
    'meanSquaredError: targets must be f32 [2, 3], got f32 [3, 2]',
  );
  expect(() => huber(zeros([0]), zeros([0]))).toThrow('the batch is empty');
});
