import { CellErrors } from '../data/cell-errors.js';
import { DEFAULT_FRACTIONS, type InspectOptions } from '../data/inspect.js';
import { readWholeFile } from '../data/node/files.js';
import { openTable } from '../data/node/tables/open.js';
import { KINDS, type PartName, parseSchema, type Schema, type Split } from '../data/schema.js';
import type { Table } from '../data/table.js';
import { TesseraError } from '../tensor/index.js';
import type { TableOptions } from './table-options.js';

/** Opens the table that a command was given, with the files for validation and test. */
export const openGiven = (files: readonly string[], options: TableOptions): Promise<Table> => {
  const { validation = [], test = [], delimiter, allowOutside } = options;
  return openTable([...files, ...validation, ...test], {
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(allowOutside === undefined ? {} : { allowOutside }),
  });
};

/** What `inspectTable` is asked to do by the options of a command. @throws TesseraError if the schema cannot be read. */
export async function inspectOptionsOf(files: readonly string[], options: TableOptions): Promise<InspectOptions> {
  const schema = options.schema === undefined ? undefined : await readSchema(options.schema);
  const kinds = [...Object.values(KINDS), 'ignore'] as const;
  const split = splitOf(files, options, schema);
  return {
    overrides: Object.fromEntries(kinds.map((kind) => [kind, options[kind] ?? []])),
    errors: () => new CellErrors(options.onError),
    ...(options.target === undefined ? {} : { target: options.target }),
    ...(schema === undefined ? {} : { schema }),
    ...(split === undefined ? {} : { split }),
  };
}

async function readSchema(file: string): Promise<Schema> {
  const text = new TextDecoder().decode(await readWholeFile(file));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new TesseraError(`${file} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  return parseSchema(json, file);
}

/** The split that options ask for, if they do. */
function splitOf(files: readonly string[], options: TableOptions, schema: Schema | undefined): Split | undefined {
  const { split, group, time, validation = [], test = [], fractions = DEFAULT_FRACTIONS, seed = 0 } = options;
  if (group !== undefined) return { by: 'group', column: group, fractions, seed };
  if (time !== undefined) return { by: 'time', column: time, fractions };
  if (split !== undefined) return { by: 'column', column: split, seed };
  if (validation.length + test.length > 0) {
    const partOf = (names: readonly string[], part: PartName) => names.map((name) => [name, part]);
    const parts = [...partOf(files, 'train'), ...partOf(validation, 'validation'), ...partOf(test, 'test')];
    return { by: 'files', files: Object.fromEntries(parts), seed };
  }
  if (options.fractions === undefined && options.seed === undefined && schema !== undefined) return undefined;
  return { by: 'fraction', fractions, seed };
}
