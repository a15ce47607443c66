import { predictedClasses } from './metrics/classification.js';
import { checkPredictions, type Predictions, type TranscriptPredictions } from './metrics/predictions.js';
import { TAG_THRESHOLD } from './metrics/tags.js';
import { editDistance } from './metrics/transcription.js';

/** A prediction that is wrong. */
export interface WrongPrediction {
  /** Its index among the predictions. */
  readonly row: number;
  /** The true class, number, tags or transcript. */
  readonly expected: string;
  /** The predicted class, number, tags or transcript. */
  readonly predicted: string;
  /** The probability of what was predicted; numbers and transcripts have none. */
  readonly probability?: number;
}

/** How many digits numbers are written with. */
const DIGITS = 4;

/**
 * The mistakes of which the model is surest: wrong classes with the largest probability, numbers that are farthest
 * off, rows with the tag that is farthest off, and transcripts with the most errors.
 * @throws TesseraError if the predictions are not consistent.
 */
export function surestMistakes(predictions: Predictions, count: number): WrongPrediction[] {
  checkPredictions('surestMistakes', predictions);
  return wrongPredictions(predictions)
    .sort((a, b) => b.size - a.size || a.row - b.row)
    .slice(0, count)
    .map(({ size, ...mistake }) => mistake);
}

/** All mistakes, with the size by which they are ordered. */
function wrongPredictions(predictions: Predictions): (WrongPrediction & { readonly size: number })[] {
  if (predictions.task === 'transcription') return wrongTranscripts(predictions);
  const { targets, outputs } = predictions;
  switch (predictions.task) {
    case 'classification': {
      const { classes } = predictions;
      return Array.from(predictedClasses(predictions), (label, row) => ({ label, row }))
        .filter(({ label, row }) => label !== targets[row])
        .map(({ label, row }) => {
          const probability = outputs[row * classes.length + label];
          return { row, expected: classes[targets[row]], predicted: classes[label], probability, size: probability };
        });
    }
    case 'regression':
      return Array.from(targets, (target, row) => ({
        row,
        expected: String(Number(target.toPrecision(DIGITS))),
        predicted: String(Number(outputs[row].toPrecision(DIGITS))),
        size: Math.abs(outputs[row] - target),
      }));
    case 'tags': {
      const { tags } = predictions;
      const written = (isOn: (at: number) => boolean, row: number) =>
        tags.filter((_, tag) => isOn(row * tags.length + tag)).join(', ') || 'none';
      return Array.from({ length: targets.length / tags.length }, (_, row) => ({
        row,
        expected: written((at) => targets[at] === 1, row),
        predicted: written((at) => outputs[at] >= TAG_THRESHOLD, row),
        size: Math.max(
          ...tags.map((_, tag) => Math.abs(outputs[row * tags.length + tag] - targets[row * tags.length + tag])),
        ),
      })).filter(({ expected, predicted }) => expected !== predicted);
    }
  }
}

function wrongTranscripts({ targets, outputs }: TranscriptPredictions) {
  return targets
    .map((expected, row) => ({ row, expected, predicted: outputs[row] || '(nothing)' }))
    .filter(({ row, expected }) => outputs[row] !== expected)
    .map((wrong) => ({ ...wrong, size: editDistance(Array.from(wrong.expected), Array.from(outputs[wrong.row])) }));
}
