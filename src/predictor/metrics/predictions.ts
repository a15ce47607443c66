import { TesseraError } from '../../tensor/index.js';

/** Predictions of one class per row. */
export interface ClassPredictions {
  readonly task: 'classification';
  /** The names of the classes. */
  readonly classes: readonly string[];
  /** The class of each row, as an index: (rows). */
  readonly targets: ArrayLike<number>;
  /** The predicted probabilities, row-major: (rows, classes). */
  readonly outputs: ArrayLike<number>;
}

/** Predictions of a number per row, in the target's unit. */
export interface NumberPredictions {
  readonly task: 'regression';
  /** The true numbers: (rows). */
  readonly targets: ArrayLike<number>;
  /** The predicted numbers: (rows). */
  readonly outputs: ArrayLike<number>;
}

/** Predictions of any number of tags per row. */
export interface TagPredictions {
  readonly task: 'tags';
  /** The names of the tags. */
  readonly tags: readonly string[];
  /** 1 where a row has a tag, 0 where it has not, row-major: (rows, tags). */
  readonly targets: ArrayLike<number>;
  /** The predicted probabilities, row-major: (rows, tags). */
  readonly outputs: ArrayLike<number>;
}

/** Predictions of a transcript per row. */
export interface TranscriptPredictions {
  readonly task: 'transcription';
  /** The true transcripts: (rows). */
  readonly targets: readonly string[];
  /** The predicted transcripts: (rows). */
  readonly outputs: readonly string[];
}

/** Predictions that are numbers. */
export type NumericPredictions = ClassPredictions | NumberPredictions | TagPredictions;

/** Targets and predictions of some rows, on the host. */
export type Predictions = NumericPredictions | TranscriptPredictions;

/** What is predicted: one class, any number of tags, a number, or a transcript. */
export type TaskName = Predictions['task'];

/** What is predicted, without any rows: the task, and the names of its classes or tags. */
export type Target = NumericTarget | { readonly task: 'transcription' };
/** What is predicted as numbers. */
export type NumericTarget =
  | { readonly task: 'classification'; readonly classes: readonly string[] }
  | { readonly task: 'tags'; readonly tags: readonly string[] }
  | { readonly task: 'regression' };

/** The number of outputs of a row. */
export const outputsPerRow = (target: NumericTarget): number =>
  target.task === 'regression' ? 1 : target.task === 'tags' ? target.tags.length : target.classes.length;

/** Targets and outputs as predictions of a task. */
export const predictionsOf = (
  target: NumericTarget,
  targets: ArrayLike<number>,
  outputs: ArrayLike<number>,
): NumericPredictions => ({
  ...target,
  targets,
  outputs,
});

/** The number of rows. */
export const rowCount = (predictions: Predictions): number =>
  predictions.task === 'tags' ? predictions.targets.length / predictions.tags.length : predictions.targets.length;

/** The predictions of some rows, by their indices. */
export function selectRows<Some extends Predictions>(predictions: Some, rows: ArrayLike<number>): Some {
  if (predictions.task === 'transcription') {
    const pick = (texts: readonly string[]) => Array.from(rows, (row) => texts[row]);
    return { ...predictions, targets: pick(predictions.targets), outputs: pick(predictions.outputs) };
  }
  const select = (values: ArrayLike<number>) => {
    const width = values.length / rowCount(predictions);
    const at = (index: number) => rows[Math.floor(index / width)] * width + (index % width);
    return Float64Array.from({ length: rows.length * width }, (_, index) => values[at(index)]);
  };
  return { ...predictions, targets: select(predictions.targets), outputs: select(predictions.outputs) };
}

/** A row's probabilities must add up to 1 within this. */
const SUM_TOLERANCE = 1e-3;

/**
 * Checks predictions before anything is computed from them.
 * @throws TesseraError if there are no rows, sizes differ, or a target or prediction is not one of its task.
 */
export function checkPredictions(where: string, predictions: Predictions): void {
  if (predictions.task === 'transcription') {
    checkTranscripts(where, predictions);
    return;
  }
  const { task, targets, outputs } = predictions;
  const [rows, width] = [rowCount(predictions), outputsPerRow(predictions)];
  if (width === 0) throw new TesseraError(`${where}: there are no ${task === 'tags' ? 'tags' : 'classes'}`);
  if (rows === 0) throw new TesseraError(`${where}: there are no rows; expected at least one`);
  if (!Number.isInteger(rows) || outputs.length !== rows * width)
    throw new TesseraError(
      `${where}: ${targets.length} targets and ${outputs.length} outputs do not fit ${width} output(s) a row`,
    );
  const fitsTarget = {
    classification: (value: number) => Number.isInteger(value) && value >= 0 && value < width,
    tags: (value: number) => value === 0 || value === 1,
    regression: Number.isFinite,
  }[task];
  const oddTarget = indexOf(targets, (value) => !fitsTarget(value));
  if (oddTarget >= 0) {
    const expected = { classification: `0 to ${width - 1}`, tags: '0 or 1', regression: 'a finite number' }[task];
    const row = task === 'tags' ? Math.floor(oddTarget / width) : oddTarget;
    throw new TesseraError(`${where}: the target of row ${row} is ${targets[oddTarget]}; expected ${expected}`);
  }
  const fitsOutput =
    task === 'regression' ? Number.isFinite : (value: number) => value >= 0 && value <= 1 + SUM_TOLERANCE;
  const oddOutput = indexOf(outputs, (value) => !fitsOutput(value));
  if (oddOutput >= 0)
    throw new TesseraError(
      `${where}: row ${Math.floor(oddOutput / width)} has the output ${outputs[oddOutput]}; ` +
        `expected ${task === 'regression' ? 'a finite number' : 'a probability'}`,
    );
  if (task !== 'classification') return;
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let label = 0; label < width; label++) sum += outputs[row * width + label];
    if (Math.abs(sum - 1) > SUM_TOLERANCE)
      throw new TesseraError(`${where}: the probabilities of row ${row} add up to ${sum}; expected 1`);
  }
}

function indexOf(values: ArrayLike<number>, condition: (value: number) => boolean): number {
  for (let index = 0; index < values.length; index++) if (condition(values[index])) return index;
  return -1;
}

function checkTranscripts(where: string, { targets, outputs }: TranscriptPredictions): void {
  if (targets.length === 0) throw new TesseraError(`${where}: there are no rows; expected at least one`);
  if (targets.length !== outputs.length)
    throw new TesseraError(`${where}: ${targets.length} targets and ${outputs.length} outputs; expected as many`);
  const odd = [...targets, ...outputs].findIndex((text) => typeof text !== 'string');
  if (odd >= 0) throw new TesseraError(`${where}: expected texts as targets and outputs`);
}
