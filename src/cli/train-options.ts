import { type Command, InvalidArgumentError, Option } from 'commander';
import { FUSIONS, type FusionName } from '../models/fusion/names.js';
import { integer } from './integer.js';
import type { TableOptions } from './table-options.js';

/*
 * The flags of `tessera train` for a table. This file loads fast, for the help.
 */

/** The flags of `train`, beside those of every table. */
export interface ModelOptions {
  readonly fusion?: FusionName;
  readonly encoder?: Readonly<Record<string, string>>;
  readonly width?: number;
  readonly hidden?: number;
  readonly imageSize?: number;
  readonly dropout?: number;
  readonly modalityDropout?: number;
  readonly epochs?: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly weightDecay?: number;
  readonly patience?: number;
  readonly minutes?: number;
  readonly balanced?: boolean;
  readonly augment?: boolean;
}

/** The options of `tessera train` with a table. */
export interface TrainTableOptions extends TableOptions, ModelOptions {
  readonly out?: string;
  readonly resume?: string | true;
  readonly overwrite?: boolean;
}

/** Adds the flags that say what model is trained, and how. */
export function addTrainOptions(command: Command): Command {
  return addModelOptions(
    command.addOption(
      new Option('--fusion <name>', 'how the fields are fused (default: concatenation)').choices(FUSIONS),
    ),
  )
    .option('--patience <epochs>', 'epochs without a better validation metric before the end (default: 8)', integer(1))
    .option('--minutes <number>', 'time for the training steps; their number follows from it', positiveOf)
    .option('--balanced', 'let all classes weigh the same, however many rows they have');
}

/** Adds the flags of encoders, sizes and steps. */
export function addModelOptions(command: Command): Command {
  return command
    .option('--encoder <names>', 'encoders by column or kind, such as title=transformer,image=vit', encodersOf)
    .option(
      '--width <number>',
      'size of the features of texts, images, sounds and sequences and of the fused vector (default: 128; 64 on a software adapter; 256 without them)',
      multipleOf4,
    )
    .option(
      '--hidden <number>',
      'units of a hidden layer in front of the outputs, 0 for none (default: 0; 128 without texts, images, sounds and sequences)',
      integer(0, 65_536),
    )
    .option(
      '--image-size <pixels>',
      'height and width to which images are scaled (default: 64; 32 on a software adapter)',
      integer(8, 512),
    )
    .option(
      '--dropout <fraction>',
      'dropout of features (default: 0.3; 0.1 with sounds but no texts, images and sequences; 0.2 without any of them)',
      fractionOf,
    )
    .option(
      '--modality-dropout <fraction>',
      'how often training leaves out a field of a row (default: 0.1, but at most 0.2 fields of a row on average)',
      fractionOf,
    )
    .option('--batch <number>', 'rows of a step (default: 32 to 512, by the number of rows)', integer(1, 4096))
    .option('--learning-rate <number>', 'largest learning rate of the schedule (default: 0.002)', positiveOf)
    .option('--weight-decay <number>', 'decay of weight matrices (default: 0.01)', nonNegativeOf)
    .option('--no-augment', 'do not flip, crop and recolor images, nor shift sounds and add noise, in training');
}

function encodersOf(text: string, previous: Readonly<Record<string, string>> = {}): Record<string, string> {
  const pairs = text.split(',').map((pair) => {
    const at = pair.lastIndexOf('=');
    if (at < 1 || at === pair.length - 1)
      throw new InvalidArgumentError("expected a column or kind and an encoder, such as 'title=gru'.");
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return { ...previous, ...Object.fromEntries(pairs) };
}

const numberThat = (what: string, fits: (value: number) => boolean) => (text: string) => {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value) || !fits(value)) throw new InvalidArgumentError(`expected ${what}.`);
  return value;
};
/** The fusions of a study, the first of which the others are compared with. */
export function fusionsOf(text: string): FusionName[] {
  const names = text.split(',') as FusionName[];
  const unknown = names.find((name) => !FUSIONS.includes(name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`'${unknown}' is no fusion; there are ${FUSIONS.join(', ')}.`);
  if (new Set(names).size < names.length) throw new InvalidArgumentError('a fusion is named twice.');
  return names;
}

/** A number above 0. */
export const positiveOf = numberThat('a number above 0', (value) => value > 0);
/** A number of at least 0. */
export const nonNegativeOf = numberThat('a number of at least 0', (value) => value >= 0);
/** A fraction from 0 to below 1. */
export const fractionOf = numberThat('a number from 0 to below 1', (value) => value >= 0 && value < 1);
const multipleOf4 = numberThat('a positive multiple of 4', (value) => value > 0 && value % 4 === 0);
/** A fraction above 0, up to 1. */
export const shareOf = numberThat('a number above 0, up to 1', (value) => value > 0 && value <= 1);
