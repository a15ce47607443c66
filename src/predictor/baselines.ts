import { TesseraError } from '../tensor/index.js';
import {
  type NumericPredictions,
  type NumericTarget,
  outputsPerRow,
  predictionsOf,
  type TranscriptPredictions,
} from './metrics/predictions.js';

/**
 * The baseline that uses no field: the frequency of each class or tag among the training rows, or the mean of
 * their numbers. Its accuracy is that of the largest class.
 *
 * @param trained The targets of the training rows.
 * @param targets The targets of the rows to predict.
 * @throws TesseraError if there are no training rows.
 */
export function majorityBaseline(
  target: NumericTarget,
  trained: ArrayLike<number>,
  targets: ArrayLike<number>,
): NumericPredictions {
  const outputs = frequenciesOf(target, trained);
  const rows = targets.length / (target.task === 'tags' ? outputs.length : 1);
  return predictionsOf(
    target,
    targets,
    Float64Array.from({ length: rows * outputs.length }, (_, at) => outputs[at % outputs.length]),
  );
}

/** The baseline of transcripts that uses no field: always the most frequent transcript of the training rows. */
export function mostFrequentTranscript(trained: readonly string[], targets: readonly string[]): TranscriptPredictions {
  if (trained.length === 0)
    throw new TesseraError('mostFrequentTranscript: there are no training rows; expected at least one');
  const counts = new Map<string, number>();
  for (const text of trained) counts.set(text, (counts.get(text) ?? 0) + 1);
  const [most] = [...counts].reduce((best, own) => (own[1] > best[1] ? own : best));
  return { task: 'transcription', targets, outputs: targets.map(() => most) };
}

/** The constant outputs with the lowest loss on some targets: means of numbers, tags, or one-hot classes. */
export function frequenciesOf(target: NumericTarget, targets: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(outputsPerRow(target));
  const rows = target.task === 'tags' ? targets.length / sums.length : targets.length;
  if (rows === 0) throw new TesseraError('majorityBaseline: there are no training rows; expected at least one');
  for (let at = 0; at < targets.length; at++) {
    if (target.task === 'classification') sums[targets[at]]++;
    else sums[at % sums.length] += targets[at];
  }
  return sums.map((sum) => sum / rows);
}
