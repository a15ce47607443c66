import { afterAll, describe, expect, test } from 'vitest';
import {
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  averagePool2d,
  conv1d,
  conv2d,
  conv2dTranspose,
  Generator,
  globalAveragePool2d,
  globalMaxPool2d,
  maxPool2d,
  resize,
  setDefaultDevice,
  type Tensor,
  tensor,
  zeros,
} from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { at, type Naive, naive } from '../support/naive.js';
import { expectClose, normals } from '../support/numbers.js';

/*
 * Convolutions, poolings and resizing against loops over their definitions, over drawn shapes.
 */
afterAll(() => setDefaultDevice(undefined));

const toTensor = ({ shape, data }: Naive): Tensor => tensor(Float32Array.from(data), shape);
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
function array(shape: readonly number[], seed: number): Naive {
  const values = normals(
    shape.reduce((product, size) => product * size, 1),
    seed,
  );
  let next = 0;
  return naive(shape, () => values[next++]);
}

/** What stands under each window: for every output the values inside of the image, with their place in the window. */
interface Windows {
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pad: readonly [number, number];
  readonly dilation: readonly [number, number];
}
function under(
  x: Naive,
  n: number,
  oh: number,
  ow: number,
  { size, stride, pad, dilation }: Windows,
  visit: (ih: number, iw: number, kh: number, kw: number) => void,
) {
  for (let kh = 0; kh < size[0]; kh++) {
    for (let kw = 0; kw < size[1]; kw++) {
      const ih = oh * stride[0] + kh * dilation[0] - pad[0];
      const iw = ow * stride[1] + kw * dilation[1] - pad[1];
      if (n >= 0 && ih >= 0 && iw >= 0 && ih < x.shape[1] && iw < x.shape[2]) visit(ih, iw, kh, kw);
    }
  }
}

describe.each([
  ['the adapter', gpu],
  ['the reference device', reference],
])('on %s', (_, device) => {
  test.each(Array.from({ length: 24 }, (__, seed) => [seed]))('convolutions and poolings (draw %i)', async (seed) => {
    setDefaultDevice(device);
    const draw = new Generator(seed);
    const groups = 1 + draw.integer(3);
    const [ins, outs] = [groups * (1 + draw.integer(3)), groups * (1 + draw.integer(4))];
    const size = [1 + draw.integer(3), 1 + draw.integer(3)] as const;
    const dilation = [1 + draw.integer(2), 1 + draw.integer(2)] as const;
    const stride = [1 + draw.integer(3), 1 + draw.integer(3)] as const;
    const pad = [draw.integer(size[0]), draw.integer(size[1])] as const;
    const image = [5 + draw.integer(5), 5 + draw.integer(5)] as const;
    const x = array([1 + draw.integer(2), ...image, ins], seed + 100);
    const w = array([...size, ins / groups, outs], seed + 200);
    const out = (d: readonly number[]) =>
      [0, 1].map(
        (axis) => Math.floor((image[axis] + 2 * pad[axis] - (size[axis] - 1) * d[axis] - 1) / stride[axis]) + 1,
      );
    const padding = [
      [pad[0], pad[0]],
      [pad[1], pad[1]],
    ] as const;
    const windows = { size, stride, pad, dilation };
    const convolved = naive([x.shape[0], ...out(dilation), outs], ([n, oh, ow, co]) => {
      let total = 0;
      const first = Math.floor(co / (outs / groups)) * (ins / groups);
      under(x, n, oh, ow, windows, (ih, iw, kh, kw) => {
        for (let ci = 0; ci < ins / groups; ci++) total += at(x, [n, ih, iw, first + ci]) * at(w, [kh, kw, ci, co]);
      });
      return total;
    });
    const y = conv2d(toTensor(x), toTensor(w), { stride, padding, dilation, groups });
    expect(y.shape).toEqual(convolved.shape);
    expectClose(await y.data(), convolved.data, { absolute: 1e-4, relative: 1e-4 });

    const near = { ...windows, dilation: [1, 1] as const };
    const pooled = (fold: (values: number[]) => number) =>
      naive([x.shape[0], ...out([1, 1]), ins], ([n, oh, ow, c]) => {
        const values: number[] = [];
        under(x, n, oh, ow, near, (ih, iw) => values.push(at(x, [n, ih, iw, c])));
        return fold(values);
      });
    const options = { size, stride, padding };
    const largest = pooled((values) => Math.max(...values));
    expectClose(await maxPool2d(toTensor(x), options).data(), largest.data);
    const mean = pooled((values) => sum(values) / values.length);
    expectClose(await averagePool2d(toTensor(x), options).data(), mean.data);
    const withZeros = pooled((values) => sum(values) / (size[0] * size[1]));
    expectClose(await averagePool2d(toTensor(x), { ...options, countPadding: true }).data(), withZeros.data);
  });

  test.each([
    [7, 5, 3, 2],
    [6, 4, 3, 2],
    [3, 3, 5, 4],
  ])('adaptive pooling of %i x %i to %i x %i', async (height, width, toHeight, toWidth) => {
    setDefaultDevice(device);
    const x = array([2, height, width, 3], 1);
    const split = (index: number, size: number, count: number) =>
      [Math.floor((index * size) / count), Math.ceil(((index + 1) * size) / count)] as const;
    const pooled = (fold: (values: number[]) => number) =>
      naive([2, toHeight, toWidth, 3], ([n, oh, ow, c]) => {
        const values: number[] = [];
        const [top, bottom] = split(oh, height, toHeight);
        const [left, right] = split(ow, width, toWidth);
        for (let ih = top; ih < bottom; ih++) for (let iw = left; iw < right; iw++) values.push(at(x, [n, ih, iw, c]));
        return fold(values);
      });
    const output = [toHeight, toWidth] as const;
    expectClose(await adaptiveMaxPool2d(toTensor(x), output).data(), pooled((values) => Math.max(...values)).data);
    const mean = pooled((values) => sum(values) / values.length);
    expectClose(await adaptiveAveragePool2d(toTensor(x), output).data(), mean.data);
  });

  test('global pooling', async () => {
    setDefaultDevice(device);
    const x = array([2, 3, 4, 5], 1);
    const pixels = (n: number, c: number) => x.data.filter((__, flat) => flat % 5 === c && Math.floor(flat / 60) === n);
    const mean = naive([2, 5], ([n, c]) => sum(pixels(n, c)) / 12);
    expectClose(await globalAveragePool2d(toTensor(x)).data(), mean.data);
    const largest = naive([2, 5], ([n, c]) => Math.max(...pixels(n, c)));
    expectClose(await globalMaxPool2d(toTensor(x)).data(), largest.data);
  });

  test('resizing has its pixels at halves', async () => {
    setDefaultDevice(device);
    const x = tensor([1, 2, 3, 4], [1, 2, 2, 1]);
    const nearest = [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4];
    expect([...(await resize(x, 4).data())]).toEqual(nearest);
    // ONNX's test resize_upsample_scales_linear.
    const linear = [1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4];
    expectClose(await resize(x, 4, 'bilinear').data(), linear);
    expectClose(await resize(tensor([0, 1, 2, 3, 4, 5], [1, 1, 6, 1]), [1, 3], 'bilinear').data(), [0.5, 2.5, 4.5]);
  });

  test('a transposed convolution spreads its input', async () => {
    setDefaultDevice(device);
    const x = tensor([1, 2, 3, 4], [1, 2, 2, 1]);
    const kernel = tensor([1, 2, 3, 4], [2, 2, 1, 1]);
    const apart = [1, 2, 2, 4, 3, 4, 6, 8, 3, 6, 4, 8, 9, 12, 12, 16];
    expect([...(await conv2dTranspose(x, kernel, { stride: 2 }).data())]).toEqual(apart);
    const overlapping = conv2dTranspose(x, kernel);
    expect(overlapping.shape).toEqual([1, 3, 3, 1]);
    expect([...(await overlapping.data())]).toEqual([1, 4, 4, 6, 20, 16, 9, 24, 16]);
    expect(conv2dTranspose(x, tensor(normals(18), [3, 3, 2, 1]), { stride: 2, padding: 'same' }).shape).toEqual([
      1, 4, 4, 2,
    ]);
  });

  test('a causal convolution depends on no later step', async () => {
    setDefaultDevice(device);
    const x = tensor([1, 2, 3, 4], [1, 4, 1]);
    const y = conv1d(x, tensor([10, 1], [2, 1, 1]), { padding: 'causal' });
    expect([...(await y.data())]).toEqual([1, 12, 23, 34]);
  });
});

test('what does not fit is an error', () => {
  const x = zeros([1, 5, 5, 4]);
  expect(() => conv2d(x, zeros([3, 3, 4, 6]), { groups: 4 })).toThrow('4 groups do not divide the 6 output channels');
  expect(() => conv2d(x, zeros([3, 3, 4, 6]), { groups: 2 })).toThrow('has 4, kernel [3, 3, 4, 6] takes 8');
  expect(() => conv2d(x, zeros([3, 3, 4, 6]), { dilation: 3 })).toThrow('is larger than the padded image');
  expect(() => conv2d(x, zeros([3, 3, 4, 6]), { dilation: 0 })).toThrow(
    'conv2d: dilation must be a positive integer or [height, width], got 0',
  );
  expect(() => resize(x, [4, 4], 'bicubic' as never)).toThrow("resize: mode must be 'nearest' or 'bilinear'");
  expect(() => averagePool2d(x, { size: 6 })).toThrow('a window of [6, 6] is larger than the padded image');
  expect(() => conv2dTranspose(x, zeros([3, 3, 2, 5]))).toThrow('has 4, kernel [3, 3, 2, 5] takes 5');
});
