import { TesseraError, tensor } from '../../tensor/index.js';
import { type Check, finite, listOf, nonNegativeInteger, oneOf, optional, positive } from '../../tensor/options.js';
import { type Decimal, isMissing, numberOf, showCell } from '../cells.js';
import { Growable } from '../growable.js';
import { Reservoir } from '../reservoir.js';
import type { FieldKind } from './field.js';
import { checkSettings, checkState } from './settings.js';
import { Moments } from './statistics.js';
import { presence } from './storage.js';

/** Settings of a field of numbers. */
export interface NumberSettings {
  /**
   * 'standard' (default): (x - mean) / deviation. 'quantile': √12 (F(x) - 1/2) for the distribution F of the training
   * values, which has mean 0 and deviation 1 whatever the distribution, and bounds outliers.
   */
  readonly scaling: 'standard' | 'quantile';
  /** The decimal mark: '.' (default) or ','. */
  readonly decimal: Decimal;
  /**
   * The largest number of bins of a piecewise linear encoding, between quantiles of the training values; 0 for none.
   * Default 20.
   */
  readonly bins: number;
}

/** The learned state of a field of numbers. */
export interface NumberState {
  readonly settings: NumberSettings;
  readonly mean: number;
  readonly deviation: number;
  /** Where the values are scaled by quantiles: 101 of them, from the least value to the greatest. */
  readonly quantiles?: readonly number[];
  /** The edges of the bins, on scaled values; empty where there are too few different values. */
  readonly edges: readonly number[];
}

const QUANTILES = 101;
const MOST_BINS = 1000;
/** The size of the sample that quantiles are computed from. */
const SAMPLE = 10_000;
/** Standardized values are clipped here: f32 holds them, and products of them. */
const LIMIT = 1e6;

const ascending: Check = {
  expected: `${QUANTILES} numbers in ascending order`,
  fits: (value) =>
    listOf(finite, QUANTILES).fits(value) &&
    (value as number[]).every((quantile, at, all) => at === 0 || all[at - 1] <= quantile),
};

/** Edges that are closer would be one in f32. */
const CLOSEST = 1e-6;
const separate: Check = {
  expected: `ascending numbers that are ${CLOSEST} or more apart`,
  fits: (value) =>
    listOf(finite).fits(value) && (value as number[]).every((edge, at, all) => at === 0 || isApart(all[at - 1], edge)),
};

/** Numbers: `values` (rows, 1), scaled; 0 where absent. */
export const number: FieldKind<number, NumberSettings, NumberState> = {
  kind: 'number',

  settings(chosen) {
    const defaults: NumberSettings = { scaling: 'standard', decimal: '.', bins: 20 };
    return checkSettings('number', chosen, defaults, {
      scaling: oneOf('standard', 'quantile'),
      decimal: oneOf('.', ','),
      bins: {
        expected: `an integer from 0 to ${MOST_BINS}`,
        fits: (value) => nonNegativeInteger.fits(value) && Number(value) <= MOST_BINS,
      },
    });
  },

  parse(cell, { decimal }) {
    if (isMissing(cell)) return undefined;
    const value = numberOf(cell, decimal);
    if (value !== undefined) return value;
    const mark = decimal === '.' ? ',' : '.';
    const hint = numberOf(cell, mark) === undefined ? '' : `; for decimals such as 1${mark}5 set decimal: '${mark}'`;
    throw new TesseraError(`expected a finite number, got ${showCell(cell)}${hint}`);
  },

  learner(settings) {
    const moments = new Moments();
    const sample = new Reservoir<number>(SAMPLE);
    return {
      add(value) {
        if (value === undefined) return;
        moments.add(value);
        sample.offer(() => value);
      },
      finish() {
        if (moments.count === 0) throw new TesseraError('no training row has a value');
        const sorted = Float64Array.from(sample.items).sort();
        const withEdges = (scaling: Scaling): NumberState => ({
          settings,
          ...scaling,
          edges: edgesOf(sorted, settings.bins, scaling),
        });
        if (settings.scaling === 'quantile')
          return withEdges({ mean: 0, deviation: 1, quantiles: quantilesOf(sorted, QUANTILES) });
        const { mean, deviation } = moments;
        if (Number.isFinite(mean) && Number.isFinite(deviation)) return withEdges({ mean, deviation });
        throw new TesseraError("the values are too large for a deviation; set scaling: 'quantile'");
      },
    };
  },

  column(scaling) {
    const values = new Growable(Float32Array);
    return {
      get size() {
        return values.length;
      },
      add(value) {
        values.push(value === undefined ? Number.NaN : scaled(value, scaling));
      },
      async batch(rows) {
        return {
          present: presence(rows, (row) => !Number.isNaN(values.at(row))),
          values: tensor(
            Float32Array.from(rows, (row) => values.at(row) || 0),
            [rows.length, 1],
          ),
        };
      },
    };
  },

  parseState(json) {
    const state = checkState<NumberSettings, NumberState>(number, json, {
      mean: finite,
      deviation: positive,
      quantiles: optional(ascending),
      edges: separate,
    });
    if ((state.settings.scaling === 'quantile') === (state.quantiles !== undefined)) return state;
    throw new TesseraError(`number state: quantiles do not go with scaling '${state.settings.scaling}'`);
  },
};

type Scaling = Pick<NumberState, 'mean' | 'deviation' | 'quantiles'>;

function scaled(value: number, { mean, deviation, quantiles }: Scaling): number {
  if (quantiles !== undefined) return Math.sqrt(12) * (rankIn(quantiles, value) - 0.5);
  return Math.min(Math.max((value - mean) / deviation, -LIMIT), LIMIT);
}

const isApart = (a: number, b: number): boolean => b - a >= CLOSEST * Math.max(1, Math.abs(b));

/** The edges of `bins` bins that hold equally many of the values, without those that fall together. */
function edgesOf(sorted: Float64Array, bins: number, scaling: Scaling): number[] {
  if (bins === 0) return [];
  const edges: number[] = [];
  for (const quantile of quantilesOf(sorted, bins + 1)) {
    const edge = scaled(quantile, scaling);
    const last = edges.at(-1);
    if (last === undefined || isApart(last, edge)) edges.push(edge);
  }
  return edges.length > 2 ? edges : [];
}

/** Computes `count` quantiles, equally spaced from 0 to 1, of sorted values by linear interpolation. */
function quantilesOf(sorted: Float64Array, count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const at = (index / (count - 1)) * (sorted.length - 1);
    const low = Math.floor(at);
    const share = at - low;
    return share === 0 ? sorted[low] : sorted[low] * (1 - share) + sorted[low + 1] * share;
  });
}

/**
 * F(x): the share of the distribution below x, interpolated between quantiles; the middle of the step where it jumps.
 */
function rankIn(quantiles: readonly number[], x: number): number {
  const last = quantiles.length - 1;
  const below = boundary(quantiles, (quantile) => quantile < x);
  const upTo = boundary(quantiles, (quantile) => quantile <= x);
  if (below < upTo) return (below + upTo - 1) / (2 * last);
  if (below === 0 || below > last) return below === 0 ? 0 : 1;
  // Halves, as the difference of the largest numbers would overflow.
  const [low, high] = [quantiles[below - 1] / 2, quantiles[below] / 2];
  return (below - 1 + (x / 2 - low) / (high - low)) / last;
}

/** The number of leading quantiles for which a monotonous condition holds. */
function boundary(quantiles: readonly number[], holds: (quantile: number) => boolean): number {
  let low = 0;
  let high = quantiles.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(quantiles[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}
