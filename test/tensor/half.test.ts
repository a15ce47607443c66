import { afterAll, describe, expect, test } from 'vitest';
import { packF16, toF16, unpackF16 } from '../../src/gpu/f16.js';
import {
  conv2d,
  type Device,
  explain,
  grad,
  lstm,
  setDefaultDevice,
  type Tensor,
  tensor,
  Variable,
} from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { expectClose, normals } from '../support/numbers.js';

/* f16 as a way to store: what is computed with it is what f32 gives for the same, rounded, numbers. */
const hasF16 = gpu.kind === 'reference' || gpu.features.has('shader-f16');
const devices: [string, Device][] = [
  ['reference', reference],
  ...(hasF16 ? ([['gpu', gpu]] as [string, Device][]) : []),
];
afterAll(() => setDefaultDevice(undefined));

const roundedNormals = (shape: number[], seed = 1): Float32Array =>
  normals(
    shape.reduce((a, b) => a * b, 1),
    seed,
  ).map(toF16);
const pair = (shape: number[], seed = 1): { full: Tensor; half: Tensor } => {
  const full = tensor(roundedNormals(shape, seed), shape);
  return { full, half: full.cast('f16') };
};

test('numbers are rounded to the nearest half, of two to the even one', () => {
  const rounded: [number, number][] = [
    [1 + 2 ** -11, 1],
    [1 + 3 * 2 ** -11, 1 + 2 ** -9],
    [1 + 2 ** -11 + 2 ** -30, 1 + 2 ** -10],
    [2 - 2 ** -40, 2],
    [-2049, -2048],
    [65_519.99, 65_504],
    [65_520, Number.POSITIVE_INFINITY],
    [-1e9, Number.NEGATIVE_INFINITY],
    [2 ** -25, 0],
    [1.5 * 2 ** -25, 2 ** -24],
    [2 ** -14 - 2 ** -26, 2 ** -14],
  ];
  expect(rounded.map(([x]) => toF16(x))).toEqual(rounded.map(([, half]) => half));
  expect(toF16(Number.NaN)).toBeNaN();
});

test('every f16 is packed as it was unpacked', () => {
  const all = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
  const values = unpackF16(all.buffer, all.length);
  const packed = new Uint16Array(packF16(values).buffer);
  expect([...all.keys()].filter((bits) => packed[bits] !== bits && !Number.isNaN(values[bits]))).toEqual([]);
  expect(Array.from(values, toF16)).toEqual([...values]);
  // An odd number of f16, and those of the greatest and the least size.
  expect([...packF16([1, -2, 65_504])]).toEqual([0xc0003c00, 0x7bff]);
  expect([...unpackF16(Uint32Array.of(0x00010000).buffer, 2)]).toEqual([0, 2 ** -24]);
});

describe.each(devices)('on the %s device', (_, device) => {
  const use = () => setDefaultDevice(device);

  test('values go there and back, in odd numbers too', async () => {
    use();
    const values = [1, -2.5, 0.1, 1e6, 1e-9];
    const expected = values.map(toF16);
    expect([...(await tensor(values).cast('f16').data())]).toEqual(expected);
    expect([...(await tensor(values, [5], 'f16').data())]).toEqual(expected);
    expect([...(await tensor(values, [5], 'f16').cast('f32').data())]).toEqual(expected);
    const kept = await tensor(values).cast('f16').evaluate();
    expect([...(await kept.cast('f32').mul(2).data())]).toEqual(expected.map((value) => 2 * value));
    expect([...(await kept.data())]).toEqual(expected);
    kept.dispose();
  });

  test('a variable may be of f16', async () => {
    use();
    const variable = new Variable(Float32Array.of(0.1, 2, 3), [3], 'v', 'f16');
    const first = variable.cast('f32');
    expect([...(await first.data())]).toEqual([0.1, 2, 3].map(toF16));
    await variable.assign(variable.cast('f32').mul(3).cast('f16')).evaluate();
    expect([...(await variable.data())]).toEqual([toF16(3 * toF16(0.1)), 6, 9]);
    variable.set(Float32Array.of(7, 8, 0.1));
    expect([...(await variable.data())]).toEqual([7, 8, toF16(0.1)]);
  });

  test('a conversion rounds in the middle of a chain, too', async () => {
    use();
    const x = tensor(normals(37), [37]);
    const y = x.mul(3).cast('f16').cast('f32').mul(1000);
    const expected = Array.from(normals(37), (value) => 1000 * toF16(Math.fround(3 * value)));
    expect((await explain(y)).dispatches).toHaveLength(1);
    expectClose(await y.data(), expected, { relative: 1e-6, absolute: 1e-6 });
  });

  test.each([3, 8])('elements are moved: rows of %i', async (cols) => {
    use();
    const shape = [5, cols, 4];
    const { full, half } = pair(shape);
    const moves: ((x: Tensor) => Tensor)[] = [
      (x) => x.permute([2, 0, 1]),
      (x) => x.permute([1, 0, 2]),
      (x) => x.slice([1, 1], [4]),
      (x) =>
        x.pad(
          [
            [1, 2],
            [0, 1],
            [3, 0],
          ],
          0.1,
        ),
      (x) => x.reshape([5, 4, cols]),
      (x) => x.slice([0, 1, 0], [5, 2, 4]).broadcastTo(shape),
    ];
    for (const move of moves)
      expectClose(await move(half).data(), (await move(full).data()).map(toF16), { absolute: 0, relative: 0 });
  });

  test.each([
    [
      [5, 7],
      [7, 3],
    ],
    [
      [16, 32],
      [32, 64],
    ],
    [
      [2, 9, 12],
      [2, 12, 8],
    ],
    [
      [2, 9, 12],
      [12, 8],
    ],
    [
      [3, 4000],
      [4000, 5],
    ],
    [[12], [12, 5]],
  ])('products of %j and %j, and their gradients', async (left, right) => {
    use();
    const [a, b] = [pair(left, 1), pair(right, 2)];
    const [whole, halved] = [a.full.matmul(b.full), a.half.matmul(b.half)];
    expect(halved.dtype).toBe('f32');
    const bound = { absolute: 1e-6 * left.at(-1)!, relative: 1e-5 };
    expectClose(await halved.data(), await whole.data(), bound);
    // Weights that f16 holds: the gradients' products then take the same numbers, too.
    const weights = tensor(roundedNormals([...whole.shape], 3), whole.shape);
    const expected = grad(whole.mul(weights).sum(), [a.full, b.full]);
    const found = grad(halved.mul(weights).sum(), [a.half, b.half]);
    for (const [index, gradient] of found.entries()) {
      expect(gradient.dtype).toBe('f32');
      expectClose(await gradient.data(), await expected[index].data(), { absolute: 1e-4, relative: 1e-4 });
    }
    // Through the conversion as if nothing was rounded.
    const [through] = grad(halved.mul(weights).sum(), [a.full]);
    expectClose(await through.data(), await expected[0].data(), { absolute: 1e-4, relative: 1e-4 });
  });

  test('products read transposed f16 as they lie', async () => {
    use();
    const [a, b] = [pair([12, 20], 1), pair([8, 12], 2)];
    const product = (x: Tensor, y: Tensor) => x.transpose().matmul(y.transpose());
    expectClose(await product(a.half, b.half).data(), await product(a.full, b.full).data(), { absolute: 1e-5 });
    const kept = [await a.half.evaluate(), await b.half.evaluate()] as const;
    expect((await explain(product(...kept))).dispatches).toHaveLength(1);
  });

  test.each([[1], [2]])('convolutions with stride %i, and their gradients', async (stride) => {
    use();
    const [x, w] = [pair([2, 7, 6, 3], 1), pair([3, 3, 3, 5], 2)];
    const options = { stride, padding: 'same' } as const;
    const [whole, halved] = [conv2d(x.full, w.full, options), conv2d(x.half, w.half, options)];
    expectClose(await halved.data(), await whole.data(), { absolute: 1e-4 });
    const weights = tensor(roundedNormals([...whole.shape], 3), whole.shape);
    const expected = grad(whole.mul(weights).sum(), [x.full, w.full]);
    const found = grad(halved.mul(weights).sum(), [x.half, w.half]);
    for (const [index, gradient] of found.entries())
      expectClose(await gradient.data(), await expected[index].data(), { absolute: 1e-3, relative: 1e-4 });
  });

  test('an LSTM takes f16', async () => {
    use();
    const [x, kernel] = [pair([3, 4, 5], 1), pair([5, 8], 2)];
    const rest = [tensor(normals(16, 3), [2, 8]), tensor(normals(8, 4), [8])] as const;
    const found = lstm(x.half, kernel.half, ...rest).last.hidden;
    expectClose(await found.data(), await lstm(x.full, kernel.full, ...rest).last.hidden.data(), { absolute: 1e-5 });
  });

  test('what follows a product is part of it, and stored as f16', async () => {
    use();
    const [a, b] = [await pair([6, 8], 1).half.evaluate(), await pair([8, 12], 2).half.evaluate()];
    const other = await pair([6, 12], 3).half.evaluate();
    const y = a.matmul(b).add(other.cast('f32')).relu();
    const stored = y.cast('f16');
    expect((await explain(stored)).dispatches).toHaveLength(1);
    expectClose(await stored.data(), await y.data(), { relative: 1e-3 });
  });
});

test('what does not take f16 says so', () => {
  const { full, half } = pair([2, 3]);
  expect(() => half.matmul(full.transpose())).toThrow(
    'matmul: dtypes differ: f16 [2, 3] and f32 [3, 2]; convert one with cast()',
  );
  expect(() => half.add(half)).toThrow('convert it with cast()');
  expect(() => half.sum()).toThrow('sum: x must be f32, got f16 [2, 3]; convert it with cast()');
  const [x, w] = [pair([1, 4, 4, 2]), pair([3, 3, 1, 4])];
  expect(() => conv2d(x.half, w.half, { groups: 2 })).toThrow('conv2d: x must be f32');
  expect(() => conv2d(x.half, pair([3, 3, 2, 4]).full)).toThrow('conv2d: dtypes differ');
});

test.skipIf(hasF16)('a device without f16 says what to do', async () => {
  setDefaultDevice(gpu);
  await expect(pair([2, 3]).half.data()).rejects.toThrow(
    "half precision needs the feature 'shader-f16'; compute in f32 (precision: 'f32')",
  );
});
