import { median } from '../gpu/statistics.js';
import { type Roofs, timeAtRoof } from '../kernels/index.js';
import type { Profile, ProfiledDispatch } from '../tensor/index.js';

/** The time of a group of dispatches. */
export interface Share {
  readonly name: string;
  /** The number of dispatches per step. */
  readonly calls: number;
  /** The time per step, the median over steps. */
  readonly milliseconds: number;
  /** The fraction of the time of the step. */
  readonly share: number;
  readonly flopsPerSecond: number;
  readonly bytesPerSecond: number;
  /** The minimum time by the roofline, divided by the measured time; null if the roofs are unknown. */
  readonly ofRoof: number | null;
}

/** Returns the time of all dispatches of a step, over steps of one plan. */
export const totalOf = (steps: readonly Profile[], roofs: Roofs | undefined): Share =>
  sharesBy(() => 'total', steps, roofs)[0];

/** Groups the dispatches of a plan by name and returns the times of the groups, the longest first. */
export function sharesBy(
  nameOf: (dispatch: ProfiledDispatch) => string,
  steps: readonly Profile[],
  roofs: Roofs | undefined,
): Share[] {
  const positions = new Map<string, number[]>();
  steps[0].dispatches.forEach((dispatch, position) => {
    const name = nameOf(dispatch);
    positions.set(name, [...(positions.get(name) ?? []), position]);
  });
  const millisecondsOf = (some: readonly number[]) =>
    median(steps.map(({ dispatches }) => sum(some, (position) => dispatches[position].nanoseconds) / 1e6));
  const total = millisecondsOf([...positions.values()].flat());
  const shares = [...positions].map(([name, own]): Share => {
    const milliseconds = millisecondsOf(own);
    const of = (what: (dispatch: ProfiledDispatch) => number) =>
      sum(own, (position) => what(steps[0].dispatches[position]));
    const rate = (amount: number) => ratio(amount, milliseconds / 1000);
    return {
      name,
      calls: own.length,
      milliseconds,
      share: ratio(milliseconds, total),
      flopsPerSecond: rate(of(({ flops }) => flops)),
      bytesPerSecond: rate(of(({ bytes }) => bytes)),
      ofRoof:
        roofs === undefined
          ? null
          : ratio(
              of((dispatch) => timeAtRoof(dispatch, roofs)),
              milliseconds,
            ),
    };
  });
  return shares.sort((a, b) => b.milliseconds - a.milliseconds);
}

const sum = (positions: readonly number[], what: (position: number) => number): number =>
  positions.reduce((total, position) => total + what(position), 0);

/** Divides, but returns 0 for a time of 0, which coarse timestamps may give. */
const ratio = (amount: number, of: number): number => (of > 0 ? amount / of : 0);
