import { batchesOf, copyRows, epochOrder } from '../tensor/batches.js';
import { type Tensor, TesseraError, tensor } from '../tensor/index.js';
import { checkOptions, nonNegativeInteger, optional, positiveInteger } from '../tensor/options.js';

/** Pairs of text and image with a class, in flat arrays, one row a pair. */
export interface PairedData {
  /** Rows. */
  readonly size: number;
  /** (size, time) */
  readonly tokens: Int32Array;
  /** (size, time) */
  readonly mask: Float32Array;
  /** (size, height, width, channels) */
  readonly images: Float32Array;
  /** (size) */
  readonly labels: Int32Array;
  /** Words of a row, with padding. */
  readonly time: number;
  /** [height, width, channels] */
  readonly image: readonly [number, number, number];
  /** Their names. */
  readonly classes: readonly string[];
}

/** Some rows of a dataset, as tensors. */
export interface Batch {
  /** Rows. */
  readonly size: number;
  /** (size, time) of i32. */
  readonly tokens: Tensor;
  /** (size, time): 1 for a word, 0 for padding. */
  readonly mask: Tensor;
  /** (size, height, width, channels). */
  readonly images: Tensor;
  /** (size) of i32. */
  readonly labels: Tensor;
}

/** How rows are put into batches. */
export interface BatchOptions {
  /** Rows of a batch; the last may have fewer. */
  readonly size: number;
  /** Shuffles by (seed, epoch); without a seed rows come in order. */
  readonly seed?: number;
  /** Another epoch, another order. Default 0. */
  readonly epoch?: number;
  /** Batches to leave out at the beginning: where an interrupted epoch goes on. */
  readonly skip?: number;
}

/** How many batches an epoch has. */
export const batchCount = (rows: number, size: number): number => Math.ceil(rows / size);

/**
 * The batches of an epoch; the last may be smaller. The order depends on (seed, epoch) alone.
 * @throws TesseraError at the call if an option is unknown or not what it should be, or the dataset is empty, damaged, or holds NaN.
 */
export function batches(data: PairedData, options: BatchOptions): Generator<Batch> {
  const {
    size,
    seed,
    epoch = 0,
    skip = 0,
  } = checkOptions('batches', options, {
    size: positiveInteger,
    seed: optional(nonNegativeInteger),
    epoch: optional(nonNegativeInteger),
    skip: optional(nonNegativeInteger),
  });
  checkData(data);
  return eachBatch(data, batchesOf(epochOrder(data.size, seed, epoch), size, skip));
}

function* eachBatch(data: PairedData, batches: Iterable<Uint32Array>): Generator<Batch> {
  for (const rows of batches) yield rowsOf(data, rows);
}

function checkData({ size, tokens, mask, images, labels, time, image, classes }: PairedData): void {
  if (size === 0) throw new TesseraError('batches: the dataset is empty; expected at least one row');
  const pixels = image[0] * image[1] * image[2];
  const expected = { tokens: size * time, mask: size * time, images: size * pixels, labels: size };
  for (const [name, array] of Object.entries({ tokens, mask, images, labels })) {
    const needed = expected[name as keyof typeof expected];
    if (array.length !== needed) {
      throw new TesseraError(`batches: ${size} rows need ${needed} values of ${name}, got ${array.length}`);
    }
  }
  const odd = images.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) throw new TesseraError(`batches: the image of row ${Math.floor(odd / pixels)} holds ${images[odd]}`);
  const foreign = labels.findIndex((label) => label < 0 || label >= classes.length);
  if (foreign >= 0) {
    throw new TesseraError(
      `batches: the label of row ${foreign} is ${labels[foreign]}; expected 0 to ${classes.length - 1}`,
    );
  }
}

/** The given rows as one batch. */
export function rowsOf({ tokens, mask, images, labels, time, image }: PairedData, rows: Uint32Array): Batch {
  const pixels = image[0] * image[1] * image[2];
  const size = rows.length;
  return {
    size,
    tokens: tensor(copyRows(tokens, rows, new Int32Array(size * time)), [size, time]),
    mask: tensor(copyRows(mask, rows, new Float32Array(size * time)), [size, time]),
    images: tensor(copyRows(images, rows, new Float32Array(size * pixels)), [size, ...image]),
    labels: tensor(copyRows(labels, rows, new Int32Array(size)), [size]),
  };
}
