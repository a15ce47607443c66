import path from 'node:path';
import { textOf } from '../data/cells.js';
import type { Inspection } from '../data/inspect.js';
import { contactSheet, type SheetImage, TILE_SHAPE } from '../data/node/contact-sheet.js';
import { writeFileAtomically } from '../data/node/files.js';
import { decodeBytes } from '../data/node/images.js';
import type { Cell, Row, Table } from '../data/table.js';
import { TesseraError } from '../tensor/index.js';
import { linesOf, resultOf } from './inspection.js';
import { stoppable } from './interrupt.js';
import { checkOutput } from './output.js';
import type { TableOptions } from './table-options.js';
import { inspectGiven } from './table-source.js';
import { Terminal } from './terminal.js';

/** The options of `tessera inspect`. */
export interface InspectCommandOptions extends TableOptions {
  readonly out?: string;
  readonly sheet?: string;
  readonly json?: boolean;
}

/**
 * Implements `tessera inspect`, which describes the columns of a table and warns of what looks wrong. Returns the exit
 * code.
 */
export async function inspect(files: readonly string[], options: InspectCommandOptions): Promise<number> {
  const { out, sheet, json = false } = options;
  const terminal = new Terminal(json);
  return stoppable(terminal, 'stopped; nothing was written', async ({ signal }) => {
    for (const file of [out, sheet]) if (file !== undefined) await checkOutput(file, files);
    const { table, inspection } = await inspectGiven(files, options, terminal, signal);
    const images = await drawnImages(table, inspection);
    if (sheet !== undefined && images.length === 0)
      throw new TesseraError(
        `--sheet: no column of ${table.name} has images; name one with --image, or remove --sheet`,
      );
    const found = { ...inspection, warnings: [...inspection.warnings, ...imageWarnings(images)] };
    terminal.result(resultOf(table, found));
    for (const line of linesOf(table, found, process.stdout.columns)) terminal.print(line);
    for (const errors of [inspection.errors, inspection.parts.errors])
      if (errors.count > 0) terminal.note(errors.summary());
    const write = async (file: string, content: string | Uint8Array): Promise<void> => {
      await writeFileAtomically(file, content);
      terminal.note(`wrote ${file}`);
    };
    if (out !== undefined) await write(out, `${JSON.stringify(inspection.schema, null, 2)}\n`);
    if (sheet !== undefined) await write(sheet, await contactSheet(images.sort(byCaption)));
    return 0;
  });
}

/** Side by side, images of a class show which is none of it. */
const byCaption = (a: SheetImage, b: SheetImage): number => a.caption.localeCompare(b.caption, 'en');

/** An image of a drawn row, or why it cannot be used. */
interface DrawnImage extends SheetImage {
  readonly column: string;
  readonly problem?: string;
}

/** The images of the rows that were drawn, column by column. */
async function drawnImages(table: Table, { schema, withImages }: Inspection): Promise<DrawnImage[]> {
  const images: DrawnImage[] = [];
  const columns = schema.fields.filter(({ kind }) => kind === 'image').map(({ column }) => column);
  const targetAt = schema.target === undefined ? -1 : table.columns.indexOf(schema.target.column);
  for (const column of columns)
    for (const row of withImages) {
      const cell = row.cells[table.columns.indexOf(column)];
      const text = textOf(cell);
      if (text === undefined) continue;
      const name = textOf(row.cells[targetAt]) ?? path.basename(text);
      const caption = columns.length === 1 ? name : `${column}: ${name}`;
      images.push({ column, caption, ...(await loadImage(table, row, cell)) });
    }
  return images;
}

/** The pixels of a cell's bytes, or of the file that it names. */
async function loadImage(table: Table, row: Row, cell: Cell): Promise<Pick<DrawnImage, 'pixels' | 'problem'>> {
  try {
    if (cell instanceof Uint8Array) return { pixels: await decodeBytes(cell, TILE_SHAPE) };
    const file = String(cell).trim();
    return { pixels: await decodeBytes(await table.readFile(file, row), TILE_SHAPE, file) };
  } catch (error) {
    if (error instanceof TesseraError) return { problem: `${row.file}, row ${row.number}: ${error.message}` };
    throw error;
  }
}

/** Says how many of the drawn images of a column cannot be used, and why the first one cannot. */
function imageWarnings(images: readonly DrawnImage[]): Inspection['warnings'] {
  const columns = [...new Set(images.map(({ column }) => column))];
  return columns.flatMap((column) => {
    const ofColumn = images.filter((image) => image.column === column);
    const problems = ofColumn.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
    if (problems.length === 0) return [];
    const message = `'${column}': ${problems.length} of ${ofColumn.length} images that were checked cannot be used, such as ${problems[0]}`;
    return [{ code: 'unreadable' as const, column, message }];
  });
}
