import { CellErrors } from '../../data/cell-errors.js';
import type { Table } from '../../data/table.js';
import { TesseraError } from '../../tensor/index.js';
import type { Predictor } from './predictor.js';

/** The median and the 95th percentile of some times, in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p95: number;
}

const WARM_UP = 5;
const REPEATS = 50;

/** Measures how long one row takes, from its cells to its answer, over rows of a table. */
export async function latencyOf(predictor: Predictor, table: Table): Promise<Latency> {
  for await (const rows of table.rows(new CellErrors('missing'))) {
    const times: number[] = [];
    for (let repeat = 0; repeat < WARM_UP + REPEATS; repeat++) {
      const begin = performance.now();
      await predictor.answerRows(table, [rows[repeat % rows.length]], { errors: new CellErrors('missing') });
      if (repeat >= WARM_UP) times.push(performance.now() - begin);
    }
    times.sort((a, b) => a - b);
    return { p50: times[Math.floor(0.5 * REPEATS)], p95: times[Math.floor(0.95 * REPEATS)] };
  }
  throw new TesseraError(`${table.name}: it has no rows`);
}
