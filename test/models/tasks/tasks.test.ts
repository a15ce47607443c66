import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ClassificationTask,
  type HeadOptions,
  OrdinalTask,
  RegressionTask,
  TagsTask,
  type Task,
} from '../../../src/models/index.js';
import { binaryCrossEntropy, crossEntropy, huber, meanSquaredError } from '../../../src/nn/index.js';
import { setDefaultDevice, type Tensor, tensor, zeros } from '../../../src/tensor/index.js';
import { gpu, reference } from '../../support/devices.js';
import { expectClose, integers, normals } from '../../support/numbers.js';
import { expectGradients, trained } from '../../support/training.js';

beforeAll(() => setDefaultDevice(reference));
afterAll(() => setDefaultDevice(undefined));

const ROWS = 8;
const fused = tensor(normals(ROWS * 6, 1), [ROWS, 6]);
const labels = integers(ROWS, 4, 2);
const numbers = normals(ROWS, 3);

interface Case {
  readonly make: (options: Omit<HeadOptions, 'inputs'>) => Task;
  readonly outputs: number;
  readonly target: Tensor;
}

const cases: Readonly<Record<string, Case>> = {
  ClassificationTask: {
    make: (options) => new ClassificationTask({ inputs: 6, classes: 4, ...options }),
    outputs: 4,
    target: tensor(labels),
  },
  TagsTask: {
    make: (options) => new TagsTask({ inputs: 6, tags: 3, ...options }),
    outputs: 3,
    target: tensor(Float32Array.from(integers(ROWS * 3, 2, 4)), [ROWS, 3]),
  },
  OrdinalTask: {
    make: (options) => new OrdinalTask({ inputs: 6, classes: 4, ...options }),
    outputs: 3,
    target: tensor(labels),
  },
  RegressionTask: {
    make: (options) => new RegressionTask({ inputs: 6, ...options }),
    outputs: 1,
    target: tensor(numbers, [ROWS, 1]),
  },
};

describe.each(Object.entries(cases))('%s', (name, { make, outputs, target }) => {
  test('gives outputs and a scalar loss', () => {
    const task = make({});
    const y = task.forward(fused);
    expect(y.shape).toEqual([ROWS, outputs]);
    expect(task.loss(y, target).shape).toEqual([]);
  });

  test('rows of weight 0 do not count', async () => {
    const task = make({ seed: 1 });
    const y = task.forward(fused);
    const first = (x: Tensor) => x.slice([0], [3]);
    const expected = task.loss(first(y), first(target));
    expectClose([await task.loss(y, target, tensor([2, 2, 2, 0, 0, 0, 0, 0])).item()], [await expected.item()]);
    expect(await task.loss(y, target, zeros([ROWS])).item()).toBe(0);
  });

  test('gradients reach every parameter, of a hidden layer too', async () => {
    const task = make({ seed: 1, hidden: 16 });
    expect([...task.namedParameters().keys()]).toContain('head.hidden.kernel');
    await expectGradients(task, task.loss(task.forward(fused), target));
  });

  test('learns 8 rows', async () => {
    const task = make({ seed: 1, hidden: 16 });
    const [first, last] = await trained(task, () => task.loss(task.forward(fused), target));
    expect(last).toBeLessThan(0.3 * first);
  });

  test('a seed gives the same outputs again, dropout included', async () => {
    const [a, b, c] = [1, 1, 2].map((seed) => make({ seed, dropout: 0.5 }).forward(fused));
    expectClose(await a.data(), await b.data());
    expect(await a.data()).not.toEqual(await c.data());
  });

  test('wrong options and shapes are errors under its name', () => {
    expect(() => make({ size: 3 } as never)).toThrow(`${name}: there is no option 'size'`);
    const task = make({});
    const y = task.forward(fused);
    expect(() => task.forward(zeros([ROWS, 7]))).toThrow(
      `${name}: expected the fused vector of f32 [batch, 6], got f32 [8, 7]`,
    );
    expect(() => task.loss(zeros([ROWS, 9]), target)).toThrow(`${name}: expected outputs of f32 [batch, ${outputs}]`);
    expect(() => task.predict(zeros([ROWS, 9]))).toThrow(`${name}: expected outputs of f32 [batch, ${outputs}]`);
    if (target.dtype === 'i32')
      expect(() => task.loss(y, tensor(new Int32Array(ROWS).fill(9)))).toThrow(`${name}: target 9 at position 0`);
    expect(() => task.loss(y, zeros([ROWS, 9]))).toThrow(`${name}: expected target of ${target.dtype} [8`);
    expect(() => task.loss(y, target, zeros([3]))).toThrow(`${name}: expected weights of f32 [8], got f32 [3]`);
  });
});

test('the adapter gives what the reference device gives', async () => {
  const { make, target } = cases.ClassificationTask;
  const compute = () => {
    const task = make({ seed: 1, hidden: 8 });
    return task.loss(task.forward(fused), target).item();
  };
  const expected = await compute();
  setDefaultDevice(gpu);
  const actual = await compute();
  setDefaultDevice(reference);
  expectClose([actual], [expected], { absolute: 1e-4, relative: 1e-4 });
});

describe('classification', () => {
  const y = tensor(normals(ROWS * 4, 4), [ROWS, 4]);

  test('is the cross-entropy; predictions are its probabilities', async () => {
    const task = new ClassificationTask({ inputs: 6, classes: 4 });
    expectClose([await task.loss(y, tensor(labels)).item()], [await crossEntropy(y, tensor(labels)).item()]);
    expectClose(await task.predict(y).data(), await y.softmax().data());
  });

  test('smooths labels as the cross-entropy does', async () => {
    const task = new ClassificationTask({ inputs: 6, classes: 4, labelSmoothing: 0.1 });
    const expected = crossEntropy(y, tensor(labels), { labelSmoothing: 0.1 });
    expectClose([await task.loss(y, tensor(labels)).item()], [await expected.item()]);
  });

  test('weighs rows by class and by row', async () => {
    const classWeights = [1, 2, 0.5, 3];
    const rowWeights = [1, 0, 2, 1, 1, 0.5, 1, 1];
    const task = new ClassificationTask({ inputs: 6, classes: 4, classWeights, labelSmoothing: 0.2 });
    const logits = (await y.toArray()) as number[][];
    const logP = logits.map((row) => {
      const total = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
      return row.map((x) => x - total);
    });
    let [sum, total] = [0, 0];
    for (const [row, label] of labels.entries()) {
      const v = rowWeights[row] * classWeights[label];
      sum -= v * (0.8 * logP[row][label] + (0.2 / 4) * logP[row].reduce((a, b) => a + b));
      total += v;
    }
    expectClose([await task.loss(y, tensor(labels), tensor(rowWeights)).item()], [sum / total]);
  });

  test('other than one weight for each class is an error', () => {
    expect(() => new ClassificationTask({ inputs: 6, classes: 4, classWeights: [1, 2] })).toThrow(
      'ClassificationTask: expected 4 classWeights, one for each class, got 2',
    );
  });
});

describe('regression', () => {
  const [y, target] = [tensor(normals(ROWS, 5), [ROWS, 1]), tensor(normals(ROWS, 6), [ROWS, 1])];

  test('is the Huber loss or the squared error of standardized numbers', async () => {
    const robust = new RegressionTask({ inputs: 6, delta: 0.5 });
    expectClose([await robust.loss(y, target).item()], [await huber(y, target, { delta: 0.5 }).item()]);
    const squared = new RegressionTask({ inputs: 6, loss: 'mse' });
    expectClose([await squared.loss(y, target).item()], [await meanSquaredError(y, target).item()]);
  });

  test('predicts in the unit of the target', async () => {
    const task = new RegressionTask({ inputs: 6, mean: 100, deviation: 20 });
    expectClose(await task.predict(tensor([[0], [1], [-0.5]])).data(), [100, 120, 90]);
  });

  test('a deviation of 0 is an error', () => {
    expect(() => new RegressionTask({ inputs: 6, deviation: 0 })).toThrow(
      'RegressionTask: deviation must be a finite number above 0, got 0',
    );
  });
});

test('several tags: the binary cross-entropy, and the probability of each', async () => {
  const task = new TagsTask({ inputs: 6, tags: 3 });
  const [y, target] = [tensor(normals(ROWS * 3, 5), [ROWS, 3]), cases.TagsTask.target];
  expectClose([await task.loss(y, target).item()], [await binaryCrossEntropy(y, target).item()]);
  expectClose(await task.predict(y).data(), await y.sigmoid().data());
});

describe('ordinal regression', () => {
  const task = new OrdinalTask({ inputs: 6, classes: 4, seed: 1 });

  test('thresholds are ordered around 0, whatever the gaps are', async () => {
    const other = new OrdinalTask({ inputs: 6, classes: 4, seed: 1 });
    other.gaps.set(Float32Array.of(-3, 2));
    for (const [one, gaps] of [
      [task, [1, 1]],
      [other, [Math.log1p(Math.exp(-3)), Math.log1p(Math.exp(2))]],
    ] as const) {
      const [first] = (await one.forward(fused).toArray()) as number[][];
      const score = (first[0] + first[1] + first[2]) / 3;
      const scores = (await one.head.forward(fused).toArray()) as number[][];
      expectClose([score, first[0] - first[1], first[1] - first[2]], [scores[0][0], ...gaps]);
    }
  });

  test('is the cross-entropy of differences of cumulative probabilities', async () => {
    const y = task.forward(fused);
    const rows = (await y.toArray()) as number[][];
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const p = rows.map((l) =>
      [0, 1, 2, 3].map((k) => (k === 0 ? 1 : sigmoid(l[k - 1])) - (k === 3 ? 0 : sigmoid(l[k]))),
    );
    expectClose(await task.predict(y).data(), p.flat());
    const expected = p.reduce((sum, row, at) => sum - Math.log(row[labels[at]]), 0) / ROWS;
    expectClose([await task.loss(y, tensor(labels)).item()], [expected]);
  });

  test('stays finite for large scores, on the adapter too', async () => {
    for (const device of [reference, gpu]) {
      setDefaultDevice(device);
      const y = tensor([
        [200, 199, 198],
        [-198, -199, -200],
        [1e4, 1e4, 1e4],
      ]);
      expectClose(await task.predict(y.slice([0], [2])).data(), [0, 0, 0, 1, 1, 0, 0, 0]);
      const loss = await task.loss(y, tensor(Int32Array.of(0, 3, 1))).item();
      expect(Number.isFinite(loss)).toBe(true);
    }
    setDefaultDevice(reference);
  });

  test('fewer than 3 classes are an error', () => {
    expect(() => new OrdinalTask({ inputs: 6, classes: 2 })).toThrow(
      'OrdinalTask: classes must be an integer of 3 or above, got 2',
    );
  });
});
