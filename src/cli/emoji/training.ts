import { batchCount, batches, type PairedData } from '../../data/index.js';
import type { EmojiData } from '../../data/node/index.js';
import { type Modality, TextImageClassifier } from '../../models/index.js';
import { Adam, accuracy, ConfusionMatrix, crossEntropy, type StoredTensor } from '../../nn/index.js';
import { TesseraError } from '../../tensor/index.js';
import type { Terminal } from '../terminal.js';
import {
  type Checkpoint,
  MODALITIES,
  type ModelProgress,
  type RunState,
  saveCheckpoint,
  underPrefix,
} from './checkpoint.js';

/** The context of a training run. */
export interface Run {
  readonly file: string;
  readonly data: EmojiData;
  readonly terminal: Terminal;
  /** Aborted to stop the run, which then saves a checkpoint and returns. */
  readonly stop: AbortSignal;
}

/** Creates the model of one modality, with the sizes of a run. */
export function modelOf({ preset, seed, words, classes }: RunState, modality: Modality): TextImageClassifier {
  const { pixels, embedding, units, filters, dropout } = preset;
  // The embedding table of the Keras model has 10,000 rows, however many words there are.
  const vocabulary = preset.name === 'keras' ? 10_000 : words.length + 2;
  const sizes = {
    vocabulary,
    embedding,
    units,
    filters,
    dropout,
    image: [pixels, pixels, 3] as const,
    classes: classes.length,
  };
  return new TextImageClassifier({ ...sizes, modality, seed });
}

/**
 * Trains the three models one after the other, starting from a checkpoint; saves after each epoch and when stopped. A
 * resumed run takes the same steps as one that was never interrupted.
 */
export async function trainAll(start: Checkpoint, run: Run): Promise<Checkpoint> {
  let checkpoint = start;
  for (const modality of MODALITIES) {
    if (run.stop.aborted) break;
    if (!checkpoint.run.progress[modality]?.finished) checkpoint = await trainOne(checkpoint, modality, run);
  }
  return checkpoint;
}

async function trainOne(
  start: Checkpoint,
  modality: Modality,
  { file, data, terminal, stop }: Run,
): Promise<Checkpoint> {
  const { run } = start;
  const { preset, seed } = run;
  const model = modelOf(run, modality).train();
  const optimizer = new Adam(model.parameters(), { learningRate: preset.learningRate });
  const before = run.progress[modality];
  const perEpoch = batchCount(data.train.size, preset.batch);
  if (before !== undefined) {
    if (before.steps >= perEpoch * preset.epochs)
      throw new TesseraError(`'${file}': '${modality}' has ${before.steps} steps, more than its epochs have`);
    model.loadState(underPrefix(start.tensors, `${modality}.model.`));
    optimizer.loadState(underPrefix(start.tensors, `${modality}.optimizer.`));
  }

  let milliseconds = before?.milliseconds ?? 0;
  const save = async (finished: boolean): Promise<Checkpoint> => {
    const own = new Map([...start.tensors].filter(([name]) => !name.startsWith(`${modality}.`)));
    for (const [name, value] of await model.state()) own.set(`${modality}.model.${name}`, value);
    if (!finished) for (const [name, value] of await optimizer.state()) own.set(`${modality}.optimizer.${name}`, value);
    const progress: ModelProgress = { steps: optimizer.steps, milliseconds, finished };
    const checkpoint = { run: { ...run, progress: { ...run.progress, [modality]: progress } }, tensors: own };
    await saveCheckpoint(file, checkpoint);
    return checkpoint;
  };

  const shown = terminal.progress(perEpoch * preset.epochs, modality.padEnd(5));
  const epochAt = () => Math.floor(optimizer.steps / perEpoch);
  let checkpoint = start;
  try {
    while (epochAt() < preset.epochs && !stop.aborted) {
      const epoch = epochAt();
      for (const batch of batches(data.train, { size: preset.batch, seed, epoch, skip: optimizer.steps % perEpoch })) {
        const begin = performance.now();
        const logits = model.forward(batch);
        const loss = crossEntropy(logits, batch.labels);
        const correct = accuracy(logits, batch.labels);
        await optimizer.step(loss, { also: [correct] });
        const value = await loss.item();
        if (!Number.isFinite(value)) {
          throw new TesseraError(
            `train: the loss of '${modality}' is ${value} after ${optimizer.steps} steps, so the training has diverged; try another --seed`,
          );
        }
        const values = `epoch ${epoch + 1}/${preset.epochs} loss ${value.toFixed(3)} accuracy ${(await correct.item()).toFixed(2)}`;
        milliseconds += performance.now() - begin;
        shown.update(optimizer.steps, values);
        if (stop.aborted) break;
      }
      checkpoint = await save(epochAt() >= preset.epochs);
    }
  } finally {
    shown.stop();
    for (const parameter of model.parameters()) parameter.dispose();
    optimizer.dispose();
  }
  return checkpoint;
}

/** The evaluation of a model on a dataset. */
export interface Evaluation {
  readonly accuracy: number;
  /** The number of rows by [class][predicted class]. */
  readonly confusion: readonly (readonly number[])[];
}

/** Evaluates a trained model on a dataset. */
export async function evaluateModel(
  run: RunState,
  tensors: ReadonlyMap<string, StoredTensor>,
  modality: Modality,
  data: PairedData,
): Promise<Evaluation> {
  const model = modelOf(run, modality).eval();
  model.loadState(underPrefix(tensors, `${modality}.model.`));
  const matrix = new ConfusionMatrix({ classes: run.classes.length });
  for (const batch of batches(data, { size: 128 })) {
    const predicted = await model.forward(batch).argmax(-1).data();
    matrix.add(predicted, await batch.labels.data());
  }
  for (const parameter of model.parameters()) parameter.dispose();
  return { accuracy: matrix.accuracy, confusion: matrix.counts };
}
