import type { GPT } from '../../models/index.js';
import { versions } from '../../predictor/node/versions.js';
import { TesseraError } from '../../tensor/index.js';
import type { Baselines } from '../baselines.js';
import type { GPTConfig } from '../config.js';
import { wholeLoss } from '../losses.js';
import { bestOf, type GPTProgress, stepMillisecondsOf } from '../progress.js';
import type { GPTReport } from '../report.js';
import type { TextData } from '../text-data.js';
import type { GPTFolder } from './gpt-folder.js';

/** Options of `reportRun`. */
export interface ReportOptions {
  /** The name of the adapter. */
  readonly adapter: string;
  readonly baselines: Baselines;
  /** Called with the number of held-out tokens done; an error that it throws ends the report. */
  onTokens?(done: number): void;
}

/**
 * Measures the best parameters of a run that has ended on the whole held-out text, and writes `report.json`, which has all
 * that is known of the run.
 */
export async function reportRun(
  folder: GPTFolder,
  data: TextData,
  config: GPTConfig,
  progress: GPTProgress,
  { adapter, baselines, onTokens }: ReportOptions,
): Promise<GPTReport> {
  const best = bestOf(progress);
  if (best === undefined) throw new TesseraError(`the run in '${folder.folder}' has no evaluation; train it again`);
  const { model } = await folder.loadModel();
  const { tokenizer, train, validation, tokensPerCharacter } = data;
  const wholeValidation = await wholeLoss(model, validation, config.training.batch, onTokens);
  const report: GPTReport = {
    run: folder.folder,
    date: new Date().toISOString(),
    command: config.command,
    versions: versions(),
    adapter,
    seed: config.seed,
    text: {
      files: config.text.files,
      characters: config.text.characters,
      unit: tokenizer.unit,
      vocabulary: tokenizer.size,
      train: train.length,
      validation: validation.length,
      tokensPerCharacter,
    },
    model: config.model,
    training: config.training,
    parameters: sizeOf(model),
    steps: progress.steps,
    stepMilliseconds: stepMillisecondsOf(progress),
    keptStep: best.steps,
    loss: { train: best.train, validation: best.validation, wholeValidation },
    baselines,
    history: progress.history,
  };
  await folder.writeReport(report);
  return report;
}

/** The number of a model's parameters. */
export const sizeOf = (model: GPT): number => model.parameters().reduce((sum, { size }) => sum + size, 0);
