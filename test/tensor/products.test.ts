import { afterAll, describe, expect, test } from 'vitest';
import { einsum, linear, matmul, outer, setDefaultDevice, tensor, zeros } from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { at, naive } from '../support/naive.js';
import { expectClose, normals } from '../support/numbers.js';

afterAll(() => setDefaultDevice(undefined));

const array = (shape: readonly number[], seed: number) => {
  const values = normals(
    shape.reduce((product, size) => product * size, 1),
    seed,
  );
  let next = 0;
  return naive(shape, () => values[next++]);
};

describe.each([
  ['the adapter', gpu],
  ['the reference device', reference],
])('on %s', (_, device) => {
  test.each([
    [[5], [5], []],
    [[5], [5, 3], [3]],
    [[2, 5], [5], [2]],
    [[4, 2, 5], [5], [4, 2]],
    [[5], [4, 5, 3], [4, 3]],
    [
      [4, 1, 2, 5],
      [3, 5, 7],
      [4, 3, 2, 7],
    ],
    [
      [2, 0],
      [0, 3],
      [2, 3],
    ],
    [
      [0, 5],
      [5, 3],
      [0, 3],
    ],
  ])('%j x %j -> %j', async (left, right, shape) => {
    setDefaultDevice(device);
    const [a, b] = [array(left, 1), array(right, 2)];
    const wide = { ...a, shape: left.length === 1 ? [1, ...left] : left };
    const tall = { ...b, shape: right.length === 1 ? [...right, 1] : right };
    const lead = Math.max(wide.shape.length, tall.shape.length) - 2;
    const full = [...shape];
    if (left.length === 1) full.splice(right.length === 1 ? 0 : full.length - 1, 0, 1);
    if (right.length === 1) full.push(1);
    const wanted = naive(full, (index) => {
      const [front, row, column] = [index.slice(0, lead), index.at(-2)!, index.at(-1)!];
      let sum = 0;
      for (let k = 0; k < left.at(-1)!; k++) sum += at(wide, [...front, row, k]) * at(tall, [...front, k, column]);
      return sum;
    });
    const product = matmul(tensor(Float32Array.from(a.data), left), tensor(Float32Array.from(b.data), right));
    expect(product.shape).toEqual(shape);
    expectClose(await product.data(), wanted.data);
  });

  test.each([
    ['ij,jk->ik', [2, 3], [3, 4], [2, 4]],
    ['ij,jk->ki', [2, 3], [3, 4], [4, 2]],
    ['bij,bkj->bik', [2, 3, 5], [2, 4, 5], [2, 3, 4]],
    ['bhqd,bhkd->bhqk', [2, 3, 4, 5], [2, 3, 6, 5], [2, 3, 4, 6]],
    ['i,j->ij', [3], [4], [3, 4]],
    ['ij,ij->', [3, 4], [3, 4], []],
    ['ijk,j->k', [3, 4, 5], [4], [5]],
    ['ij,ij->ij', [3, 4], [3, 4], [3, 4]],
  ])('einsum %s', async (equation, left, right, shape) => {
    setDefaultDevice(device);
    const [a, b] = [array(left, 1), array(right, 2)];
    const [terms, result] = equation.split('->');
    const [first, second] = terms.split(',');
    const letters = [...new Set([...result, ...first, ...second])];
    const sizes = letters.map((letter) => left[first.indexOf(letter)] ?? right[second.indexOf(letter)]);
    const wanted = new Array<number>(shape.reduce((product, size) => product * size, 1)).fill(0);
    naive(sizes, (index) => {
      const of = (term: string) => [...term].map((letter) => index[letters.indexOf(letter)]);
      const flat = of(result).reduce((sum, position, axis) => sum * shape[axis] + position, 0);
      wanted[flat] += at(a, of(first)) * at(b, of(second));
      return 0;
    });
    const found = einsum(equation, tensor(Float32Array.from(a.data), left), tensor(Float32Array.from(b.data), right));
    expect(found.shape).toEqual(shape);
    expectClose(await found.data(), wanted);
  });

  test('einsum of one tensor, linear and outer', async () => {
    setDefaultDevice(device);
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect([...(await einsum('ij->ji', x).data())]).toEqual([1, 4, 2, 5, 3, 6]);
    expect([...(await einsum('ij->i', x).data())]).toEqual([6, 15]);
    const square = tensor([
      [1, 2, Number.POSITIVE_INFINITY],
      [4, 5, 6],
      [7, 8, 9],
    ]);
    expect(await einsum('ii->i', square).toArray()).toEqual([1, 5, 9]);
    expect(await einsum('ii->', square).toArray()).toBe(15);
    expect(
      await einsum(
        'iij->ij',
        tensor([
          [
            [1, 2],
            [3, 4],
          ],
          [
            [5, 6],
            [7, 8],
          ],
        ]),
      ).toArray(),
    ).toEqual([
      [1, 2],
      [7, 8],
    ]);
    expect(
      await einsum(
        'ii,ij->j',
        square,
        tensor([
          [1, 0],
          [0, 1],
          [1, 1],
        ]),
      ).toArray(),
    ).toEqual([10, 14]);
    expect(await einsum('ii->i', zeros([0, 0])).toArray()).toEqual([]);
    expect([...(await linear(x, tensor([[1], [0], [1]]), tensor([10])).data())]).toEqual([14, 20]);
    expect([...(await outer(tensor([1, 2]), tensor([3, 4])).data())]).toEqual([3, 4, 6, 8]);
  });
});

test('what does not fit is an error', () => {
  const [a, b] = [zeros([2, 3]), zeros([4, 5])];
  expect(() => einsum('ij,jk->ik', a, b)).toThrow(
    "einsum: 'ij,jk->ik' of [2, 3] and [4, 5]: axis 'j' has sizes 3 and 4",
  );
  expect(() => einsum('ij,jk', a, b)).toThrow('expected letters for one or two tensors and the result');
  expect(() => einsum('ii->i', a)).toThrow("axis 'i' has sizes 2 and 3");
  expect(() => einsum('ij->ii', a)).toThrow('names an axis twice');
  expect(() => einsum('ij->k', a)).toThrow("no tensor has the axis 'k'");
  expect(() => einsum('ijk->k', a)).toThrow("'ijk' names 3 axes of [2, 3]");
  expect(() => matmul(a, b)).toThrow('matmul: inner dimensions differ: [2, 3] x [4, 5] (3 vs 4)');
  expect(() => matmul(zeros([]), b)).toThrow('matmul: a is a scalar');
});
