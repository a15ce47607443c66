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
      const begin = performance.now();
      await run();
      times[index].push(performance.now() - begin);
    }
  }
  return times;
}

/** The value below which a share of the values lies, between neighbours linearly. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

/** Times as the median and quartiles of a row. */
export const statistics = (times: readonly number[]): Pick<Row, 'milliseconds' | 'quartiles'> => ({
  milliseconds: quantile(times, 0.5),
  quartiles: [quantile(times, 0.25), quantile(times, 0.75)],
});

/** Rounds go on until the middle half lies within 5% of the median, or there are many of them. */
const NARROW = 0.05;
export const isNarrow = (times: readonly number[]): boolean =>
  quantile(times, 0.75) - quantile(times, 0.25) <= NARROW * quantile(times, 0.5);

/** The greatest number of which all whole numbers are multiples: the step of a clock, from durations that it gave. */
export function greatestStep(durations: readonly number[]): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  return durations.reduce(divisor, 0);
}
