import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  arange,
  concat,
  evaluate,
  full,
  oneHot,
  ones,
  onesLike,
  split,
  stack,
  type Tensor,
  tensor,
  Variable,
  variable,
  zeros,
  zerosLike,
} from '../../src/tensor/index.js';

describe('printing', () => {
  test('shows dtype, shape and what the host knows', async () => {
    const x = tensor([
      [1, 2.5],
      [3, 1 / 3],
    ]);
    expect(inspect(x)).toBe('Tensor f32 [2, 2] [[1, 2.5], [3, 0.3333]]');
    const y = x.add(1);
    expect(`${y}`).toBe('Tensor f32 [2, 2] (not evaluated)');
    await y.data();
    expect(`${y}`).toBe('Tensor f32 [2, 2] [[2, 3.5], [4, 1.333]]');
    expect(`${tensor(new Float32Array(0), [0, 3])}`).toBe('Tensor f32 [0, 3] []');
    expect(`${tensor(7)}`).toBe('Tensor f32 [] 7');
    expect(`${tensor([true, false])}`).toBe('Tensor bool [2] [true, false]');
    const z = x.mul(2);
    await evaluate(z);
    expect(`${z}`).toBe('Tensor f32 [2, 2] (on the device)');
  });

  test('shows the name of a variable, and its value until it is on a device', async () => {
    const w = variable([1, 2], { name: 'w' });
    expect(inspect(w)).toBe("Variable 'w' f32 [2] [1, 2]");
    w.set(Float32Array.of(3, 4));
    expect(inspect(w)).toBe("Variable 'w' f32 [2] [3, 4]");
    await evaluate(w.assign(w.add(1)));
    expect(inspect(w)).toBe("Variable 'w' f32 [2] (on the device)");
    await w.data();
    expect(inspect(w)).toBe("Variable 'w' f32 [2] [4, 5]");
  });

  test('shortens long axes', () => {
    expect(`${tensor(Array.from({ length: 2000 }, (_, index) => index))}`).toBe(
      'Tensor f32 [2000] [0, 1, 2, ..., 1997, 1998, 1999]',
    );
  });

  test('breaks what is longer than a line', () => {
    const numbers = Array.from({ length: 3000 }, (_, index) => index);
    expect(`${tensor(numbers, [30, 100])}`).toBe(
      [
        'Tensor f32 [30, 100]',
        '[[0, 1, 2, ..., 97, 98, 99],',
        ' [100, 101, 102, ..., 197, 198, 199],',
        ' [200, 201, 202, ..., 297, 298, 299],',
        ' ...,',
        ' [2700, 2701, 2702, ..., 2797, 2798, 2799],',
        ' [2800, 2801, 2802, ..., 2897, 2898, 2899],',
        ' [2900, 2901, 2902, ..., 2997, 2998, 2999]]',
      ].join('\n'),
    );
    const lines = `${tensor(numbers.slice(0, 30))}`.split('\n');
    expect(lines).toEqual([
      'Tensor f32 [30]',
      '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,',
      ' 21, 22, 23, 24, 25, 26, 27, 28, 29]',
    ]);
  });
});

test.each([
  ['f32', Float32Array],
  ['i32', Int32Array],
  ['u32', Uint32Array],
  ['bool', Uint8Array],
] as const)('data of %s is the array that is documented', async (dtype, array) => {
  expect(await full([2], 1, dtype).data()).toEqual(array.of(1, 1));
});

test('toArray gives nested arrays', async () => {
  expect(
    await tensor([
      [1, 2],
      [3, 4],
    ]).toArray(),
  ).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(await tensor(5).toArray()).toBe(5);
  expect(await zeros([2, 0]).toArray()).toEqual([[], []]);
});

describe('creating', () => {
  test('bytes are numbers, and bool is asked for', async () => {
    for (const bytes of [Uint8Array.of(0, 7, 255), Uint8ClampedArray.of(0, 7, 255), Int16Array.of(0, 7, 255)]) {
      const x = tensor(bytes as never);
      expect(x.dtype).toBe('f32');
      expect(await x.toArray()).toEqual([0, 7, 255]);
    }
    expect(await tensor(Uint8Array.of(0, 7), [2], 'bool').toArray()).toEqual([0, 1]);
  });

  test.each([
    ['tensor: expected numbers, booleans, nested lists of them or a typed array, got undefined', undefined],
    ["got 'a'", 'a'],
    ['got a list with undefined', [1, undefined]],
    ['got BigInt64Array', BigInt64Array.of(1n)],
  ])('refuses what is no number: %s', (message, value) => {
    expect(() => tensor(value as never)).toThrow(message);
  });

  test('refuses an unknown dtype and a wrong shape', () => {
    expect(() => tensor([1], [1], 'f64' as never)).toThrow(
      "tensor: expected a dtype of f32, f16, i32, u32, bool, got 'f64'",
    );
    expect(() => tensor([1], [-1])).toThrow("a shape's sizes are non-negative integers, got [-1]");
    expect(() => zeros('3' as never)).toThrow("expected a shape such as [2, 3], got '3'");
  });

  test('variable, zerosLike and onesLike', async () => {
    const w = variable(
      [
        [1, 2],
        [3, 4],
      ],
      { name: 'w' },
    );
    expect(w).toBeInstanceOf(Variable);
    expect([w.name, w.shape]).toEqual(['w', [2, 2]]);
    expect(await zerosLike(w).toArray()).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(onesLike(tensor(Int32Array.of(1))).dtype).toBe('i32');
  });
});

test('errors of a variable have its name', () => {
  expect(() => new Variable(Float32Array.of(1), [2], 'w')).toThrow("Variable 'w': shape [2] needs 2 values, got 1");
  expect(() => variable([1]).set(Float32Array.of(1, 2))).toThrow("set: 'variable': shape [1] needs 1 values, got 2");
});

test('integers take no fractions and nothing beyond their range', () => {
  const x = tensor(Int32Array.of(0, 1));
  expect(() => x.equal(0.5)).toThrow(
    'equal: 0.5 is not a value of i32: expected an integer from -2147483648 to 2147483647',
  );
  expect(() => x.mul(0.5)).toThrow('multiply: 0.5 is not a value of i32');
  expect(() => x.add(1e10)).toThrow('add: 10000000000 is not a value of i32');
  expect(() => x.clip(0.5, 1)).toThrow('clip: 0.5 is not a value of i32');
  expect(() => full([2], 2.7, 'i32')).toThrow('full: 2.7 is not a value of i32');
  expect(() => full([2], -1, 'u32')).toThrow('full: -1 is not a value of u32');
  expect(() => tensor([1.5], [1], 'i32')).toThrow('tensor: 1.5 is not a value of i32');
  expect(() => tensor([true]).where(x.slice([0], [1]), Number.NaN)).toThrow('where: NaN is not a value of i32');
  expect(() => tensor([1, 0]).where(x, x)).toThrow('where: condition must be bool, got f32 [2]');
  expect(() => full([1], 'a' as never)).toThrow("full: expected a number, got 'a'");
});

describe('axes', () => {
  const x = tensor([
    [1, 5, 2],
    [4, 0, 3],
  ]);
  const alike = async (a: Tensor, b: Tensor) => {
    const [found, wanted] = [await a.data(), await b.data()];
    expect(a.shape).toEqual(b.shape);
    expect(Array.from(found)).toEqual(Array.from(wanted));
  };

  test('softmax and logSoftmax along any', async () => {
    await alike(x.softmax(0), x.transpose().softmax().transpose());
    await alike(x.logSoftmax(0), x.transpose().logSoftmax().transpose());
    expect(() => x.softmax(2)).toThrow('softmax: axis 2 is out of range');
  });

  test('topK, argmax and argmin along any, with keepDims', async () => {
    const { values, indices } = x.topK(1, 0);
    expect(await values.toArray()).toEqual([[4, 5, 3]]);
    expect(await indices.toArray()).toEqual([[1, 0, 1]]);
    expect(await x.argmax(1, { keepDims: true }).toArray()).toEqual([[1], [0]]);
    expect(await x.argmin(0, { keepDims: true }).toArray()).toEqual([[0, 1, 0]]);
  });

  test('oneHot along any', async () => {
    const indices = tensor(Int32Array.of(2, 0));
    expect(await oneHot(indices, 3, 0).toArray()).toEqual([
      [0, 1],
      [0, 0],
      [1, 0],
    ]);
    expect(await indices.oneHot(3).toArray()).toEqual([
      [0, 0, 1],
      [1, 0, 0],
    ]);
    expect(() => oneHot(indices, 1.5)).toThrow('oneHot: depth must be a non-negative integer, got 1.5');
  });

  test('concat, split and stack agree', async () => {
    const [a, b] = split(concat([x, ones([2, 3])]), 2);
    await alike(a, x);
    await alike(b, ones([2, 3]));
    await alike(split(stack([x, x]), 2)[1].squeeze(0), x);
  });
});

describe('sizes are checked at the call', () => {
  const six = arange(6);
  test.each<[string, () => unknown]>([
    ['reshape: at most one size may be -1, got [-1, -1]', () => six.reshape([-1, -1])],
    ['reshape: 6 elements of [6] do not fill [-1, 5]', () => six.reshape([-1, 5])],
    ['reshape: 6 elements of [6] do not fill [-1, 0]', () => six.reshape([-1, 0])],
    ["reshape: a shape's sizes are non-negative integers, got [1.5]", () => six.reshape([1.5, -1])],
    ['reshape: expected a shape such as [2, -1], got 6', () => six.reshape(6 as never)],
    ['split: axis 0 of [6] does not divide into 1000000000 equal parts', () => split(six, 1e9)],
    ['split: axis 0 of [6] does not divide into 4 equal parts', () => split(six, 4)],
    [
      "pad: border must be a number, 'edge', 'reflect' or 'wrap', got 'mirror'",
      () => six.pad([[1, 1]], 'mirror' as never),
    ],
    ['concat: expected a list of at least one tensor, got a list of 0', () => concat([])],
    ['stack: expected a list of at least one tensor, got a list of 1', () => stack([3 as never])],
  ])('%s', (message, call) => {
    expect(call).toThrow(message);
  });
});
