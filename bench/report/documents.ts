import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readWholeFile, writeFileAtomically } from '../../src/data/node/index.js';
import { TesseraError } from '../../src/tensor/index.js';
import type { ReportHeader, Results } from '../run.js';
import { describeAdapter, ladderPlot, rooflinePlot } from './plots.js';
import { byCase, type Cells, describeRoofs, forMarkdown, ladderCells } from './tables.js';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));

/**
 * Puts other text between `<!-- figures: name -->` and `<!-- end of figures -->`.
 * @throws TesseraError unless the page has these marks once.
 */
export function rewriteFigures(page: string, name: string, figures: string): string {
  const begin = `<!-- figures: ${name} -->`;
  const end = '<!-- end of figures -->';
  const parts = page.split(begin);
  const rest = parts[1]?.indexOf(end) ?? -1;
  if (parts.length !== 2 || rest < 0)
    throw new TesseraError(`expected '${begin}' once, and '${end}' after it; they are where figures are written`);
  return `${parts[0]}${begin}\n\n${figures}\n\n${parts[1].slice(rest)}`;
}

async function rewrite(file: string, name: string, figures: string): Promise<void> {
  const page = new TextDecoder().decode(await readWholeFile(file));
  try {
    await writeFileAtomically(file, rewriteFigures(page, name, figures));
  } catch (error) {
    throw new TesseraError(`'${path.relative('.', file)}': ${(error as Error).message}`, { cause: error });
  }
}

const describeHeader = ({ adapter, software, date, version }: ReportHeader): string =>
  `Measured on ${describeAdapter(adapter, software)}, ${date.slice(0, 10)}, version ${version}.`;

/** Writes a sweep's figures into docs/performance.md; returns the page. */
export async function writeSweep(tables: readonly Cells[], header: ReportHeader): Promise<string> {
  const page = path.join(DOCS, 'performance.md');
  await rewrite(page, 'sweep', [describeHeader(header), ...tables.map(forMarkdown)].join('\n\n'));
  return path.relative('.', page);
}

/** Writes a run's figures into the pages of its families; those of the whole into docs/performance.md. */
export async function writeDocuments({
  families,
  roofs,
  adapter,
  software,
  date,
  version,
}: Results): Promise<string[]> {
  const measured = describeHeader({ adapter, software, date, version });
  const roof = `Roofs of that run: ${describeRoofs(roofs)}.`;
  const written: string[] = [];
  for (const [family, rows] of families) {
    const page = path.join(DOCS, 'ladders', `${family}.md`);
    const plot = ladderPlot(family, rows, software);
    if (!existsSync(page) || plot === undefined) continue;
    const ladders = [...byCase(rows)].map(([name, rungs]) => `**${name}**\n\n${forMarkdown(ladderCells(rungs))}`);
    await rewrite(page, 'ladders', [`${measured} ${roof}`, ...ladders].join('\n\n'));
    await writeFileAtomically(page.replace(/md$/, 'svg'), plot);
    written.push(page);
  }
  // One family's points would be a poor chart of a device.
  const roofline = families.size > 1 ? rooflinePlot(families, roofs, software) : undefined;
  if (roofline !== undefined) {
    const page = path.join(DOCS, 'performance.md');
    await rewrite(page, 'roofs', `${measured} ${roof}`);
    await writeFileAtomically(path.join(DOCS, 'roofline.svg'), roofline);
    written.push(page);
  }
  return written;
}
