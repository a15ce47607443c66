import { TesseraError } from '../../gpu/errors.js';
import type { ElementwiseFunction } from '../../kernels/elementwise.js';
import { normal, threefry, uniform } from '../../kernels/random.js';
import { scalar } from '../create.js';
import { defineOp } from '../define.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';

/**
 * What random numbers depend on, beside the element's index: a seed, and which draw of that seed it is. Both are data:
 * a replayed plan draws new numbers.
 */
export interface RandomKey {
  readonly seed: number;
  readonly draw?: number;
}

/** The two words of a key: mixed, so that neighbouring draws have nothing in common. */
function words({ seed, draw = 0 }: RandomKey): [Tensor, Tensor] {
  const mixed = threefry(seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, draw >>> 0, Math.floor(draw / 2 ** 32) >>> 0);
  return [scalar(mixed[0], 'u32'), scalar(mixed[1], 'u32')];
}

const drawOp = (function_: ElementwiseFunction) =>
  defineOp({
    name: function_.name,
    inputs: ['key0', 'key1'],
    elementwise: function_,
    shape: (_, { shape }: { shape: Shape }) => ({ shape, dtype: 'f32' }),
    vjp: () => [null, null],
  });

export const uniformOp = drawOp(uniform);
export const normalOp = drawOp(normal);

/** Uniform random numbers in [0, 1). Same key and shape, same numbers, on every device. */
export const randomUniform = (shape: Shape, key: RandomKey): Tensor => uniformOp(...words(key), { shape });

/** Standard normal random numbers. */
export const randomNormal = (shape: Shape, key: RandomKey): Tensor => normalOp(...words(key), { shape });

/**
 * Sets a share `rate` of the elements to zero and scales the others by 1 / (1 - rate), so that the mean stays.
 * @throws TesseraError if the rate is not within [0, 1).
 */
export function dropout(x: Tensor, rate: number, key: RandomKey): Tensor {
  if (!(rate >= 0 && rate < 1)) throw new TesseraError(`dropout: the rate must lie within [0, 1), got ${rate}`);
  return randomUniform(x.shape, key)
    .greaterEqual(rate)
    .where(x.mul(1 / (1 - rate)), 0);
}
