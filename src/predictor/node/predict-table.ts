import papaparse from 'papaparse';
import { CellErrors } from '../../data/cell-errors.js';
import { isFileKind } from '../../data/fields/field.js';
import { targetOf } from '../../data/schema.js';
import type { Table } from '../../data/table.js';
import type { Answer } from '../answers.js';
import { expectFieldColumns, type ReadOptions } from '../data.js';
import type { Predictor } from './predictor.js';

/** A row of a table with its answer. */
export interface AnsweredRow {
  /** The file of the row, and its number there, from 1 on. */
  readonly file: string;
  readonly row: number;
  /** The cells that the model does not read, such as an id, and the paths of images and sounds, as they are written, by column. */
  readonly others: Readonly<Record<string, unknown>>;
  readonly answer: Answer;
}

/**
 * Answers all rows of a table, about a thousand at a time: it may have any number of rows. `onErrors` is called at the
 * end of cells that could not be used.
 * @throws TesseraError if the table lacks a column, and for cells and files that cannot be used, as the options say.
 */
export async function* predictTable(
  predictor: Predictor,
  table: Table,
  { onError, onErrors, ...options }: ReadOptions & { onErrors?(errors: CellErrors): void },
): AsyncGenerator<readonly AnsweredRow[]> {
  expectFieldColumns(table, predictor.schema);
  const errors = new CellErrors(onError);
  const shown = shownColumns(predictor, table);
  const others = [...table.columns.keys()].filter((at) => shown.has(table.columns[at]));
  for await (const rows of table.rows(errors)) {
    const answered = await predictor.answerRows(table, rows, { ...options, errors });
    yield answered.map(({ row: { file, number, cells }, answer }) => ({
      file,
      row: number,
      others: Object.fromEntries(others.map((column) => [table.columns[column], written(cells[column])])),
      answer,
    }));
  }
  onErrors?.(errors);
}

/** The number of classes or tags up to which all are written; of more only the predicted ones are. */
const MOST_COLUMNS = 50;

/**
 * Answered rows as the lines of a CSV file: the row's file and number, its other cells and paths, the prediction, and the
 * probabilities.
 */
export async function* answersAsCsv(
  predictor: Predictor,
  table: Table,
  chunks: AsyncIterable<readonly AnsweredRow[]>,
): AsyncGenerator<string> {
  const { kind, classes = [], column } = targetOf(predictor.schema);
  const others = [...shownColumns(predictor, table)];
  // The symbols of a transcript have no probabilities.
  const shown = kind !== 'text' && classes.length <= MOST_COLUMNS ? classes : [];
  const hasOne = kind === 'category' || kind === 'ordinal';
  const head = [
    'file',
    'row',
    ...others,
    `predicted ${column}`,
    ...(hasOne ? ['probability'] : []),
    ...shown.map((name) => `probability of ${name}`),
  ];
  let isFirst = true;
  for await (const rows of chunks) {
    if (isFirst) yield `${papaparse.unparse([head], CSV)}\n`;
    isFirst = false;
    if (rows.length === 0) continue;
    const lines = rows.map(({ file, row, others: cells, answer }) => [
      file,
      row,
      ...others.map((name) => cells[name]),
      written(answer.prediction),
      ...(hasOne ? [answer.probability] : []),
      ...shown.map((name) => answer.probabilities?.[name]),
    ]);
    yield `${papaparse.unparse(lines, CSV)}\n`;
  }
}

/** The columns whose cells stand beside the answers. */
function shownColumns({ schema }: Predictor, { columns }: Table): Set<string> {
  const hidden = new Set(schema.fields.filter(({ kind }) => !isFileKind(kind)).map(({ column }) => column));
  return new Set(columns.filter((name) => !hidden.has(name)));
}

const CSV = { newline: '\n', header: false } as const;

const written = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.join(';');
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return value.toISOString();
  return value instanceof Uint8Array ? `${value.length} bytes` : value;
};
