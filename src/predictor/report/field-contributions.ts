import type { BatchSource } from '../../data/loader.js';
import { type Contributions, contributionsOf } from '../contributions.js';
import { allRows } from '../metrics/metric.js';
import { metricFunction } from '../metrics.js';
import { evenly, pick } from './indices.js';
import type { MakeReportOptions, ReportedRun } from './reported-run.js';

/** The maximum number of test rows that contributions are measured on. */
const ROWS = 2_000;

/** The contribution of each field, measured on some of the test rows. */
export async function fieldContributions(
  { schema, rows: { encoded, test }, facts, predict }: ReportedRun,
  metric: string,
  { onProgress }: MakeReportOptions,
): Promise<Contributions> {
  const rows = pick(test, evenly(test.length, ROWS));
  const names = schema.fields.map(({ column }) => column);
  let done = 0;
  const score = async (orders: ReadonlyMap<string, Uint32Array>): Promise<number> => {
    onProgress?.('measuring what each field adds', done++, 2 * names.length + 1);
    const others = new Map([...orders].map(([name, order]) => [name, otherRows(rows, order, encoded.size)]));
    const source: BatchSource = {
      lengthOf: (row) => encoded.lengthOf(row),
      batch: (own, generator) => encoded.batch(own, generator, others),
    };
    return metricFunction(await predict(source, rows), metric)(allRows(rows.length));
  };
  return contributionsOf(names, rows.length, score, { seed: facts.seed });
}

/** Replaces each row by another, in a given order of them; indexed by the number of the encoded row. */
function otherRows(rows: Uint32Array, order: Uint32Array, size: number): Uint32Array {
  const others = new Uint32Array(size);
  rows.forEach((row, at) => {
    others[row] = rows[order[at]];
  });
  return others;
}
