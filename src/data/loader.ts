import { batchesOf, epochOrder } from '../tensor/batches.js';
import { Generator } from '../tensor/generator.js';
import { TesseraError } from '../tensor/index.js';
import { boolean, checkOptions, nonNegativeInteger, optional, positiveInteger } from '../tensor/options.js';
import type { EncodedRows, FieldBatch } from './encoded.js';

/** Options of `loader`. */
export interface LoaderOptions {
  /** The batch size; the last batch may be smaller. */
  readonly size: number;
  /** The seed of the shuffle and of augmentation; without a seed, rows are not shuffled. */
  readonly seed?: number;
  /** The number of the epoch, which is shuffled and augmented differently for each. Default 0. */
  readonly epoch?: number;
  /** The number of batches to skip, to resume an interrupted epoch. Default 0. */
  readonly skip?: number;
  /** Whether values are augmented as their fields say; needs a seed. Default false. */
  readonly augment?: boolean;
  /** The number of batches that are prepared before they are asked for. Default 2. */
  readonly ahead?: number;
}

/** What a loader makes batches of. */
export type BatchSource = Pick<EncodedRows, 'batch' | 'lengthOf'>;

/** Rows are sorted by length within this many batches. */
const WINDOW = 50;

/**
 * Yields the batches of an epoch over some of the encoded rows, while the next ones are being prepared. The batches
 * depend on the seed, the epoch and the options alone: an epoch that is continued by `skip` has the same batches as one
 * that was never interrupted.
 *
 * With a seed, rows of like length come together, so that little is padded: the shuffled rows are sorted by length
 * within windows of 50 batches, and the batches of a window shuffled.
 *
 * @throws TesseraError, when called, if an option is unknown or invalid. Errors of reading and decoding reach the loop.
 */
export function loader(encoded: BatchSource, rows: Uint32Array, options: LoaderOptions): AsyncGenerator<FieldBatch> {
  const checked = checkOptions('loader', options, {
    size: positiveInteger,
    seed: optional(nonNegativeInteger),
    epoch: optional(nonNegativeInteger),
    skip: optional(nonNegativeInteger),
    augment: optional(boolean),
    ahead: optional(nonNegativeInteger),
  });
  const { seed, epoch = 0, augment = false, ahead = 2 } = checked;
  if (augment && seed === undefined) throw new TesseraError('loader: augment needs a seed');
  const generator = augment && seed !== undefined ? new Generator(seed, epoch).fork('augment') : undefined;
  const batches = batchRows(encoded, rows, checked);
  return prefetch(batches, (batch) => encoded.batch(batch, generator), ahead);
}

/** The rows of each batch of an epoch, in order. */
function* batchRows(
  encoded: BatchSource,
  rows: Uint32Array,
  { size, seed, epoch = 0, skip = 0 }: LoaderOptions,
): globalThis.Generator<Uint32Array> {
  const order = epochOrder(rows.length, seed, epoch).map((at) => rows[at]);
  if (seed === undefined) return yield* batchesOf(order, size, skip);
  const firstWindow = Math.floor(skip / WINDOW);
  for (let window = firstWindow; window * WINDOW * size < order.length; window++) {
    const own = order.subarray(window * WINDOW * size, (window + 1) * WINDOW * size);
    const batches = [...batchesOf(sortByLength(own, encoded), size)];
    // The last batch, which may be smaller, stays the last.
    const partial = batches.at(-1)?.length === size ? [] : batches.splice(-1);
    new Generator(seed, epoch).fork(`window ${window}`).shuffle(batches);
    yield* [...batches, ...partial].slice(window === firstWindow ? skip % WINDOW : 0);
  }
}

/** The rows in order of their length; rows of one length keep their order. */
function sortByLength(rows: Uint32Array, encoded: BatchSource): Uint32Array {
  const lengths = Float64Array.from(rows, (row) => encoded.lengthOf(row));
  const order = Array.from(rows.keys()).sort((a, b) => lengths[a] - lengths[b]);
  return Uint32Array.from(order, (at) => rows[at]);
}

/**
 * Yields the results of `load` for each item, in order, and keeps up to `ahead` loads running beyond the one that is
 * waited for. Where the loop is left, no further load begins, and those that run are waited for.
 */
async function* prefetch<Item, Loaded>(
  items: Iterator<Item>,
  load: (item: Item) => Promise<Loaded>,
  ahead: number,
): AsyncGenerator<Loaded> {
  const running: Promise<Loaded>[] = [];
  try {
    for (;;) {
      for (let item = items.next(); !item.done; item = items.next()) {
        const loading = load(item.value);
        // An error is thrown where this load is waited for, not before as an unhandled rejection.
        loading.catch(() => {});
        running.push(loading);
        if (running.length > ahead) break;
      }
      const first = running.shift();
      if (first === undefined) return;
      yield await first;
    }
  } finally {
    await Promise.allSettled(running);
  }
}
