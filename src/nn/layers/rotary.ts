import { arange, concat, type Tensor, TesseraError } from '../../tensor/index.js';
import { expectAxes } from '../../tensor/ops/checks.js';
import { checkOptions, optional, positive } from '../../tensor/options.js';

/**
 * Rotary position embedding (Su et al. 2021): turns each pair of features (i, i + d/2) by an angle that grows with the
 * position p, so that the product of a query and a key depends on how far apart they are:
 *
 *   y[i]       = x[i]·cos(p·θᵢ) - x[i + d/2]·sin(p·θᵢ)
 *   y[i + d/2] = x[i + d/2]·cos(p·θᵢ) + x[i]·sin(p·θᵢ)        θᵢ = base^(-2i/d)
 *
 * x (batch, heads, rows, d) with even d, positions (rows) or (batch, rows) of i32 -> y, of the shape of x. The base is
 * 10,000 unless given. The pairs are those of GPT-NeoX and LLaMA; the paper pairs neighbors.
 *
 * @throws TesseraError if the features are odd, or the positions do not fit.
 */
export function rotaryPositions(x: Tensor, positions: Tensor, options: { readonly base?: number } = {}): Tensor {
  const { base = 10_000 } = checkOptions('rotaryPositions', options, { base: optional(positive) });
  const [batch, , rows, features] = expectAxes('rotaryPositions', 'x', x, 'f32', [
    'batch',
    'heads',
    'rows',
    'features',
  ]).shape;
  if (features % 2 !== 0) throw new TesseraError(`rotaryPositions: expected even features, got ${x.describe()}`);
  const isShared = expectAxes('rotaryPositions', 'positions', positions, 'i32', ['...', rows]).rank === 1;
  expectAxes('rotaryPositions', 'positions', positions, 'i32', isShared ? [rows] : [batch, rows]);
  const half = features / 2;
  const frequency = arange(half)
    .cast('f32')
    .mul((-2 * Math.log(base)) / features)
    .exp();
  const angle = positions.cast('f32').reshape([-1, 1, rows, 1]).mul(frequency); // (batch or 1, 1, rows, d/2)
  const [cos, sin] = [angle.cos(), angle.sin()];
  const [first, second] = x.split(2, -1);
  return concat([first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin))], -1);
}
