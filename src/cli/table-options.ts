import { type Command, InvalidArgumentError, Option } from 'commander';
import type { OnError } from '../data/cell-errors.js';
import { ENCODINGS, type Encoding } from '../data/encodings.js';
import type { GivenKind } from '../data/overrides.js';
import type { Fractions } from '../data/schema.js';
import { type SequenceFlag, sequenceFlag } from './sequence-flag.js';

/*
 * The flags of every command that reads a table, decides what its columns are and splits its rows. `addTableOptions`
 * adds them to a command, whose action gets them as `TableOptions`; `inspectGiven` in table-source.ts does what they
 * say. This file loads fast, for the help.
 */

/** The description of the argument `<tables...>`. */
export const TABLE_ARGUMENT =
  'CSV, TSV, JSON lines or Parquet, also packed by gzip, or a folder with a folder of images for each class (columns: image and label); several are one table';

/** The flags of how a table is read. */
export interface ReadFlags {
  readonly encoding?: Encoding;
  readonly delimiter?: string;
  readonly allowOutside?: boolean;
  readonly onError?: OnError;
  readonly sequence?: readonly SequenceFlag[];
}

/** The names of these flags. */
export const READ_FLAGS = [
  'encoding',
  'delimiter',
  'allowOutside',
  'onError',
  'sequence',
] as const satisfies (keyof ReadFlags)[];

/** The flags of commands that read tables. */
export interface TableOptions extends ReadFlags, Readonly<Partial<Record<GivenKind, readonly string[]>>> {
  readonly target?: string;
  readonly schema?: string;
  readonly split?: string;
  readonly group?: string;
  readonly time?: string;
  readonly validation?: readonly string[];
  readonly test?: readonly string[];
  readonly fractions?: Fractions;
  readonly seed?: number;
}

/** The help of the flags of kinds. */
const KIND_FLAGS: Readonly<Record<GivenKind, string>> = {
  text: 'texts',
  image: 'paths of images, relative to the table',
  sound: 'paths of sounds, relative to the table',
  number: 'numbers',
  category: 'one of several values',
  boolean: 'true or false',
  date: 'dates and times',
  tags: 'sets of tags',
  ignore: 'not read',
};

/** Adds the flags to a command. */
export function addTableOptions(command: Command): Command {
  command.option(
    '--target <column>',
    "the column that is predicted (default: the schema's; label, the name of the folder, where a folder of class folders is given)",
  );
  for (const [kind, what] of Object.entries(KIND_FLAGS))
    command.option(`--${kind} <columns>`, `columns that are ${what}, separated by commas`, collect);
  command
    .option('--schema <file>', 'what the columns are, as inspect --out writes it; other flags override it')
    .addOption(new Option('--split <column>', "the column that says 'train', 'validation' or 'test'"))
    .addOption(new Option('--group <column>', 'keep rows of the same value in one part').conflicts('split'))
    .addOption(new Option('--time <column>', 'test on the latest rows').conflicts(['split', 'group']))
    .addOption(fileOption('--validation <file>', 'rows for validation'))
    .addOption(fileOption('--test <file>', 'rows to test on'))
    .addOption(
      new Option('--fractions <numbers>', 'shares of train, validation and test (default: 0.8,0.1,0.1)')
        .argParser(fractionsOf)
        .conflicts(['split', 'validation', 'test']),
    )
    .option('--seed <number>', 'seed of all random draws (default: 0)', seedOf);
  return addReadOptions(command);
}

/** Adds the flags that say how a table is read. */
export function addReadOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--encoding <name>', 'encoding of text files without a byte-order mark (default: utf-8)').choices([
        ...ENCODINGS,
      ]),
    )
    .option('--delimiter <character>', 'delimiter of CSV files (default: comma, semicolon or tab)', delimiterOf)
    .option(
      '--sequence <file:key>',
      'a table of dated events, joined by a column of keys, such as visits.csv:person; visits.csv:person=id where the table calls it id; visits.csv:person@day where the time is not found',
      sequenceFlag,
    )
    .option('--allow-outside', "let cells name files outside of the table's folder")
    .addOption(
      new Option('--on-error <what>', 'at cells that cannot be used: stop, skip their rows, or take them as missing')
        .choices(['stop', 'skip', 'missing'])
        .default('stop'),
    );
}

function delimiterOf(text: string): string {
  if (!/^[^"\r\n]$/.test(text))
    throw new InvalidArgumentError(
      text === '\\t'
        ? "expected one character; a tab is written $'\\t' in most shells."
        : 'expected one character other than a quote or a line end.',
    );
  return text;
}

/** A flag can be repeated. */
const collect = (text: string, previous: readonly string[] = []): string[] => [...previous, text];

const fileOption = (flags: string, what: string): Option =>
  new Option(flags, `a file of ${what}`).argParser(collect).conflicts(['split', 'group', 'time']);

function fractionsOf(text: string): Fractions {
  const [train, validation, test, ...others] = text.split(',').map(Number);
  const fits = train > 0 && validation >= 0 && test >= 0 && Math.abs(train + validation + test - 1) <= 1e-6;
  if (!fits || others.length > 0)
    throw new InvalidArgumentError('expected three numbers that add up to 1, such as 0.8,0.1,0.1.');
  return { train, validation, test };
}

function seedOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('expected an integer from 0.');
  return Number(text);
}
