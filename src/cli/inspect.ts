import path from 'node:path';
import { textOf } from '../data/cells.js';
import { type FileKind, isFileKind } from '../data/fields/field.js';
import type { Inspection } from '../data/inspect.js';
import { contactSheet, type SheetImage, TILE_SHAPE } from '../data/node/contact-sheet.js';
import { writeFileAtomically } from '../data/node/files.js';
import { decodeBytes } from '../data/node/images.js';
import { decodeSound } from '../data/node/sounds.js';
import type { Cell, Row, Table } from '../data/table.js';
import { TesseraError } from '../tensor/index.js';
import { linesOf, resultOf } from './inspection.js';
import { stoppable } from './interrupt.js';
import { checkOutput } from './output.js';
import { drawSpectrogram } from './spectrogram.js';
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
    const drawn = await drawnFiles(table, inspection, sheet !== undefined);
    if (sheet !== undefined && drawn.length === 0)
      throw new TesseraError(
        `--sheet: no column of ${table.name} has images or sounds; name one with --image or --sound, or remove --sheet`,
      );
    const found = { ...inspection, warnings: [...inspection.warnings, ...fileWarnings(drawn)] };
    terminal.result(resultOf(table, found));
    for (const line of linesOf(table, found, process.stdout.columns)) terminal.print(line);
    for (const errors of [inspection.errors, inspection.parts.errors])
      if (errors.count > 0) terminal.note(errors.summary());
    const write = async (file: string, content: string | Uint8Array): Promise<void> => {
      await writeFileAtomically(file, content);
      terminal.note(`wrote ${file}`);
    };
    if (out !== undefined) await write(out, `${JSON.stringify(inspection.schema, null, 2)}\n`);
    if (sheet !== undefined) await write(sheet, await contactSheet(drawn.sort(byCaption)));
    return 0;
  });
}

/** Side by side, images or sounds of a class show which is none of it. */
const byCaption = (a: SheetImage, b: SheetImage): number => a.caption.localeCompare(b.caption, 'en');

/** An image or a sound of a drawn row, or why it cannot be used. */
interface DrawnFile extends SheetImage {
  readonly column: string;
  readonly kind: FileKind;
  readonly problem?: string;
}

/** The images and sounds of the rows that were drawn, column by column; sounds have pixels if they are `shown`. */
async function drawnFiles(table: Table, { schema, withFiles }: Inspection, shown: boolean): Promise<DrawnFile[]> {
  const drawn: DrawnFile[] = [];
  const fields = schema.fields.flatMap(({ column, kind }) => (isFileKind(kind) ? [{ column, kind }] : []));
  const targetAt = schema.target === undefined ? -1 : table.columns.indexOf(schema.target.column);
  for (const { column, kind } of fields)
    for (const row of withFiles) {
      const cell = row.cells[table.columns.indexOf(column)];
      const text = textOf(cell);
      if (text === undefined) continue;
      const name = textOf(row.cells[targetAt]) ?? path.basename(text);
      const caption = fields.length === 1 ? name : `${column}: ${name}`;
      const decode =
        kind === 'image' ? decodeTile : (bytes: Uint8Array, name?: string) => soundTile(bytes, name, shown);
      drawn.push({ column, kind, caption, ...(await loadTile(table, row, cell, decode)) });
    }
  return drawn;
}

const decodeTile = (bytes: Uint8Array, name?: string): Promise<Uint8Array> => decodeBytes(bytes, TILE_SHAPE, name);

async function soundTile(bytes: Uint8Array, name: string | undefined, shown: boolean): Promise<Uint8Array | undefined> {
  const sound = await decodeSound(bytes, { name });
  return shown ? drawSpectrogram(sound) : undefined;
}

/** The pixels of a cell's bytes, or of the file that it names. */
async function loadTile(
  table: Table,
  row: Row,
  cell: Cell,
  decode: (bytes: Uint8Array, name?: string) => Promise<Uint8Array | undefined>,
): Promise<Pick<DrawnFile, 'pixels' | 'problem'>> {
  try {
    if (cell instanceof Uint8Array) return { pixels: await decode(cell) };
    const file = String(cell).trim();
    return { pixels: await decode(await table.readFile(file, row), file) };
  } catch (error) {
    if (error instanceof TesseraError) return { problem: `${row.file}, row ${row.number}: ${error.message}` };
    throw error;
  }
}

/** Says how many of the drawn files of a column cannot be used, and why the first one cannot. */
function fileWarnings(drawn: readonly DrawnFile[]): Inspection['warnings'] {
  const columns = [...new Set(drawn.map(({ column }) => column))];
  return columns.flatMap((column) => {
    const ofColumn = drawn.filter((file) => file.column === column);
    const problems = ofColumn.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
    if (problems.length === 0) return [];
    const message = `'${column}': ${problems.length} of ${ofColumn.length} ${ofColumn[0].kind}s that were checked cannot be used, such as ${problems[0]}`;
    return [{ code: 'unreadable' as const, column, message }];
  });
}
