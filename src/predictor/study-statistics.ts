import { Generator, TesseraError } from '../tensor/index.js';
import { type Interval, quantile } from './metrics/bootstrap.js';
import { allRows, type Metric } from './metrics/metric.js';
import { type Predictions, rowCount } from './metrics/predictions.js';
import { DEFAULT_METRIC, METRICS, metricFunction } from './metrics.js';

/** The mean of a model's metric over its seeds, and the standard deviation. */
export interface Spread {
  readonly mean: number;
  /** With one seed there is none. */
  readonly deviation?: number;
}

/** The mean and the standard deviation (n - 1) of some values. */
export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}

/** By how much a model is better than another, on the same rows and from the same seeds. */
export interface Difference {
  /** The mean over the seeds: positive where it is better. */
  readonly value: number;
  /** The 95% interval. */
  readonly interval: Interval;
  /** Whether the interval excludes 0 even at the level for all comparisons together. */
  readonly isReal: boolean;
}

const RESAMPLES = 4000;

/**
 * Compares two models that were trained from the same seeds, by the headline metric on the same rows. Both the seeds and
 * the rows are a sample, so both are resampled (a bootstrap of two levels):
 *
 *   d* = mean over drawn seeds s of ( metric of own[s] - metric of other[s] ) on drawn rows
 *
 * The difference is real if its interval at level 1 - 0.05 / comparisons (Bonferroni) excludes 0. Few seeds are a small
 * sample: the interval is then too narrow rather than too wide.
 *
 * @throws TesseraError if there are not as many predictions of both, or of other rows.
 */
export function differenceOf(
  own: readonly Predictions[],
  other: readonly Predictions[],
  options: { readonly seed: number; readonly comparisons: number },
): Difference {
  const rows = own.length === 0 ? 0 : rowCount(own[0]);
  if (rows === 0 || own.length !== other.length || [...own, ...other].some((one) => rowCount(one) !== rows))
    throw new TesseraError(
      `differenceOf: expected predictions of the same rows and seeds, got ${own.length} and ${other.length}`,
    );
  const metric = DEFAULT_METRIC[own[0].task];
  const sign = METRICS[metric].higherIsBetter ? 1 : -1;
  const pairs = own.map((predictions, at): Metric => {
    const [a, b] = [metricFunction(predictions, metric), metricFunction(other[at], metric)];
    return (weights) => sign * (a(weights) - b(weights));
  });
  const mean = (differences: readonly Metric[], weights: ArrayLike<number>) =>
    differences.reduce((sum, difference) => sum + difference(weights), 0) / differences.length;
  const generator = new Generator(options.seed).fork('study');
  const weights = new Float64Array(rows);
  const drawn = Array.from({ length: RESAMPLES }, () => {
    weights.fill(0);
    for (let draw = 0; draw < rows; draw++) weights[generator.integer(rows)]++;
    return mean(
      pairs.map(() => pairs[generator.integer(pairs.length)]),
      weights,
    );
  }).filter((value) => !Number.isNaN(value));
  const intervalAt = (tail: number): Interval => [quantile(drawn, tail / 2), quantile(drawn, 1 - tail / 2)];
  const [low, high] = intervalAt(0.05 / Math.max(1, options.comparisons));
  return { value: mean(pairs, allRows(rows)), interval: intervalAt(0.05), isReal: low > 0 || high < 0 };
}
