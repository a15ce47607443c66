import { DEFAULT_FRACTIONS, type Inspection, inspectTable } from '../data/inspect.js';
import { readWholeFile } from '../data/node/files.js';
import { GIVEN_KINDS, type Overrides } from '../data/overrides.js';
import { expectColumn, expectColumns, type PartName, parseSchema, type Schema, type Split } from '../data/schema.js';
import type { Table } from '../data/table.js';
import { TesseraError } from '../tensor/index.js';
import { defined } from './defined.js';
import { openGiven, shownTable } from './reading.js';
import { joinSequences, sequencesOf } from './sequences.js';
import type { TableOptions } from './table-options.js';
import type { Terminal } from './terminal.js';

/** A table and what its columns are. */
export interface InspectedTable {
  readonly table: Table;
  readonly inspection: Inspection;
}

/**
 * Opens the table that a command was given and inspects it as its flags say; shows the progress, and stops at the
 * signal.
 * @throws TesseraError as `openTable` and `inspectTable`, and if the schema cannot be read.
 */
export async function inspectGiven(
  files: readonly string[],
  options: TableOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<InspectedTable> {
  const schema = options.schema === undefined ? undefined : await readSchema(options.schema);
  const { validation = [], test = [], onError, target } = options;
  const opened = await openGiven([...files, ...validation, ...test], options);
  const asked = sequencesOf(options.sequence);
  const joined = await joinSequences(opened, asked, schema, options, terminal, signal);
  const table = shownTable(joined.table, terminal, signal);
  for (const flag of ['split', 'group', 'time'] as const) {
    const column = options[flag];
    if (column !== undefined) expectColumn(`${table.name}: --${flag}`, column, table.columns);
  }
  const apart = schema?.fields.find(({ column, kind }) => kind === 'sequence' && !table.columns.includes(column));
  if (apart !== undefined)
    throw new TesseraError(
      `${options.schema}: '${apart.column}' has events of another table; join it: --sequence ${apart.column}.csv:KEY`,
    );
  if (schema !== undefined) expectColumns(schema, table.columns, options.schema);
  const split = splitOf(files, options, schema);
  const inspection = await inspectTable(table, {
    overrides: overridesOf(options, table),
    sequences: joined.sequences,
    ...defined({ onError, target, schema, split }),
  });
  return { table, inspection };
}

async function readSchema(file: string): Promise<Schema> {
  const text = new TextDecoder().decode(await readWholeFile(file));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new TesseraError(`--schema: ${file} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  return parseSchema(json, file);
}

/** The columns by kind; commas separate columns, unless there is a column of that whole name. */
function overridesOf(options: TableOptions, { columns }: Table): Overrides {
  const namesIn = (text: string): string[] =>
    columns.includes(text) ? [text] : text.split(',').map((name) => name.trim());
  return Object.fromEntries(GIVEN_KINDS.map((kind) => [kind, (options[kind] ?? []).flatMap(namesIn)]));
}

/** The split that flags ask for; undefined if they leave it to the schema. */
function splitOf(files: readonly string[], options: TableOptions, schema: Schema | undefined): Split | undefined {
  const { split, group, time, validation = [], test = [], fractions, seed } = options;
  if (split !== undefined) return { by: 'column', column: split, seed: seed ?? 0 };
  if (validation.length + test.length > 0) {
    const partOf = (names: readonly string[], part: PartName) => names.map((name) => [name, part]);
    const parts = [...partOf(files, 'train'), ...partOf(validation, 'validation'), ...partOf(test, 'test')];
    return { by: 'files', files: Object.fromEntries(parts), seed: seed ?? 0 };
  }
  const shares = { fractions: fractions ?? DEFAULT_FRACTIONS };
  if (group !== undefined) return { by: 'group', column: group, ...shares, seed: seed ?? 0 };
  if (time !== undefined) return { by: 'time', column: time, ...shares };
  if (schema === undefined) return { by: 'fraction', ...shares, seed: seed ?? 0 };
  if (fractions !== undefined && !('fractions' in schema.split))
    throw new TesseraError(
      `--fractions: ${options.schema} splits rows by ${schema.split.by}, which takes no fractions; remove one of them`,
    );
  return {
    ...schema.split,
    ...(fractions === undefined ? {} : { fractions }),
    ...(seed === undefined || schema.split.by === 'time' ? {} : { seed }),
  };
}
