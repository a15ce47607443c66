import { GPT_PRESETS, type GPTOptions } from '../models/index.js';
import { TesseraError } from '../tensor/index.js';
import {
  anything,
  boolean,
  type Check,
  type Checks,
  checkOptions,
  fraction,
  listOf,
  nonNegative,
  nonNegativeInteger,
  oneOf,
  optional,
  positive,
  positiveInteger,
  text,
} from '../tensor/options.js';
import type { PresetName } from './presets.js';
import type { TextIdentity } from './text-data.js';

/** The sizes and settings of a run's model. The vocabulary is that of its tokens. */
export type GPTModelConfig = Readonly<Required<Omit<GPTOptions, 'vocabulary' | 'seed'>>>;

/** How a run is trained. */
export interface GPTTrainingConfig {
  /** The number of updates of the parameters. */
  readonly steps: number;
  /** The number of blocks of a batch. */
  readonly batch: number;
  /** The number of batches whose mean gradient makes a step. */
  readonly accumulate: number;
  /** The largest learning rate: linear warm-up over `warmUp` steps, then half a cosine down to `finalLearningRate`. */
  readonly learningRate: number;
  readonly finalLearningRate: number;
  readonly warmUp: number;
  /** The decay of AdamW's mean of squared gradients; that of the mean is 0.9. */
  readonly beta2: number;
  /** The decay of matrices, embeddings included; biases and normalizations do not decay. */
  readonly weightDecay: number;
  /** The global norm to which gradients are clipped. */
  readonly clipNorm: number;
  /** The number of steps between two evaluations. */
  readonly evaluateEvery: number;
  /** The number of random batches of an evaluation, of each part. */
  readonly evaluationBatches: number;
  /** The number of tokens that are sampled after an evaluation; 0 for none. */
  readonly sampleLength: number;
}

/** Everything that is needed to train a run again, `config.json` in its folder; its tokens are in `tokens.json`. */
export interface GPTConfig {
  readonly version: typeof VERSION;
  /** The files of the text, as they were given, none for the text of a package; and what identifies it. */
  readonly text: TextIdentity & { readonly files: readonly string[] };
  /** The seed of the initial weights, the batches, the dropout and the samples. */
  readonly seed: number;
  readonly model: GPTModelConfig;
  readonly training: GPTTrainingConfig;
  /** The command that began the run, for the report. */
  readonly command: string;
}

const VERSION = 'gpt-1';

/** Settings that are chosen; the preset decides the others. */
export interface ChosenSettings {
  readonly model?: Partial<GPTModelConfig>;
  readonly training?: Partial<GPTTrainingConfig>;
}

/** The batches of an evaluation by preset, and the steps between two, in nanoGPT's commands. */
const EVALUATION_BATCHES: Readonly<Record<PresetName, number>> = { cpu: 20, gpu: 200 };
const EVALUATE_EVERY = 250;
/** Warm-up takes no more than this part of the steps. */
const LARGEST_WARM_UP = 1 / 20;

/** The settings of a preset with some chosen; the learning rate falls to a tenth unless that is chosen too. */
export function settingsOf(
  name: PresetName,
  { model, training }: ChosenSettings,
): { readonly model: GPTModelConfig; readonly training: GPTTrainingConfig } {
  const preset = GPT_PRESETS[name];
  const { steps = preset.steps, learningRate = preset.learningRate[0] } = training ?? {};
  const settings = {
    model: { gelu: 'exact', positions: 'learned', recompute: false, block: preset.block, ...preset.model, ...model },
    training: {
      steps,
      batch: preset.batch,
      accumulate: 1,
      learningRate,
      finalLearningRate: learningRate / 10,
      warmUp: Math.min(preset.warmUp, Math.floor(steps * LARGEST_WARM_UP)),
      beta2: preset.beta2,
      weightDecay: preset.weightDecay,
      clipNorm: preset.clipNorm,
      evaluateEvery: EVALUATE_EVERY,
      evaluationBatches: EVALUATION_BATCHES[name],
      sampleLength: 200,
      ...training,
    },
  } as const;
  expectSchedule(settings.training);
  return settings;
}

/** @throws TesseraError if the schedule is over before the warm-up. */
function expectSchedule({ steps, warmUp }: GPTTrainingConfig): void {
  if (warmUp >= steps)
    throw new TesseraError(`warmUp: expected fewer than the ${steps} steps of the training, got ${warmUp}`);
}

const MODEL_CHECKS: Checks<GPTModelConfig> = {
  block: positiveInteger,
  layers: positiveInteger,
  heads: positiveInteger,
  width: positiveInteger,
  dropout: fraction,
  bias: boolean,
  gelu: oneOf('exact', 'tanh'),
  positions: oneOf('learned', 'rotary'),
  recompute: boolean,
};

const TRAINING_CHECKS: Checks<GPTTrainingConfig> = {
  steps: positiveInteger,
  batch: positiveInteger,
  accumulate: positiveInteger,
  learningRate: positive,
  finalLearningRate: nonNegative,
  warmUp: nonNegativeInteger,
  beta2: fraction,
  weightDecay: nonNegative,
  clipNorm: positive,
  evaluateEvery: positiveInteger,
  evaluationBatches: positiveInteger,
  sampleLength: nonNegativeInteger,
};

/** Checks of options of which each may be left out. */
const optionally = <Options>(checks: Checks<Options>): Checks<Partial<Options>> =>
  Object.fromEntries(Object.entries<Check>(checks).map(([name, check]) => [name, optional(check)])) as Checks<
    Partial<Options>
  >;

/**
 * Checks settings of a file, such as the `config.json` of a run, of which the text, the tokens and the command are not
 * taken. @throws TesseraError that names what is unknown or wrong.
 */
export function parseSettings(json: unknown): ChosenSettings & { readonly seed?: number } {
  const { model, training, seed } = checkOptions('config', json as Partial<GPTConfig>, {
    version: anything,
    text: anything,
    command: anything,
    model: anything,
    training: anything,
    seed: optional(nonNegativeInteger),
  });
  if (model !== undefined) checkOptions('config.model', model, optionally(MODEL_CHECKS));
  if (training !== undefined) checkOptions('config.training', training, optionally(TRAINING_CHECKS));
  return { model, training, seed };
}

/** Checks the configuration of a run. @throws TesseraError that names what is unknown or wrong. */
export function parseGPTConfig(json: unknown): GPTConfig {
  const version = (json as Partial<GPTConfig> | undefined)?.version;
  if (version !== VERSION)
    throw new TesseraError(
      `config: expected version '${VERSION}', got ${JSON.stringify(version)}; it is no run of 'tessera gpt train', or of another version`,
    );
  const config = checkOptions('config', json as GPTConfig, {
    version: anything,
    text: anything,
    seed: nonNegativeInteger,
    model: anything,
    training: anything,
    command: text,
  });
  checkOptions('config.text', config.text, { files: listOf(text), characters: positiveInteger, hash: text });
  checkOptions('config.model', config.model, MODEL_CHECKS);
  checkOptions('config.training', config.training, TRAINING_CHECKS);
  expectSchedule(config.training);
  return config;
}

/** A configuration of this version. */
export const configOf = (config: Omit<GPTConfig, 'version'>): GPTConfig => ({ version: VERSION, ...config });
