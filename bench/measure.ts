import { median, quantile } from '../src/gpu/statistics.js';
import { timeOf } from '../src/gpu/timer.js';

/** The time of one engine for one case. */
export interface Row {
  readonly case: string;
  readonly engine: string;
  /** The median time. */
  readonly milliseconds: number;
  /** The first and third quartile, in milliseconds. */
  readonly quartiles: readonly [number, number];
  readonly adapter: string;
}

/** An engine to be timed; `run` must not resolve before its work is complete. */
export interface Candidate {
  readonly engine: string;
  run(): Promise<unknown>;
}

const WARM_UP = 3;

/**
 * Times candidates alternately, so that changes of the machine's load affect all of them. Returns the milliseconds of
 * each round, by candidate.
 */
export async function measureInTurn(candidates: readonly Candidate[], rounds: number): Promise<number[][]> {
  for (const { run } of candidates) for (let round = 0; round < WARM_UP; round++) await run();
  const times: number[][] = candidates.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run }] of candidates.entries()) {
      times[index].push(await timeOf(run));
    }
  }
  return times;
}

/** Returns the median and quartiles of times. */
export const statistics = (times: readonly number[]): Pick<Row, 'milliseconds' | 'quartiles'> => ({
  milliseconds: median(times),
  quartiles: [quantile(times, 0.25), quantile(times, 0.75)],
});
