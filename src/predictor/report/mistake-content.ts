import { textOf } from '../../data/cells.js';
import { kinds } from '../../data/fields/index.js';
import type { Cell, Row } from '../../data/table.js';
import { TesseraError } from '../../tensor/index.js';
import type { WrongPrediction } from '../mistakes.js';
import { counted } from './numbers.js';
import type { Mistake } from './report.js';
import type { MakeReportOptions, ReportedRun } from './reported-run.js';

/** Texts are cut to this length. */
const TEXT_LENGTH = 600;
/** The number of events of a sequence that are shown. */
const LATEST = 8;

/** Adds to a mistake what the model saw. */
export async function withContent(
  mistake: WrongPrediction,
  row: Row | undefined,
  { table, schema }: ReportedRun,
  { thumbnail }: MakeReportOptions,
): Promise<Mistake> {
  if (row === undefined) return { ...mistake, place: '', values: [], images: [] };
  const values: { name: string; text: string }[] = [];
  const images: { name: string; url: string }[] = [];
  for (const { column, kind, settings } of schema.fields) {
    const cell = row.cells[table.columns.indexOf(column)];
    const text = kind === 'sequence' ? eventsText(cell) : textOf(cell);
    if (text !== undefined && !(cell instanceof Uint8Array)) values.push({ name: column, text: cut(text) });
    if (kind !== 'image' || thumbnail === undefined || text === undefined) continue;
    try {
      const source = kinds.image.parse(cell, kinds.image.settings(settings));
      const bytes = source instanceof Uint8Array ? source : await table.readFile(source as string, row);
      images.push({ name: column, url: await thumbnail(bytes) });
    } catch (error) {
      if (!(error instanceof TesseraError)) throw error; // An image that cannot be read was absent for the model too.
    }
  }
  return { ...mistake, place: `${row.file}, row ${row.number}`, values, images };
}

/** The number of events of a sequence, and the latest ones with the names of their cells. */
function eventsText(cell: Cell): string | undefined {
  if (!Array.isArray(cell) || cell.length === 0) return textOf(cell);
  const latest = cell.slice(-LATEST).map((event) =>
    Object.entries(event as Readonly<Record<string, Cell>>)
      .map(([name, value]) => `${name} ${textOf(value) ?? ''}`)
      .join(', '),
  );
  return `${counted(cell.length, 'event')}${cell.length > LATEST ? `, the latest ${LATEST}` : ''}: ${latest.join('; ')}`;
}

function cut(text: string): string {
  if (text.length <= TEXT_LENGTH) return text;
  // By characters, as half of one is none.
  return `${Array.from(text.slice(0, 2 * TEXT_LENGTH))
    .slice(0, TEXT_LENGTH)
    .join('')}…`;
}
