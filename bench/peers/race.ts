import { isNarrow } from '../../src/gpu/statistics.js';
import type { EngineProcess } from './child.js';

/** How long a race may take, and when its times are sure enough. */
export interface Pace {
  /** Milliseconds of one engine's turn, at least one run. */
  readonly turn: number;
  readonly rounds: readonly [least: number, most: number];
  /** Quartiles of every engine within this share of its median end the race. */
  readonly spread: number;
}

const RUNS_OF_A_TURN = 50;
const WARM_UP_RUNS = 3;
/** Threads of the engine before may still spin for a moment. */
const PAUSE = 30;

/** Milliseconds of runs by contestant, or why there are none. */
export type Times = { times: number[] } | { why: string };

/**
 * Times engines whose workload is prepared, turn by turn, so that whatever changes on the machine in the meantime meets
 * all of them. Each warms up first.
 */
export async function race(
  engines: readonly Pick<EngineProcess, 'time'>[],
  { turn, rounds: [least, most], spread }: Pace,
): Promise<Times[]> {
  const all: Times[] = [];
  const runs: number[] = [];
  for (const engine of engines) {
    const warm = await engine.time(WARM_UP_RUNS);
    all.push('why' in warm ? warm : { times: [] });
    runs.push('why' in warm ? 0 : Math.min(RUNS_OF_A_TURN, Math.max(1, Math.round(turn / warm.times.at(-1)!))));
  }
  for (let round = 0; round < most; round++) {
    for (const [index, engine] of engines.entries()) {
      const before = all[index];
      if ('why' in before) continue;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      const made = await engine.time(runs[index]);
      all[index] = 'why' in made ? made : { times: [...before.times, ...made.times] };
    }
    const wide = all.some((one) => 'times' in one && !isNarrow(one.times, spread));
    if (round + 1 >= least && !wide) break;
  }
  return all;
}
