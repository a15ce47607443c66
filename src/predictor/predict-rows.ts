import { type BatchSource, loader } from '../data/loader.js';
import type { SchemaTarget } from '../data/schema.js';
import { ctcBeamSearch, type Multimodal, TranscriptionTask } from '../models/index.js';
import { TesseraError } from '../tensor/index.js';
import { type Predictions, predictionsOf } from './metrics/predictions.js';
import { inUnit, taskTarget, transcriptsOf } from './targets.js';

/** The number of rows that are predicted at once. */
const SIZE = 128;

/** The outputs of a model for rows. */
export interface Outputs {
  /**
   * Probabilities (rows, classes), numbers (rows), or symbols (rows, longest) followed by 0, in the order of the rows
   * that were asked for.
   */
  readonly outputs: Float32Array;
  /** The targets, where the rows have them, as batches do. */
  readonly targets?: Float32Array;
}

/**
 * Computes the predictions of a model for some rows, and reads them back to the host. The model is put in inference
 * mode. `onRows` is called after each batch with the number of rows done, and may throw to stop.
 */
export async function outputsOf(
  model: Multimodal,
  encoded: BatchSource,
  rows: Uint32Array,
  onRows?: (done: number) => void,
): Promise<Outputs> {
  model.eval();
  const [outputs, targets]: Float32Array[][] = [[], []];
  let done = 0;
  for await (const { rows: batch, fields, target } of loader(encoded, rows, { size: SIZE })) {
    const predicted = model.task.predict(model.forward(fields));
    const [values, truth] = await Promise.all([predicted.data(), target?.data()]);
    outputs.push(
      model.task instanceof TranscriptionTask ? decodeTranscripts(values, predicted.shape) : Float32Array.from(values),
    );
    if (truth !== undefined) targets.push(Float32Array.from(truth));
    done += batch.length;
    onRows?.(done);
  }
  return { outputs: joined(outputs), ...(targets.length > 0 ? { targets: joined(targets) } : {}) };
}

/** The most probable symbols of log probabilities (rows, time, classes): (rows, time), followed by 0. */
export function decodeTranscripts(values: ArrayLike<number>, [rows, time, classes]: readonly number[]): Float32Array {
  const all = Float32Array.from(values);
  const symbols = new Float32Array(rows * time);
  for (let row = 0; row < rows; row++) {
    const own = all.subarray(row * time * classes, (row + 1) * time * classes);
    symbols.set(ctcBeamSearch(own, { classes }).labels, row * time);
  }
  return symbols;
}

function joined(chunks: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/**
 * Predicts rows that have targets; `onRows` as in `outputsOf`.
 * @throws TesseraError if the rows have none.
 */
export async function predictRows(
  model: Multimodal,
  target: SchemaTarget,
  encoded: BatchSource,
  rows: Uint32Array,
  onRows?: (done: number) => void,
): Promise<Predictions> {
  const { outputs, targets } = await outputsOf(model, encoded, rows, onRows);
  if (targets === undefined) throw new TesseraError(`the rows have no target; expected the column '${target.column}'`);
  const task = taskTarget(target);
  if (task.task !== 'transcription') return predictionsOf(task, inUnit(target, targets), outputs);
  const transcripts = (symbols: Float32Array) => transcriptsOf(target, symbols, rows.length);
  return { ...task, targets: transcripts(targets), outputs: transcripts(outputs) };
}
