import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ctcGreedy, TranscriptionTask } from '../../../src/models/index.js';
import { ctc } from '../../../src/nn/index.js';
import { setDefaultDevice, tensor, zeros } from '../../../src/tensor/index.js';
import { gpu, reference } from '../../support/devices.js';
import { expectClose, normals } from '../../support/numbers.js';
import { expectGradients, trained } from '../../support/training.js';

afterAll(() => setDefaultDevice(undefined));

const [ROWS, TIME] = [4, 7];
const fused = tensor(normals(ROWS * TIME * 6, 1), [ROWS, TIME, 6]);
const target = tensor(Int32Array.of(1, 2, 3, 3, 3, 0, 2, 0, 0, 1, 3, 1), [ROWS, 3]);
const lengths = tensor(Int32Array.of(3, 2, 1, 3));
const make = (options = {}) => new TranscriptionTask({ inputs: 6, symbols: 3, seed: 1, ...options });

describe.each([
  ['the adapter', gpu],
  ['the reference device', reference],
])('on %s', (_, device) => {
  beforeAll(() => setDefaultDevice(device));

  test('gives a distribution over symbols and the blank for each frame', async () => {
    const task = make({ hidden: 5 });
    const y = task.forward(fused);
    expect(y.shape).toEqual([ROWS, TIME, 4]);
    const sums = await task.predict(y).exp().sum(-1).data();
    expectClose(sums, new Float32Array(ROWS * TIME).fill(1), { absolute: 1e-5 });
  });

  test('the loss is that of connectionist temporal classification, for each label', async () => {
    const task = make();
    const y = task.forward(fused);
    const expected = await ctc(y, target, { targetLengths: lengths }).item();
    expectClose([await task.loss(y, target).item()], [expected], { relative: 1e-5 });
    // Rows of weight 0 do not count.
    const first = task.loss(y.slice([0], [1]), target.slice([0], [1]));
    expectClose([await task.loss(y, target, tensor([2, 0, 0, 0])).item()], [await first.item()], { relative: 1e-5 });
    expect(await task.loss(y, target, zeros([ROWS])).item()).toBe(0);
  });

  test('a row with more labels than frames counts nothing', async () => {
    const task = make();
    const y = task.forward(fused).slice([0, 0, 0], [2, 3, 4]);
    // Three frames hold 1, 2, 3; but 3, 3, 3 needs five.
    const labels = tensor(Int32Array.of(1, 2, 3, 3, 3, 3), [2, 3]);
    const first = await task.loss(y.slice([0], [1]), labels.slice([0], [1])).item();
    expectClose([await task.loss(y, labels).item()], [first / 2], { relative: 1e-5 });
  });

  test('gradients reach every parameter', async () => {
    const task = make({ hidden: 16 });
    await expectGradients(task, task.loss(task.forward(fused), target));
  });
});

test('learns what 4 rows say, and when', async () => {
  setDefaultDevice(gpu);
  const task = make({ hidden: 32 });
  const [first, last] = await trained(task, () => task.loss(task.forward(fused), target), 60);
  expect(last).toBeLessThan(0.2 * first);
  const predicted = await task.predict(task.forward(fused)).data();
  const said = Array.from({ length: ROWS }, (_, row) => {
    const own = predicted.subarray(row * TIME * 4, (row + 1) * TIME * 4);
    return ctcGreedy(own as Float32Array, { classes: 4 }).labels;
  });
  expect(said).toEqual([[1, 2, 3], [3, 3], [2], [1, 3, 1]]);
});

test('wrong options and shapes are errors under its name', () => {
  expect(() => make({ classes: 3 })).toThrow("TranscriptionTask: there is no option 'classes'");
  const task = make();
  const y = task.forward(fused);
  expect(() => task.forward(zeros([ROWS, 6]))).toThrow(
    'TranscriptionTask: expected the fused vectors of f32 [batch, time, 6], got f32 [4, 6]',
  );
  expect(() => task.loss(y, tensor(new Int32Array(ROWS)))).toThrow(
    'TranscriptionTask: expected target of i32 [4, labels]',
  );
  expect(() => task.loss(y, tensor(new Int32Array(ROWS).fill(4), [ROWS, 1]))).toThrow('target 4 at position 0');
  expect(() => task.predict(zeros([ROWS, TIME, 3]))).toThrow('expected outputs of f32 [batch, time, 4]');
});
