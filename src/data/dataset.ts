import { batchesOf, copyRows, epochOrder } from '../tensor/batches.js';
import { type Tensor, TesseraError, tensor } from '../tensor/index.js';
import {
  checkOptions,
  expectValue,
  listOf,
  nonNegativeInteger,
  optional,
  positiveInteger,
  text,
} from '../tensor/options.js';

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

/** Returns the number of batches of an epoch. @throws TesseraError if one of the numbers is none. */
export function batchCount(rows: number, size: number): number {
  expectValue('batchCount', 'rows', rows, nonNegativeInteger);
  expectValue('batchCount', 'size', size, positiveInteger);
  return Math.ceil(rows / size);
}

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
  if (data?.size === 0) throw new TesseraError('batches: the dataset is empty; expected at least one row');
  checkSizes('batches', data);
  checkValues(data);
  return eachBatch(data, batchesOf(epochOrder(data.size, seed, epoch), size, skip));
}

function* eachBatch(data: PairedData, batches: Iterable<Uint32Array>): Generator<Batch> {
  for (const rows of batches) yield batchOf(data, rows);
}

/** @throws TesseraError if the arrays of a dataset are none, or do not have the sizes that it states. */
function checkSizes(where: string, data: PairedData): void {
  const { size, tokens, mask, images, labels, time, image } = data ?? {};
  expectValue(where, 'size', size, nonNegativeInteger);
  expectValue(where, 'time', time, positiveInteger);
  expectValue(where, 'image', image, listOf(positiveInteger, 3));
  const expected = { tokens: size * time, mask: size * time, images: size * pixelsOf(image), labels: size };
  for (const [name, array] of Object.entries({ tokens, mask, images, labels })) {
    const needed = expected[name as keyof typeof expected];
    if (array?.length !== needed)
      throw new TesseraError(`${where}: ${size} rows need ${needed} values of ${name}, got ${array?.length}`);
  }
}

const pixelsOf = ([height, width, channels]: PairedData['image']): number => height * width * channels;

function checkValues({ images, labels, image, classes }: PairedData): void {
  expectValue('batches', 'classes', classes, listOf(text));
  const odd = images.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0)
    throw new TesseraError(`batches: the image of row ${Math.floor(odd / pixelsOf(image))} contains ${images[odd]}`);
  const foreign = labels.findIndex((label) => label < 0 || label >= classes.length);
  if (foreign >= 0) {
    throw new TesseraError(
      `batches: the label of row ${foreign} is ${labels[foreign]}; expected 0 to ${classes.length - 1}`,
    );
  }
}

/** Returns rows of a dataset as a batch. @throws TesseraError if the rows are no Uint32Array, or not of the dataset. */
export function rowsOf(data: PairedData, rows: Uint32Array): Batch {
  checkSizes('rowsOf', data);
  expectValue('rowsOf', 'rows', rows, {
    expected: `a Uint32Array of numbers below ${data.size}`,
    fits: (value) => value instanceof Uint32Array && value.every((row) => row < data.size),
  });
  return batchOf(data, rows);
}

function batchOf({ tokens, mask, images, labels, time, image }: PairedData, rows: Uint32Array): Batch {
  const pixels = pixelsOf(image);
  const size = rows.length;
  return {
    size,
    tokens: tensor(copyRows(tokens, rows, new Int32Array(size * time)), [size, time]),
    mask: tensor(copyRows(mask, rows, new Float32Array(size * time)), [size, time]),
    images: tensor(copyRows(images, rows, new Float32Array(size * pixels)), [size, ...image]),
    labels: tensor(copyRows(labels, rows, new Int32Array(size)), [size]),
  };
}
