import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  averagePool2d,
  crossEntropyRows,
  type Device,
  elu,
  full,
  gelu,
  grad,
  gru,
  hardSigmoid,
  leakyRelu,
  maxPool2d,
  setDefaultDevice,
  silu,
  softplus,
  type Tensor,
  tensor,
} from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';

/* What NumPy and ONNX say where an op could be read in several ways. */
describe.each([
  ['gpu', gpu],
  ['reference', reference],
] as [string, Device][])('on the %s device', (_, device) => {
  beforeAll(() => setDefaultDevice(device));
  afterAll(() => setDefaultDevice(undefined));
  const values = async (x: Tensor) => Array.from(await x.data(), Number);
  const NAN = Number.NaN;
  const [INF, NINF] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

  test("a GRU with its reset before the product adds the candidate's recurrent bias, as ONNX does", async () => {
    const none = full([1, 3], 0);
    const options = { resetAfter: false };
    const { last } = gru(full([1, 1, 1], 0), none, none, full([3], 0), tensor([0, 0, 10]), options);
    expect((await values(last))[0]).toBeCloseTo(0.5, 6); // z = σ(0), n = tanh(10)
  });

  test('NaN is the largest, and the smallest', async () => {
    const x = tensor([
      [1, NAN, 3],
      [4, 5, 6],
    ]);
    expect(await values(x.max(1))).toEqual([NAN, 6]);
    expect(await values(x.min(1))).toEqual([NAN, 4]);
    expect(await values(x.max(0))).toEqual([4, NAN, 6]);
    expect(await values(x.argmax(1))).toEqual([1, 2]);
    expect(await values(x.argmin(1))).toEqual([1, 0]);
    expect(await values(x.sort(1))).toEqual([1, 3, NAN, 4, 5, 6]);
    const top = tensor([1, INF, NAN, 2, NAN, INF, 2]).topK(6);
    expect(await values(top.values)).toEqual([NAN, NAN, INF, INF, 2, 2]);
    expect(await values(top.indices)).toEqual([2, 4, 1, 5, 3, 6]);
    expect(await values(tensor([NAN, 1]).norm())).toEqual([NAN]);
    expect(await values(tensor([NAN, 1]).norm(0, { order: Infinity }))).toEqual([NAN]);
    const long = Float32Array.from({ length: 5000 }, (_, at) => (at === 3000 ? NAN : at));
    expect(await values(tensor(long).max())).toEqual([NAN]);
    expect(await values(tensor(long).argmax())).toEqual([3000]);
    const [a, b] = [tensor([NAN, 1, NAN, 2, 3]), tensor([1, NAN, NAN, 3, 2])];
    expect(await values(a.maximum(b))).toEqual([NAN, NAN, NAN, 3, 3]);
    expect(await values(a.minimum(b))).toEqual([NAN, NAN, NAN, 2, 2]);
    expect(await values(a.relu())).toEqual([NAN, 1, NAN, 2, 3]);
    expect(await values(a.clip(0, 1))).toEqual([NAN, 1, NAN, 1, 1]);
    const image = x.reshape([1, 2, 3, 1]);
    expect(await values(maxPool2d(image, { size: 2, stride: 1 }))).toEqual([NAN, NAN]);
    expect(await values(grad(maxPool2d(image, { size: 2, stride: 1 }).sum(), [image])[0])).toEqual([0, 2, 0, 0, 0, 0]);
    expect(await values(tensor(Int32Array.of(-5, 7)).maximum(tensor(Int32Array.of(2_143_289_344, -1))))).toEqual([
      2_143_289_344, 7,
    ]);
  });

  test('NaN equals nothing and is on no side of a number', async () => {
    const x = tensor([1, NAN]);
    expect(await values(x.notEqual(NAN))).toEqual([1, 1]);
    for (const is of [x.equal(NAN), x.less(NAN), x.lessEqual(NAN), x.greater(NAN), x.greaterEqual(NAN)])
      expect(await values(is)).toEqual([0, 0]);
    expect(await values(x.maximum(NAN))).toEqual([NAN, NAN]);
  });

  test('where two formulas meet, the slope is that of the function', async () => {
    const x = tensor([0]);
    const seams: [name: string, f: (x: Tensor) => Tensor, slope: number][] = [
      ['softplus', softplus, 0.5],
      ['elu', elu, 1],
      ['silu', silu, 0.5],
      ['gelu', gelu, 0.5],
      ['hardSigmoid', hardSigmoid, 1 / 6],
      // Those with a kink take the slope of one side, or the middle, as PyTorch does.
      ['leakyRelu', leakyRelu, 0.2],
      ['relu', (x) => x.relu(), 0],
      ['abs', (x) => x.abs(), 0],
      ['pow 0', (x) => x.pow(0), 0],
      ['pow 1', (x) => x.pow(1), 1],
      ['pow 2', (x) => x.pow(2), 0],
    ];
    const slopes = seams.map(([, f]) => grad(f(x).sum(), [x])[0]);
    for (const [index, [name, , slope]] of seams.entries())
      expect(await slopes[index].item(), name).toBeCloseTo(slope, 6);
    const exponents = tensor([0, 1, 2]);
    expect(await values(grad(full([3], 0).pow(exponents).sum(), [exponents])[0])).toEqual([0, 0, 0]);
  });

  test('an index out of range is an error, and on the device NaN', async () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const of = (...indices: number[]) => tensor(Int32Array.from(indices), [2, 1]);
    expect(() => x.takeAlongAxis(of(3, 0))).toThrow('takeAlongAxis: index 3 at position 0 is out of range');
    expect(() => x.takeAlongAxis(of(0, -4))).toThrow('takeAlongAxis: index -4 at position 1 is out of range');
    expect(await values(x.takeAlongAxis(of(2, -2).add(1)))).toEqual([NAN, 6]);
    expect(await values(x.takeAlongAxis(of(-5, -4).add(1)))).toEqual([NAN, 4]);
    expect(await values(x.gather(tensor(Int32Array.of(1, 0)).add(1)))).toEqual([NAN, NAN, NAN, 4, 5, 6]);
    expect(() => x.take(tensor(Int32Array.of(0, 3)), 1)).toThrow('index 3 at position 1 is out of range');
  });

  test('a softmax of what has none is NaN', async () => {
    for (const row of [
      [NAN, 0, 1],
      [0, NAN, 1],
      [INF, 0, 1],
      [NINF, NINF, NINF],
      [0, 1, 2, NAN],
      [0, NAN, INF, NINF],
    ]) {
      const x = tensor([row]);
      const all = row.map(() => NAN);
      expect(await values(x.softmax())).toEqual(all);
      expect(await values(x.logSoftmax())).toEqual(all);
      expect(await values(grad(x.logSoftmax().slice([0, 0], [1, 1]).sum(), [x])[0])).toEqual(all);
      const loss = crossEntropyRows(x, tensor(Int32Array.of(2)));
      expect(await values(loss)).toEqual([NAN]);
      expect(await values(grad(loss.sum(), [x])[0])).toEqual(all);
    }
    expect(await values(tensor([NINF, 0, NINF]).softmax())).toEqual([0, 1, 0]);
    expect(await values(tensor([NINF, 0, NINF]).logSoftmax())).toEqual([NINF, 0, NINF]);
  });

  test('a length neither overflows nor vanishes', async () => {
    for (const size of [1e25, 1, 1e-25, 1e-30]) {
      const x = tensor([3 * size, -4 * size]);
      expect((await x.norm().item()) / size).toBeCloseTo(5, 5);
      const slopes = await values(grad(x.norm(), [x])[0]);
      expect(slopes).toEqual([expect.closeTo(0.6, 5), expect.closeTo(-0.8, 5)]);
    }
    expect(await values(tensor([INF, 1]).norm())).toEqual([INF]);
    const zero = tensor([0, 0]);
    expect(await values(grad(zero.norm(), [zero])[0])).toEqual([0, 0]);
    const equal = tensor([3, 3]);
    expect(await values(grad(equal.std(), [equal])[0])).toEqual([0, 0]);
  });

  test('infinities are numbers', async () => {
    const x = tensor([INF, 1, NINF]);
    expect(await values(x.max())).toEqual([INF]);
    expect(await values(x.min())).toEqual([NINF]);
    expect(await values(x.sort())).toEqual([NINF, 1, INF]);
    expect(await values(tensor([INF, NAN, 1]).sort())).toEqual([1, INF, NAN]);
    expect(await values(tensor([NINF, NINF]).max())).toEqual([NINF]);
  });

  test('ties share a gradient, but the first of a window takes it', async () => {
    const x = tensor([2, 2, 1, 2]);
    expect(await values(grad(x.max(), [x])[0])).toEqual(
      [1, 1, 0, 1].map((one) => one * Math.fround(1 / 3)).map((one) => expect.closeTo(one, 6)),
    );
    const image = x.reshape([1, 2, 2, 1]);
    expect(await values(grad(maxPool2d(image).sum(), [image])[0])).toEqual([1, 0, 0, 0]);
  });

  test('nothing is added up to 0 and multiplied to 1; of nothing there is no largest', async () => {
    const x = tensor(new Float32Array(0), [2, 0]);
    expect(await values(x.sum(1))).toEqual([0, 0]);
    expect(await values(x.prod(1))).toEqual([1, 1]);
    expect(await values(x.greater(0).all(1))).toEqual([1, 1]);
    expect(await values(x.greater(0).any(1))).toEqual([0, 0]);
    expect(await values(x.logSumExp(1))).toEqual([NINF, NINF]);
    expect(await values(x.norm(1))).toEqual([0, 0]);
    expect(() => x.max(1)).toThrow('has no elements along');
    expect(() => x.mean(1)).toThrow('has no elements along');
    expect(() => x.argmax(1)).toThrow('has no elements along');
  });

  test('padding counts in a mean only where it is asked for', async () => {
    const x = tensor([1, 1, 1, 1]).reshape([1, 2, 2, 1]);
    const options = { size: 3, stride: 2, padding: 'same' } as const;
    expect(await values(averagePool2d(x, options))).toEqual([1]);
    expect(await values(averagePool2d(x, { ...options, countPadding: true }))).toEqual([expect.closeTo(4 / 9, 6)]);
  });

  test('slices go backwards with a negative step, as in NumPy', async () => {
    const x = tensor([0, 1, 2, 3, 4, 5]);
    expect(await values(x.slice([], [], [-1]))).toEqual([5, 4, 3, 2, 1, 0]);
    expect(await values(x.slice([4], [1], [-1]))).toEqual([4, 3, 2]);
    expect(await values(x.slice([-1], [-7], [-2]))).toEqual([5, 3, 1]);
    expect(await values(x.slice([9], [2], [-3]))).toEqual([5]);
    expect(await values(x.slice([1], [4], [-1]))).toEqual([]);
    expect(
      await values(
        grad(
          x
            .slice([4], [1], [-1])
            .mul(tensor([1, 2, 3]))
            .sum(),
          [x],
        )[0],
      ),
    ).toEqual([0, 0, 3, 2, 1, 0]);
    expect(() => x.slice([0], [3], [0])).toThrow('steps other than 0');
  });
});
