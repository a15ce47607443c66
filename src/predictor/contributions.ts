import { Generator, TesseraError } from '../tensor/index.js';
import { checkOptions, nonNegativeInteger } from '../tensor/options.js';
import { METRICS } from './metrics.js';

/** The contributions of fields to the predictions of a model. */
export interface Contributions {
  /** The number of rows on which it was measured. */
  readonly rows: number;
  /** The metric on them as they are. */
  readonly all: number;
  readonly fields: readonly Contribution[];
}

/** The contribution of a field to the predictions of a model. */
export interface Contribution {
  /** The field's name. */
  readonly name: string;
  /** The metric with all other fields permuted among the rows, so that only this one is informative. */
  readonly alone: number;
  /** The metric with this field permuted among the rows, so that it is not informative. */
  readonly without: number;
}

/**
 * What each field adds, by permutation (Breiman 2001): a field is made useless by reading it from the rows in random
 * order, so that its values stay as likely as they were. The model is not trained again: what a field alone could
 * reach with a model of its own is more than `alone` says.
 *
 * @param score The metric of rows whose fields are read from the given rows; those that are not named keep their own.
 * @throws TesseraError if there are no fields.
 */
export async function contributionsOf(
  fields: readonly string[],
  rows: number,
  score: (order: ReadonlyMap<string, Uint32Array>) => Promise<number>,
  options: { /** The seed of the random orders. */ readonly seed: number },
): Promise<Contributions> {
  const { seed } = checkOptions('contributionsOf', options, { seed: nonNegativeInteger });
  if (fields.length === 0) throw new TesseraError('contributionsOf: there are no fields; expected at least one');
  const generator = new Generator(seed).fork('contributions');
  const orders = new Map(fields.map((name) => [name, generator.permutation(rows)]));
  const scoreOf = (mixed: (name: string) => boolean) => score(new Map([...orders].filter(([name]) => mixed(name))));
  const all = await score(new Map());
  const contributions: Contribution[] = [];
  for (const name of fields)
    contributions.push({
      name,
      alone: await scoreOf((other) => other !== name),
      without: await scoreOf((other) => other === name),
    });
  return { rows, all, fields: contributions };
}

/** The difference by which a metric is better with a field than without it. */
export const gainOf = ({ all }: Contributions, { without }: Contribution, metric: string): number =>
  METRICS[metric].higherIsBetter ? all - without : without - all;

/** The fields by what they add, the largest gain first. */
export const byGain = (contributions: Contributions, metric: string): Contribution[] =>
  [...contributions.fields].sort((a, b) => gainOf(contributions, b, metric) - gainOf(contributions, a, metric));
