import { Generator, TesseraError } from '../../tensor/index.js';
import { anything, checkOptions, nonNegativeInteger, optional, positiveInteger } from '../../tensor/options.js';
import type { Metric } from './metric.js';

/** The bounds of a 95% confidence interval. */
export type Interval = readonly [low: number, high: number];

/** Options of `bootstrap`. */
export interface BootstrapOptions {
  /** The seed of the resamples. */
  readonly seed: number;
  /** The group of each row, as any number: groups are drawn as a whole. Default: each row is its own group. */
  readonly groups?: ArrayLike<number>;
  /** The number of resamples. Default 1,000. */
  readonly resamples?: number;
}

/** More groups than this are gathered in that many random blocks, which keeps the variance and bounds the draws. */
const MAXIMUM_UNITS = 2000;
/** A metric that is defined on fewer resamples than this fraction has no interval. */
const DEFINED_FRACTION = 0.9;

/**
 * 95% intervals by the percentile bootstrap (Efron 1979): rows are drawn with replacement, and the interval spans the
 * 2.5th to the 97.5th percentile of the metric over the resamples. Rows of one group are drawn together, since they
 * are not independent. All metrics are computed on the same resamples, so the difference of two metrics is a metric as
 * well. A metric that is not defined on most resamples is left out; a single row or group has no deviation, and gives no
 * intervals.
 *
 * @throws TesseraError if an option is unknown or invalid, or there are not as many groups as rows.
 */
export function bootstrap<Name extends string>(
  metrics: Readonly<Record<Name, Metric>>,
  rows: number,
  options: BootstrapOptions,
): Partial<Record<Name, Interval>> {
  const {
    seed,
    groups,
    resamples = 1000,
  } = checkOptions('bootstrap', options, {
    seed: nonNegativeInteger,
    groups: anything,
    resamples: optional(positiveInteger),
  });
  if (groups !== undefined && groups.length !== rows)
    throw new TesseraError(`bootstrap: ${groups.length} groups for ${rows} rows; expected one for each`);
  const generator = new Generator(seed).fork('bootstrap');
  const { units, count } = drawnUnits(rows, groups, generator);
  if (count < 2) return {};
  const names = Object.keys(metrics) as Name[];
  const values = names.map(() => [] as number[]);
  const weights = new Float64Array(rows);
  const draws = new Float64Array(count);
  for (let resample = 0; resample < resamples; resample++) {
    draws.fill(0);
    for (let draw = 0; draw < count; draw++) draws[generator.integer(count)]++;
    for (let row = 0; row < rows; row++) weights[row] = draws[units[row]];
    names.forEach((name, at) => {
      const value = metrics[name](weights);
      if (!Number.isNaN(value)) values[at].push(value);
    });
  }
  const defined = names.flatMap((name, at): [Name, Interval][] =>
    values[at].length < DEFINED_FRACTION * resamples
      ? []
      : [[name, [quantile(values[at], 0.025), quantile(values[at], 0.975)]]],
  );
  return Object.fromEntries(defined) as Partial<Record<Name, Interval>>;
}

/** What is drawn as a whole: the unit of each row. */
function drawnUnits(
  rows: number,
  groups: ArrayLike<number> | undefined,
  generator: Generator,
): { units: Uint32Array; count: number } {
  const numbers = new Map<number, number>();
  const units = Uint32Array.from({ length: rows }, (_, row) => {
    const group = groups === undefined ? row : groups[row];
    const known = numbers.get(group);
    if (known !== undefined) return known;
    numbers.set(group, numbers.size);
    return numbers.size - 1;
  });
  if (numbers.size <= MAXIMUM_UNITS) return { units, count: numbers.size };
  const order = generator.permutation(numbers.size);
  return { units: units.map((unit) => order[unit] % MAXIMUM_UNITS), count: MAXIMUM_UNITS };
}

/** The q-quantile of values, interpolated linearly between the two nearest. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = q * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (at - Math.floor(at)) * (high - low);
}
