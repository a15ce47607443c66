import { cumsum } from '../kernels/reduce/scan.js';
import { type Launch, launch, type Value } from './launch.js';

/** The launch of cumulative sums along the middle axis of x (outer, n, inner). */
export const cumsumLaunches = (
  x: Value,
  y: Value,
  size: { outer: number; n: number; inner: number },
  { exclusive, reverse }: { readonly exclusive: boolean; readonly reverse: boolean },
): Launch[] => [launch(cumsum, { x, y }, { ...size, exclusive: Number(exclusive), reverse: Number(reverse) })];
