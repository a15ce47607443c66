import { type Command, InvalidArgumentError, Option } from 'commander';
import type { OnError } from '../data/cell-errors.js';
import type { KindName } from '../data/fields/field.js';
import type { Fractions } from '../data/schema.js';

/** The options of every command that reads a table, decides what its columns are and splits its rows. */
export interface TableOptions extends Readonly<Partial<Record<KindName | 'ignore', readonly string[]>>> {
  readonly target?: string;
  readonly schema?: string;
  readonly split?: string;
  readonly group?: string;
  readonly time?: string;
  readonly validation?: readonly string[];
  readonly test?: readonly string[];
  readonly fractions?: Fractions;
  readonly seed?: number;
  readonly delimiter?: string;
  readonly allowOutside?: boolean;
  readonly onError?: OnError;
}

/** What the flags of kinds say in the help. */
const KIND_FLAGS: Readonly<Record<KindName | 'ignore', string>> = {
  text: 'texts',
  image: 'paths of images, relative to the table',
  number: 'numbers',
  category: 'one of several values',
  boolean: 'true or false',
  date: 'dates and times',
  tags: 'sets of tags',
  ignore: 'not read',
};

const collect = (names: string, previous: readonly string[] = []): string[] => [...previous, ...names.split(',')];

/** Adds the options of `TableOptions` to a command. */
export function describeTable(command: Command): Command {
  command.option('--target <column>', 'the column that is predicted');
  for (const [kind, what] of Object.entries(KIND_FLAGS))
    command.addOption(
      new Option(`--${kind} <columns>`, `columns that are ${what}, separated by commas`).argParser(collect),
    );
  return command
    .option('--schema <file>', 'what the columns are: a schema.json, as inspect --out writes it')
    .addOption(new Option('--group <column>', 'keep rows of the same value in one part').conflicts(['split', 'time']))
    .addOption(new Option('--time <column>', 'test on the latest rows').conflicts(['split', 'group']))
    .addOption(new Option('--split <column>', "the column that says 'train', 'validation' or 'test'"))
    .option('--validation <file>', 'a file of rows for validation', collect)
    .addOption(
      new Option('--test <file>', 'a file of rows to test on').argParser(collect).conflicts(['split', 'group', 'time']),
    )
    .option('--fractions <numbers>', 'shares of train, validation and test (default: 0.8,0.1,0.1)', fractionsOf)
    .option('--seed <number>', 'seed of the split (default: 0)', seedOf)
    .option('--delimiter <character>', 'what separates the cells of a CSV file (default: found out)')
    .option('--allow-outside', 'let cells name files outside of the folder of the table')
    .addOption(
      new Option('--on-error <what>', 'at cells that cannot be used: stop, skip their rows, or take them as missing')
        .choices(['stop', 'skip', 'missing'])
        .default('stop'),
    );
}

function fractionsOf(text: string): Fractions {
  const [train, validation, test, ...others] = text.split(',').map(Number);
  if (
    !(train > 0 && validation >= 0 && test >= 0) ||
    others.length > 0 ||
    Math.abs(train + validation + test - 1) > 1e-6
  )
    throw new InvalidArgumentError('expected three numbers that add up to 1, such as 0.8,0.1,0.1.');
  return { train, validation, test };
}

function seedOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('expected an integer from 0.');
  return Number(text);
}
