import { type BatchSource, loader } from '../data/loader.js';
import type { SchemaTarget } from '../data/schema.js';
import type { Multimodal } from '../models/index.js';
import { TesseraError } from '../tensor/index.js';
import { type Predictions, predictionsOf } from './metrics/predictions.js';
import { inUnit, taskTarget } from './targets.js';

/** The number of rows that are predicted at once. */
const SIZE = 128;

/** The outputs of a model for rows. */
export interface Outputs {
  /** Probabilities (rows, classes) or numbers (rows), in the order of the rows that were asked for. */
  readonly outputs: Float32Array;
  /** The targets, where the rows have them: class ids (rows), standardized numbers (rows), or tags (rows, tags). */
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
    outputs.push(Float32Array.from(values));
    if (truth !== undefined) targets.push(Float32Array.from(truth));
    done += batch.length;
    onRows?.(done);
  }
  return { outputs: joined(outputs), ...(targets.length > 0 ? { targets: joined(targets) } : {}) };
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
  return predictionsOf(taskTarget(target), inUnit(target, targets), outputs);
}
