import { TesseraError } from '../tensor/index.js';
import type { Predictions } from './metrics/predictions.js';

/** What is predicted, without any rows: the task, and the names of its classes or tags. */
export type Target =
  | { readonly task: 'classification'; readonly classes: readonly string[] }
  | { readonly task: 'tags'; readonly tags: readonly string[] }
  | { readonly task: 'regression' };

/** The number of outputs of a row. */
export const outputCount = (target: Target): number =>
  target.task === 'regression' ? 1 : target.task === 'tags' ? target.tags.length : target.classes.length;

/** Targets and outputs as predictions of a task. */
export const predictionsOf = (target: Target, targets: ArrayLike<number>, outputs: ArrayLike<number>): Predictions => ({
  ...target,
  targets,
  outputs,
});

/**
 * The baseline that looks at no field: the frequency of each class or tag among the training rows, or the mean of
 * their numbers. Its accuracy is that of the largest class.
 *
 * @param trained The targets of the training rows.
 * @param targets The targets of the rows to predict.
 * @throws TesseraError if there are no training rows.
 */
export function majorityBaseline(target: Target, trained: ArrayLike<number>, targets: ArrayLike<number>): Predictions {
  const outputs = frequenciesOf(target, trained);
  const rows = targets.length / (target.task === 'tags' ? outputs.length : 1);
  return predictionsOf(
    target,
    targets,
    Float64Array.from({ length: rows * outputs.length }, (_, at) => outputs[at % outputs.length]),
  );
}

/** The constant outputs with the lowest loss on some targets: means of numbers, tags, or one-hot classes. */
export function frequenciesOf(target: Target, targets: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(outputCount(target));
  const rows = target.task === 'tags' ? targets.length / sums.length : targets.length;
  if (rows === 0) throw new TesseraError('majorityBaseline: there are no training rows; expected at least one');
  for (let at = 0; at < targets.length; at++) {
    if (target.task === 'classification') sums[targets[at]]++;
    else sums[at % sums.length] += targets[at];
  }
  return sums.map((sum) => sum / rows);
}
