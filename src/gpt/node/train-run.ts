import type { GPT } from '../../models/index.js';
import { TesseraError } from '../../tensor/index.js';
import type { GPTConfig } from '../config.js';
import { generate } from '../generate.js';
import type { EvaluationRecord, GPTProgress } from '../progress.js';
import type { TextData } from '../text-data.js';
import { trainGPT } from '../train-gpt.js';
import { Writer } from '../writer.js';
import { type GPTFolder, gptOf } from './gpt-folder.js';

/** Options of `trainRun`. */
export interface TrainRunOptions {
  /** Whether the training of the folder is continued. */
  readonly resume: boolean;
  /** A signal that stops the training, which is then saved. */
  readonly signal?: AbortSignal;
  /** Called once the model is made, before the training. */
  onModel?(model: GPT): void;
  onStep?(step: { readonly steps: number; readonly loss: number }): void;
  onEvaluation?(record: EvaluationRecord): void;
}

/** The temperature of samples on the way. */
const TEMPERATURE = 0.8;

/**
 * Trains the GPT of a run in its folder, which is locked by the caller. The folder has the best parameters in
 * `model.safetensors`, and the training in `checkpoint.safetensors`: continued, it takes the same steps as one that was
 * never stopped.
 */
export async function trainRun(
  folder: GPTFolder,
  data: TextData,
  config: GPTConfig,
  { resume, signal, ...hooks }: TrainRunOptions,
): Promise<GPTProgress> {
  const { tokenizer } = data;
  const model = gptOf(config, tokenizer);
  const start = resume && (await folder.has('checkpoint')) ? await folder.readTraining() : undefined;
  hooks.onModel?.(model);
  if (start === undefined) await folder.begin(config, tokenizer);
  await folder.writeMetrics(start?.progress.history ?? []);
  try {
    return await trainGPT(model, data, config.training, {
      seed: config.seed,
      start,
      signal,
      onStep: (step) => hooks.onStep?.(step),
      async onEvaluation(record) {
        await folder.appendMetrics(record);
        hooks.onEvaluation?.(record);
      },
      sample: (steps) => written(model, data, config, steps, signal),
      keep: (parameters) => folder.writeModel(parameters),
      save: (state) => folder.saveTraining(state),
    });
  } finally {
    for (const parameter of model.parameters()) parameter.dispose();
  }
}

/** What the model writes after some steps, from the first token of the held-out text on. */
async function written(
  model: GPT,
  { tokenizer, validation }: TextData,
  { seed, training }: GPTConfig,
  steps: number,
  signal: AbortSignal | undefined,
): Promise<string> {
  const writer = new Writer(tokenizer);
  const first = validation.subarray(0, 1);
  writer.push(first[0]);
  const settings = { length: training.sampleLength, seed: seed + steps, temperature: TEMPERATURE };
  for await (const [token] of generate(model, [first], settings)) {
    signal?.throwIfAborted();
    writer.push(token);
  }
  writer.end();
  return training.sampleLength === 0 ? '' : writer.text;
}

/** @throws TesseraError if a text is not the one that a run began with. */
export function expectSameText({ text }: GPTConfig, { identity }: Pick<TextData, 'identity'>): void {
  if (text.hash === identity.hash && text.characters === identity.characters) return;
  throw new TesseraError(
    `the text is not the one that the run began with: ${text.characters} characters then, ${identity.characters} now${text.characters === identity.characters ? ', with others among them' : ''}; restore it, or train again without --resume`,
  );
}
