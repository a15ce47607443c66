import { concatenate } from '../../nn/index.js';
import { type Tensor, TesseraError, tensor } from '../../tensor/index.js';
import { type Check, checkOptions, finite, listOf, optional } from '../../tensor/options.js';
import { expectInputs, expectTensor } from '../options.js';
import { Encoder, type Features } from './encoder.js';

/** The inputs of a `PiecewiseLinear`. */
export type NumberInputs = {
  /** A number of each row, standardized: (batch, 1) of f32. */
  readonly values: Tensor;
};

/** Options of a `PiecewiseLinear`. */
export interface PiecewiseLinearOptions {
  /** The edges of the bins in ascending order, such as quantiles. Default: none, and the features are the numbers. */
  readonly edges?: readonly number[];
}

/** Narrower bins have no place in f32. */
const NARROWEST = 1e-30;

const ascending: Check = {
  expected: 'numbers in ascending order that differ in f32',
  fits: (value) =>
    listOf(finite).fits(value) &&
    (value as number[]).every((edge, at, all) => at === 0 || Math.fround(edge) - Math.fround(all[at - 1]) > NARROWEST),
};

/**
 * An encoder of numbers without weights, their piecewise linear encoding (Gorishniy, Rubachev and Babenko 2022):
 *
 *   bₖ = clip((x - eₖ) / (eₖ₊₁ - eₖ), 0, 1)     for edges e₀ < ... < e_bins
 *   pooled = [x; b]                              (batch, 1 + bins)
 *
 * values x (batch, 1) -> pooled. The layer behind it can give x another effect in each bin, as a tree does.
 */
export class PiecewiseLinear extends Encoder<NumberInputs> {
  override readonly width: number;
  /** The edges of the bins. */
  readonly edges: readonly number[];
  readonly #starts: Tensor;
  readonly #widths: Tensor;

  /** @throws TesseraError if there is a single edge, or they are not ascending. */
  constructor(options: PiecewiseLinearOptions = {}) {
    super();
    const { edges = [] } = checkOptions('PiecewiseLinear', options, { edges: optional(ascending) });
    if (edges.length === 1) throw new TesseraError('PiecewiseLinear: expected two or more edges, or none, got 1');
    const bins = Math.max(edges.length - 1, 0);
    const all = Float32Array.from(edges);
    this.edges = edges;
    this.width = 1 + bins;
    this.#starts = tensor(all.slice(0, bins), [1, bins]);
    this.#widths = tensor(
      Float32Array.from({ length: bins }, (_, bin) => all[bin + 1] - all[bin]),
      [1, bins],
    );
  }

  override forward(inputs: NumberInputs): Features {
    const { values } = expectInputs('PiecewiseLinear', inputs);
    expectTensor('PiecewiseLinear', 'values', values, 'f32', ['batch', 1]);
    if (this.edges.length === 0) return { pooled: values };
    return { pooled: concatenate(values, values.sub(this.#starts).div(this.#widths).clip(0, 1)) };
  }
}
