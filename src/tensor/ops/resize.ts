import { TesseraError } from '../../gpu/errors.js';
import { sizeOf } from '../../launch/shape.js';
import { tensor } from '../create.js';
import { expectRank, expectType } from '../graph/define.js';
import type { Tensor } from '../tensor.js';
import { pairOf } from './conv2d.js';
import { matmul } from './matmul.js';
import { reshape } from './movement.js';
import { take } from './take.js';

/** y = M·x along an axis: the weights M (out, in) from the host, x (..., in, ...) -> (..., out, ...). */
export function applyAlong(x: Tensor, axis: number, weights: Float32Array, out: number): Tensor {
  const size = x.shape[axis];
  const outer = sizeOf(x.shape.slice(0, axis));
  const y = matmul(tensor(weights, [1, out, size]), reshape(x, [outer, size, x.size / Math.max(1, outer * size)]));
  return reshape(y, [...x.shape.slice(0, axis), out, ...x.shape.slice(axis + 1)]);
}

export type ResizeMode = 'nearest' | 'bilinear';

/**
 * Images of another size, channels last: (batch, height, width, channels) -> (batch, size[0], size[1], channels).
 * Pixels have their centres at halves (ONNX's half_pixel, Keras's default): output i lies at (i + 1/2)·in/out - 1/2.
 * 'nearest' takes the pixel there, 'bilinear' mixes the two beside it along each axis; beyond the border is the border.
 * Error ≤ 1e-6·Σ|terms|.
 */
export function resize(x: Tensor, size: number | readonly [number, number], mode: ResizeMode = 'nearest'): Tensor {
  expectRank('resize', 'x', x, 4, 'batch, height, width, channels');
  expectType('resize', 'x', x, 'f32');
  if (mode !== 'nearest' && mode !== 'bilinear')
    throw new TesseraError(`resize: expected the mode 'nearest' or 'bilinear', got '${mode}'`);
  const pair = pairOf('resize', size);
  return ([1, 2] as const).reduce((y, axis) => {
    const [from, to] = [x.shape[axis], pair[axis - 1]];
    if (from === to) return y;
    return mode === 'nearest' ? take(y, tensor(nearest(from, to)), axis) : applyAlong(y, axis, bilinear(from, to), to);
  }, x);
}

const nearest = (from: number, to: number): Int32Array =>
  Int32Array.from({ length: to }, (_, index) => Math.min(from - 1, Math.floor(((index + 0.5) * from) / to)));

function bilinear(from: number, to: number): Float32Array {
  const weights = new Float32Array(to * from);
  for (let index = 0; index < to; index++) {
    const source = Math.min(Math.max(((index + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(source);
    const high = Math.min(low + 1, from - 1);
    weights[index * from + low] += 1 - (source - low);
    weights[index * from + high] += source - low;
  }
  return weights;
}
