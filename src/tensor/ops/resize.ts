import { TesseraError } from '../../gpu/errors.js';
import { tensor } from '../create.js';
import type { Tensor } from '../tensor.js';
import { expectRank, expectType } from './checks.js';
import { pairOf } from './conv2d.js';
import { take } from './take.js';

/** How `resize` interpolates. */
export type ResizeMode = 'nearest' | 'bilinear';

/**
 * Resizes images, channels last: (batch, height, width, channels) -> (batch, size[0], size[1], channels). Output pixel
 * i is sampled at (i + 1/2)·in/out - 1/2 (ONNX's half_pixel, the default of Keras), clamped to the image: 'nearest'
 * takes the nearest pixel, 'bilinear' interpolates linearly along each axis. Error ≤ 1e-6·Σ|terms|.
 * @throws TesseraError if x is not of rank 4, or the size is not of positive integers.
 */
export function resize(x: Tensor, size: number | readonly [number, number], mode: ResizeMode = 'nearest'): Tensor {
  expectRank('resize', 'x', x, 4, 'batch, height, width, channels');
  expectType('resize', 'x', x, 'f32');
  if (mode !== 'nearest' && mode !== 'bilinear')
    throw new TesseraError(`resize: mode must be 'nearest' or 'bilinear', got '${mode}'`);
  const pair = pairOf('resize', size);
  return ([1, 2] as const).reduce((y, axis) => {
    const [from, to] = [x.shape[axis], pair[axis - 1]];
    if (from === to) return y;
    return mode === 'nearest' ? take(y, tensor(nearest(from, to)), axis) : bilinear(y, axis, to);
  }, x);
}

const nearest = (from: number, to: number): Int32Array =>
  Int32Array.from({ length: to }, (_, index) => Math.min(from - 1, Math.floor(((index + 0.5) * from) / to)));

/**
 * Interpolates between two pixels. An output on a pixel takes half of that one twice, so that no other's NaN
 * spreads.
 */
function bilinear(x: Tensor, axis: 1 | 2, to: number): Tensor {
  const from = x.shape[axis];
  const indices = new Int32Array(2 * to);
  const weights = new Float32Array(2 * to);
  for (let index = 0; index < to; index++) {
    const source = Math.min(Math.max(((index + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(source);
    const isPixel = source === low;
    indices.set([low, isPixel ? low : low + 1], 2 * index);
    weights.set(isPixel ? [0.5, 0.5] : [1 - (source - low), source - low], 2 * index);
  }
  const pairs = take(x, tensor(indices, [to, 2]), axis);
  return pairs.mul(tensor(weights, [to, 2, ...x.shape.slice(axis + 1).map(() => 1)])).sum(axis + 1);
}
