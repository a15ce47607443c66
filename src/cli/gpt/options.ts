import { type Command, Option } from 'commander';
import { PRESETS, type PresetName } from '../../gpt/presets.js';
import type { DeviceChoice } from '../../gpu/device.js';
import { integer } from '../integer.js';
import { fractionOf, nonNegativeOf, positiveOf, shareOf } from '../train-options.js';

/*
 * The flags of `tessera gpt`. This file loads fast, for the help.
 */

/** The flags of the model, by the names of its settings. */
export interface ModelFlags {
  readonly layers?: number;
  readonly heads?: number;
  readonly width?: number;
  readonly block?: number;
  readonly dropout?: number;
  readonly bias?: boolean;
  readonly positions?: 'learned' | 'rotary';
  readonly recompute?: boolean;
}

/** The flags of the training, by the names of its settings. */
export interface TrainingFlags {
  readonly steps?: number;
  readonly batch?: number;
  readonly accumulate?: number;
  readonly learningRate?: number;
  readonly finalLearningRate?: number;
  readonly warmUp?: number;
  readonly weightDecay?: number;
  readonly clipNorm?: number;
  readonly beta2?: number;
  readonly evaluateEvery?: number;
  readonly evaluationBatches?: number;
  readonly sampleLength?: number;
}

/** The options of `tessera gpt train`. */
export interface GPTTrainOptions extends ModelFlags, TrainingFlags {
  readonly preset?: PresetName;
  readonly tokens?: string;
  readonly config?: string;
  readonly seed?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly overwrite?: boolean;
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/** The options of `tessera gpt sample`. */
export interface GPTSampleOptions {
  readonly prompt?: readonly string[];
  readonly length: number;
  readonly count: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly repetitionPenalty?: number;
  readonly stop?: string;
  readonly seed: number;
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

const MOST_STEPS = 100_000_000;
const MOST_TOKENS = 1_000_000;

/** Adds the flags that say what model is trained, on what tokens, and how. */
export const addGPTTrainOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--preset <name>',
        "nanoGPT's settings for a CPU or a GPU, which the flags below change (default: gpu, or cpu on a software adapter)",
      ).choices(PRESETS),
    )
    .option(
      '--tokens <kind>',
      "'chars', the characters of the text, or a tokenizer.json, such as of byte pairs (default: chars)",
    )
    .option('--config <file>', 'settings as JSON, such as the config.json of a run; flags go before it')
    .option('--layers <number>', 'layers of the model', integer(1, 1000))
    .option('--heads <number>', 'heads of the attention; they divide the width', integer(1, 1000))
    .option('--width <number>', 'features of a token', integer(1, 65_536))
    .option('--block <number>', 'tokens that are seen at once', integer(1, 65_536))
    .option('--dropout <fraction>', 'dropout of embeddings, attention and residuals', fractionOf)
    .option('--bias', 'linear layers and normalizations have biases')
    .option('--no-bias', 'they have none (default)')
    .addOption(
      new Option('--positions <kind>', 'how the order of tokens is known (default: learned)').choices([
        'learned',
        'rotary',
      ]),
    )
    .option('--recompute', 'compute the features of layers again for the gradients, to save memory')
    .option('--steps <number>', 'updates of the parameters', integer(1, MOST_STEPS))
    .option('--batch <number>', 'blocks of a batch', integer(1, 65_536))
    .option('--accumulate <number>', 'batches whose mean gradient makes a step (default: 1)', integer(1, 65_536))
    .option('--learning-rate <number>', 'largest learning rate', positiveOf)
    .option(
      '--final-learning-rate <number>',
      'learning rate at the end of the cosine (default: a tenth of it)',
      nonNegativeOf,
    )
    .option('--warm-up <steps>', 'steps in which the learning rate rises', integer(0, MOST_STEPS))
    .option('--weight-decay <number>', 'decay of matrices', nonNegativeOf)
    .option('--clip-norm <number>', 'norm to which gradients are clipped', positiveOf)
    .option('--beta2 <fraction>', "decay of AdamW's mean of squared gradients", fractionOf)
    .option('--evaluate-every <steps>', 'steps between evaluations (default: 250)', integer(1, MOST_STEPS))
    .option(
      '--evaluation-batches <number>',
      'random batches of an evaluation, of each part of the text',
      integer(1, 100_000),
    )
    .option(
      '--sample-length <number>',
      'tokens that the model writes at each evaluation, 0 for none (default: 200)',
      integer(0, MOST_TOKENS),
    )
    .option('--seed <number>', 'seed of initial weights, batches, dropout and samples (default: 0)', integer(0))
    .option('--out <folder>', 'folder of the run (default: runs/NAME-seedSEED)')
    .addOption(new Option('--resume <run>', 'continue an interrupted run').conflicts(['out', 'overwrite']))
    .option('--overwrite', 'replace the run that the folder has');

/** Adds the flags that say how texts are written. */
export const addGPTSampleOptions = (command: Command): Command =>
  command
    .option('--prompt <text>', 'text to go on from; several flags give several texts (default: a line end)', collect)
    .option('--length <number>', 'tokens to write', integer(1, MOST_TOKENS), 500)
    .option('--count <number>', 'texts of each prompt', integer(1, 1024), 1)
    .option(
      '--temperature <number>',
      'below 1 likely tokens become likelier; 0 takes the likeliest',
      nonNegativeOf,
      0.8,
    )
    .option('--top-k <number>', 'draw from the so many likeliest tokens (default: all)', integer(1))
    .option('--top-p <fraction>', 'draw from the fewest tokens of so much probability (default: all)', shareOf)
    .option('--repetition-penalty <number>', 'above 1 tokens that have come are less likely (default: 1)', positiveOf)
    .option('--stop <text>', 'end a text where this comes')
    .option('--seed <number>', 'seed of the draw', integer(0), 0);

const collect = (text: string, previous: readonly string[] = []): string[] => [...previous, text];
