import path from 'node:path';
import { textOf } from '../data/cells.js';
import { inspectTable } from '../data/inspect.js';
import { contactSheet, type SheetImage } from '../data/node/contact-sheet.js';
import { writeFileAtomically } from '../data/node/files.js';
import type { Row, Table } from '../data/table.js';
import { Generator, TesseraError } from '../tensor/index.js';
import { linesOf, resultOf } from './inspection.js';
import type { TableOptions } from './table-options.js';
import { inspectOptionsOf, openGiven } from './table-source.js';
import { Terminal } from './terminal.js';

/** The options of `tessera inspect`. */
export interface InspectCommandOptions extends TableOptions {
  readonly out?: string;
  readonly sample?: number;
  readonly json?: boolean;
}

/** Implements `tessera inspect`, which tells what the columns of a table are and what looks wrong. Returns the exit code. */
export async function inspect(files: readonly string[], options: InspectCommandOptions): Promise<number> {
  const { out, sample, json = false } = options;
  const terminal = new Terminal(json);
  const whole = await openGiven(files, options);
  const table = sample === undefined ? whole : firstRows(whole, sample);
  const inspection = await inspectTable(table, await inspectOptionsOf(files, options));
  terminal.result(resultOf(table, inspection));
  for (const line of linesOf(table, inspection, process.stdout.columns)) terminal.print(line);
  if (out === undefined) return 0;
  const { schema } = inspection;
  const write = async (name: string, bytes: string | Uint8Array): Promise<void> => {
    await writeFileAtomically(path.join(out, name), bytes);
    terminal.note(`wrote ${path.join(out, name)}`);
  };
  await write('schema.json', `${JSON.stringify(schema, null, 2)}\n`);
  for (const { column, kind } of schema.fields)
    if (kind === 'image')
      await write(
        `contact-sheet-${column.replace(/[^\p{L}\p{N}_-]/gu, '_')}.png`,
        await contactSheet(await drawImages(table, column, schema.target?.column)),
      );
  return 0;
}

/** The first rows of a table. */
function firstRows(table: Table, most: number): Table {
  return {
    name: table.name,
    columns: table.columns,
    readFile: (file, row) => table.readFile(file, row),
    async *rows(errors) {
      let left = most;
      for await (const chunk of table.rows(errors)) {
        yield chunk.slice(0, left);
        left -= chunk.length;
        if (left <= 0) return;
      }
    },
  };
}

const MOST_IMAGES = 36;

/** Draws rows of a table at random, with their images and what they are: the target, or the name of the file. */
async function drawImages(table: Table, column: string, target: string | undefined): Promise<SheetImage[]> {
  const at = table.columns.indexOf(column);
  const generator = new Generator(0).fork('contact sheet');
  const drawn: Row[] = [];
  let seen = 0;
  for await (const chunk of table.rows())
    for (const row of chunk) {
      if (textOf(row.cells[at]) === undefined) continue;
      const place = seen < MOST_IMAGES ? seen : generator.integer(seen + 1);
      if (place < MOST_IMAGES) drawn[place] = row;
      seen++;
    }
  return Promise.all(
    drawn.map(async (row) => {
      const cell = row.cells[at];
      const text = textOf(cell) ?? '';
      const label = target === undefined ? undefined : textOf(row.cells[table.columns.indexOf(target)]);
      return {
        bytes: await bytesOf(table, row, cell instanceof Uint8Array ? cell : text),
        caption: label ?? path.basename(text),
      };
    }),
  );
}

/** The bytes of a cell or of the file that it names; none where that cannot be read, which the sheet then shows. */
async function bytesOf(table: Table, row: Row, cell: Uint8Array | string): Promise<Uint8Array> {
  if (typeof cell !== 'string') return cell;
  try {
    return await table.readFile(cell, row);
  } catch (error) {
    if (error instanceof TesseraError) return new Uint8Array();
    throw error;
  }
}
