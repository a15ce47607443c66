import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { areaUnderCurve, ConfusionMatrix, losses, type Metric, metrics, optimizers } from '../../../src/nn/index.js';
import { takesClasses } from '../../../src/nn/keras/losses.js';
import { oneHot, setDefaultDevice, type Tensor, tensor, Variable } from '../../../src/tensor/index.js';
import { gpu, reference } from '../../support/devices.js';
import { expectClose, integers, normals } from '../../support/numbers.js';

const [rows, classes] = [7, 4];
const scores = normals(rows * classes, 1);
const labels = integers(rows, classes, 2);
const hot = Float32Array.from({ length: rows * classes }, (_, index) =>
  Number(labels[Math.floor(index / classes)] === index % classes),
);
const x = tensor(scores, [rows, classes]);
const p = x.softmax();
const t = tensor(hot, [rows, classes]);
const [theirX, theirT] = [tf.tensor(scores, [rows, classes]), tf.tensor(hot, [rows, classes])];
const theirP = tf.softmax(theirX);

test.each([
  ['categoricalCrossentropy', p, theirP, 'categoricalCrossentropy'],
  ['categoricalCrossentropyFromLogits', x, theirP, 'categoricalCrossentropy'],
  ['binaryCrossentropy', p, theirP, 'binaryCrossentropy'],
  ['meanSquaredError', x, theirX, 'meanSquaredError'],
  ['meanAbsoluteError', x, theirX, 'meanAbsoluteError'],
  ['cosineSimilarity', x, theirX, 'cosineProximity'],
] as const)('the loss %s is that of TF.js', async (name, ours, theirs, peer) => {
  await tf.setBackend('cpu');
  const found = losses[name](ours, t);
  expect(found.shape).toEqual([rows]);
  const layer = tfl.metrics[peer](theirT, theirs);
  const expected = (await tf.mean(layer).data())[0];
  expect(await found.mean().item()).toBeCloseTo(expected, 5);
});

test('losses follow their formulas', async () => {
  const byHand = async (name: keyof typeof losses, formula: (x: number, t: number) => number) =>
    expectClose(await losses[name](tensor([[0.2], [1.7], [3]]), tensor([[1], [2], [0.5]])).data(), [
      formula(0.2, 1),
      formula(1.7, 2),
      formula(3, 0.5),
    ]);
  await byHand('huber', (a, b) => (Math.abs(a - b) <= 1 ? (a - b) ** 2 / 2 : Math.abs(a - b) - 0.5));
  await byHand('poisson', (a, b) => a - b * Math.log(a));
  await byHand('hinge', (a, b) => Math.max(1 - a * b, 0));
  const q = tensor([[0.2, 0.8]]);
  expectClose(await losses.klDivergence(q, tensor([[0.5, 0.5]])).data(), [
    0.5 * Math.log(0.5 / 0.2) + 0.5 * Math.log(0.5 / 0.8),
  ]);
  const sparse = [
    losses.sparseCategoricalCrossentropy(p, tensor(labels)),
    losses.sparseCategoricalCrossentropyFromLogits(x, tensor(labels)),
  ];
  for (const one of sparse) expectClose(await one.data(), await losses.categoricalCrossentropy(p, t).data());
});

/** A metric of rows that come in two batches. */
async function inBatches(metric: Metric, output: Tensor, targets: Tensor): Promise<number> {
  const split = 3;
  const parts = [
    [output.slice([0], [split]), targets.slice([0], [split])],
    [output.slice([split], [rows]), targets.slice([split], [rows])],
  ] as const;
  const sums: number[][] = [];
  for (const [a, b] of parts) sums.push(Array.from(await metric.sums(a, b).data(), Number));
  return metric.value(
    sums[0].map((value, index) => value + sums[1][index]),
    rows,
  );
}

test.each([
  ['one-hot', t],
  ['of i32', tensor(labels)],
] as const)('metrics over batches are those of all rows: targets %s', async (_, targets) => {
  const values = await p.data();
  const matrix = new ConfusionMatrix({ classes });
  matrix.add(await p.argmax(-1).data(), labels);
  expect(await inBatches(metrics.accuracy, p, targets)).toBeCloseTo(matrix.accuracy, 6);
  expect(await inBatches(metrics.f1Score, p, targets)).toBeCloseTo(matrix.f1.reduce((a, b) => a + b) / classes, 6);
  const count = (given: (value: number, target: number) => boolean) =>
    Array.from(values).filter((value, index) => given(value, hot[index])).length;
  const both = count((value, target) => value > 0.5 && target === 1);
  expect(await inBatches(metrics.precision, p, targets)).toBeCloseTo(both / count((value) => value > 0.5), 6);
  expect(await inBatches(metrics.recall, p, targets)).toBeCloseTo(both / rows, 6);
  expect(await inBatches(metrics.auc, p, targets)).toBeCloseTo(areaUnderCurve(values, hot), 2);
});

test('binary, ranking and regression metrics', async () => {
  const [said, is] = [
    tensor([[0.7], [0.2], [0.6], [0.4], [0.9], [0.1], [0.3]]),
    tensor([[1], [0], [0], [1], [1], [0], [0]]),
  ];
  expect(await inBatches(metrics.accuracy, said, is)).toBeCloseTo(5 / 7, 6);
  expect(await inBatches(metrics.binaryAccuracy, said, is)).toBeCloseTo(5 / 7, 6);
  expect(await inBatches(metrics.meanSquaredError, x, t)).toBeCloseTo(
    await losses.meanSquaredError(x, t).mean().item(),
    5,
  );
  expect(await inBatches(metrics.cosineSimilarity, x, t)).toBeCloseTo(
    -(await losses.cosineSimilarity(x, t).mean().item()),
    5,
  );
  const many = tensor(normals(rows * 9, 5), [rows, 9]);
  const ranks = await many.argsort(-1, { descending: true }).data();
  const targets = integers(rows, 9, 6);
  const among = Array.from(targets).filter((label, row) => ranks.subarray(9 * row, 9 * row + 5).includes(label));
  expect(await inBatches(metrics.topKCategoricalAccuracy, many, tensor(targets))).toBeCloseTo(among.length / rows, 6);
  const none = tensor(new Float32Array(rows), [rows, 1]);
  expect(await inBatches(metrics.precision, none, none)).toBe(0);
  expect(await inBatches(metrics.auc, none, none)).toBe(0);
});

test.each([
  ['gpu', gpu],
  ['reference', reference],
])('outputs of NaN are never correct, and losses of them are NaN, on the %s', async (_, device) => {
  setDefaultDevice(device);
  const column = [tensor([[Number.NaN], [Number.NaN], [0.9]]), tensor([[0], [1], [1]])] as const;
  const wide = [tensor(new Float32Array(6).fill(Number.NaN), [3, 2]), tensor(Int32Array.of(0, 1, 0))] as const;
  const value = async ({ sums, value }: Metric, given: readonly [Tensor, Tensor]) =>
    value(Array.from(await sums(...given).data(), Number), 3);
  for (const metric of [metrics.accuracy, metrics.binaryAccuracy])
    expect(await value(metric, column)).toBeCloseTo(1 / 3, 6);
  expect(await value(metrics.precision, column)).toBe(1);
  expect([await value(metrics.recall, column), await value(metrics.f1Score, column)]).toEqual([
    0.5,
    expect.closeTo(2 / 3, 6),
  ]);
  for (const metric of [metrics.accuracy, metrics.f1Score, metrics.topKCategoricalAccuracy])
    expect(await value(metric, wide)).toBe(0);
  for (const metric of [metrics.auc, metrics.meanSquaredError, metrics.meanAbsoluteError, metrics.cosineSimilarity])
    expect(await value(metric, column)).toBeNaN();
  const output = tensor([
    [Number.NaN, 0.5],
    [0.5, 0.5],
  ]);
  for (const [name, loss] of Object.entries(losses)) {
    const targets = takesClasses(name) ? tensor(Int32Array.of(0, 1)) : oneHot(tensor(Int32Array.of(0, 1)), 2);
    expect(Array.from(await loss(output, targets).data(), Number.isNaN), name).toEqual([true, false]);
  }
  setDefaultDevice(undefined);
});

test('every optimizer has its name', () => {
  const w = new Variable(Float32Array.of(1), [1], 'w');
  expect(Object.values(optimizers).map((make) => make([w]).constructor.name)).toEqual([
    ...['Adam', 'AdamW', 'SGD', 'RMSprop', 'Adagrad'],
  ]);
});
