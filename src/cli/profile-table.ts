import { median } from '../gpu/statistics.js';
import { type Roofs, timeAtRoof } from '../kernels/index.js';
import type { Profile, ProfiledDispatch } from '../tensor/index.js';

/** What some dispatches of a step took together. */
export interface Share {
  readonly name: string;
  /** Dispatches a step. */
  readonly calls: number;
  /** A step's, the median over steps. */
  readonly milliseconds: number;
  /** Of the whole step's time. */
  readonly share: number;
  readonly flopsPerSecond: number;
  readonly bytesPerSecond: number;
  /** The time that the device's roofs allow by the time it took; null where roofs are not known. */
  readonly ofRoof: number | null;
}

/** What all dispatches of a step took, over steps of one plan. */
export const whole = (steps: readonly Profile[], roofs: Roofs | undefined): Share =>
  sharesBy(() => 'total', steps, roofs)[0];

/** Divides steps of one plan by a name of their dispatches; the longest comes first. */
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

/** Times can be 0 where timestamps are coarse. */
const ratio = (amount: number, of: number): number => (of > 0 ? amount / of : 0);
