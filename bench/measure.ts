import { median, quantile } from '../src/gpu/statistics.js';
import { timeOf } from '../src/gpu/timer.js';

/** One engine's time for one case. */
export interface Row {
  readonly case: string;
  readonly engine: string;
  /** Median. */
  readonly milliseconds: number;
  /** First and third quartile, in milliseconds. */
  readonly quartiles: readonly [number, number];
  readonly adapter: string;
}

/** Something to be timed; the promise must not resolve before its work is done. */
export interface Contestant {
  readonly engine: string;
  run(): Promise<unknown>;
}

const WARM_UP = 3;

/**
 * Times contestants in turn, so that whatever changes on the machine in the meantime meets all of them.
 * Returns the milliseconds of every round, by contestant.
 */
export async function measureInTurn(contestants: readonly Contestant[], rounds: number): Promise<number[][]> {
  for (const { run } of contestants) for (let round = 0; round < WARM_UP; round++) await run();
  const times: number[][] = contestants.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run }] of contestants.entries()) {
      times[index].push(await timeOf(run));
    }
  }
  return times;
}

/** Times as the median and quartiles of a row. */
export const statistics = (times: readonly number[]): Pick<Row, 'milliseconds' | 'quartiles'> => ({
  milliseconds: median(times),
  quartiles: [quantile(times, 0.25), quantile(times, 0.75)],
});
