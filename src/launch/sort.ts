import { argsort, SORTED_BLOCK } from '../kernels/reduce/sort.js';
import { type Launch, type LaunchContext, launch, type Value } from './launch.js';

/** Launches of y, the argsort of x (outer, n, inner) along its middle axis; merges alternate between temporaries. */
export function sortLaunches(
  x: Value,
  y: Value,
  size: { outer: number; n: number; inner: number },
  { temporary }: Pick<LaunchContext, 'temporary'>,
): Launch[] {
  const { blocks, merge } = argsort[x.dtype === 'i32' ? 'i32' : 'f32'];
  const merges = Math.max(0, Math.ceil(Math.log2(size.n / SORTED_BLOCK)));
  if (merges === 0) return [launch(blocks, { x, y }, { ...size, run: SORTED_BLOCK })];
  const temporaries = [temporary(x.shape, 'i32'), ...(merges > 1 ? [temporary(x.shape, 'i32')] : [])];
  const launches = [launch(blocks, { x, y: temporaries[0] }, { ...size, run: SORTED_BLOCK })];
  for (let merged = 0; merged < merges; merged++) {
    const to = merged === merges - 1 ? y : temporaries[(merged + 1) % 2];
    launches.push(
      launch(merge, { x, sorted: temporaries[merged % 2], y: to }, { ...size, run: SORTED_BLOCK * 2 ** merged }),
    );
  }
  return launches;
}
