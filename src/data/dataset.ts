import { batchesOf, copyRows, epochOrder } from '../tensor/batches.js';
import { type Tensor, TesseraError, tensor } from '../tensor/index.js';
import { checkOptions, nonNegativeInteger, optional, positiveInteger } from '../tensor/options.js';

/** A dataset of texts and images with class labels, in row-major arrays. */
export interface PairedData {
  /** The number of rows. */
  readonly size: number;
  /** The word ids (size, time). */
  readonly tokens: Int32Array;
  /** The mask (size, time): 1 for a word, 0 for padding. */
  readonly mask: Float32Array;
  /** The images (size, height, width, channels). */
  readonly images: Float32Array;
  /** The class labels (size). */
  readonly labels: Int32Array;
  /** The number of words per row, including padding. */
  readonly time: number;
  /** The shape of an image, [height, width, channels]. */
  readonly image: readonly [number, number, number];
  /** The names of the classes. */
  readonly classes: readonly string[];
}

/** A batch of a dataset, as tensors. */
export interface Batch {
  /** The number of rows. */
  readonly size: number;
  /** The word ids (size, time), i32. */
  readonly tokens: Tensor;
  /** The mask (size, time), f32: 1 for a word, 0 for padding. */
  readonly mask: Tensor;
  /** The images (size, height, width, channels), f32. */
  readonly images: Tensor;
  /** The class labels (size), i32. */
  readonly labels: Tensor;
}

/** Options of `batches`. */
export interface BatchOptions {
  /** The batch size; the last batch may be smaller. */
  readonly size: number;
  /** The seed of the shuffle; without a seed, rows are not shuffled. */
  readonly seed?: number;
  /** The number of the epoch, which is shuffled differently for each. Default 0. */
  readonly epoch?: number;
  /** The number of batches to skip, to resume an interrupted epoch. Default 0. */
  readonly skip?: number;
}

/** Returns the number of batches of an epoch. */
export const batchCount = (rows: number, size: number): number => Math.ceil(rows / size);

/**
 * Yields the batches of an epoch. Their order depends on the seed and the epoch only.
 * @throws TesseraError, when called, if an option is unknown or invalid, or the dataset is empty, inconsistent, or
 * contains NaN.
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
  if (odd >= 0) throw new TesseraError(`batches: the image of row ${Math.floor(odd / pixels)} contains ${images[odd]}`);
  const foreign = labels.findIndex((label) => label < 0 || label >= classes.length);
  if (foreign >= 0) {
    throw new TesseraError(
      `batches: the label of row ${foreign} is ${labels[foreign]}; expected 0 to ${classes.length - 1}`,
    );
  }
}

/** Returns rows of a dataset as a batch. */
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
