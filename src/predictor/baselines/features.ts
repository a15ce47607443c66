import type { FieldTensors } from '../../data/fields/field.js';
import { UNKNOWN } from '../../data/tokenizer.js';
import { batchesOf } from '../../tensor/batches.js';
import { adaptiveAveragePool2d, type Tensor } from '../../tensor/index.js';
import { sequenceFeatures } from './sequence-features.js';
import { type DescribeSounds, soundFeatures } from './sound-features.js';

/** Encodes rows of a split: the tensors of each field, by its name. Fields come in the same order in every batch. */
export type EncodeRows = (rows: Uint32Array) => Promise<Readonly<Record<string, FieldTensors>>>;

/** The features of some rows before anything is learned from them. */
interface RawFeatures {
  readonly size: number;
  /** The number of bags in each row: of the words of a text, or of the one value of a category. */
  readonly bags: number;
  /** Bag b of row r is [offsets[r · bags + b], offsets[r · bags + b + 1]) of `ids` and `counts`. */
  readonly offsets: Uint32Array;
  readonly ids: Int32Array;
  /** How often each id occurs in its bag. */
  readonly counts: Float32Array;
  /** Numbers, thumbnails, descriptions of sounds, and whether each field is there: (size, denseWidth). */
  readonly dense: Float32Array;
}

/** Rows as inputs of a linear model: the entries of a sparse vector, and a dense one. */
export interface LinearRows {
  readonly size: number;
  /** The entries of row r are [offsets[r], offsets[r + 1]) of `indices` and `values`. */
  readonly offsets: Uint32Array;
  readonly indices: Int32Array;
  readonly values: Float32Array;
  /** (size, denseWidth) */
  readonly dense: Float32Array;
}

/** What `LinearFeatures` needs to know beside the rows. */
export interface LearnOptions {
  /** The largest length of the sparse vector. */
  readonly maximumWidth: number;
  /** The samples a second of each field of sounds, by its name. */
  readonly sampleRates: Readonly<Record<string, number>>;
}

/** What describes the sounds of each field. */
type SoundDescriptions = ReadonlyMap<string, DescribeSounds>;

/** Pictures are reduced to this many pixels a side. */
const PIXELS = 8;
/** The maximum number of distinct words of a text; further ones are ignored. */
const MAXIMUM_WORDS = 512;
/** Ids of one bag beyond this many share columns. */
const MAXIMUM_COLUMNS = 2 ** 15;
/** Rows are encoded this many at a time. */
const BATCH = 256;
/** A column with a smaller variance in training is constant, and left out. */
const SMALLEST_VARIANCE = 1e-12;

/**
 * The features of the linear baseline. A text is a bag of words weighted by tf · idf and scaled to length 1, with
 * idf = 1 + ln((1 + rows) / (1 + rows with the word)) as in scikit-learn; a category is a bag of one value. A picture
 * is its thumbnail of 8 x 8 pixels, a sound the mean and deviation of each band of its log-mel spectrogram. Events are
 * their number, the mean and the last of their numbers, and bags of their categories. Thumbnails, sounds, numbers and presence are standardized by the training rows.
 */
export class LinearFeatures {
  /** The number of columns of each bag: ids are taken modulo it. */
  readonly #columns: number;
  readonly #idf: Float64Array;
  readonly #mean: Float64Array;
  readonly #scale: Float64Array;
  /** The length of the sparse vector. */
  readonly sparseWidth: number;
  /** The length of the dense vector. */
  readonly denseWidth: number;

  /** Learns from training rows, and returns their features too. */
  static async learn(
    encode: EncodeRows,
    rows: Uint32Array,
    { maximumWidth, sampleRates }: LearnOptions,
  ): Promise<{ features: LinearFeatures; rows: LinearRows }> {
    const describe = new Map(Object.entries(sampleRates).map(([field, rate]) => [field, soundFeatures(rate)]));
    const chunks: RawFeatures[] = [];
    for (const batch of batchesOf(rows, BATCH)) chunks.push(await rawFeatures(encode, batch, describe));
    const features = new LinearFeatures(chunks, maximumWidth, describe);
    return { features, rows: joined(chunks.map((chunk) => features.#transform(chunk))) };
  }

  private constructor(
    chunks: readonly RawFeatures[],
    maximumWidth: number,
    private readonly describeSounds: SoundDescriptions,
  ) {
    const rows = chunks.reduce((sum, { size }) => sum + size, 0);
    const [{ bags, dense, size }] = chunks;
    const largest = chunks.reduce((most, { ids }) => ids.reduce((a, b) => Math.max(a, b), most), 0);
    this.#columns = Math.max(1, Math.min(largest + 1, MAXIMUM_COLUMNS, Math.floor(maximumWidth / bags)));
    this.sparseWidth = bags * this.#columns;
    this.#idf = new Float64Array(this.sparseWidth);
    for (const chunk of chunks) for (const index of this.#indicesOf(chunk)) this.#idf[index]++;
    this.#idf = this.#idf.map((count) => 1 + Math.log((1 + rows) / (1 + Math.min(count, rows))));
    this.denseWidth = dense.length / size;
    const columnMeans = (term: (value: number, column: number) => number): Float64Array => {
      const sums = new Float64Array(this.denseWidth);
      for (const { dense } of chunks)
        for (let at = 0; at < dense.length; at++) sums[at % sums.length] += term(dense[at], at % sums.length);
      return sums.map((sum) => sum / rows);
    };
    const mean = columnMeans((value) => value);
    const variance = columnMeans((value, column) => (value - mean[column]) ** 2);
    this.#mean = mean;
    this.#scale = variance.map((value) => (value < SMALLEST_VARIANCE ? 0 : 1 / Math.sqrt(value)));
  }

  /** The features of rows that are encoded like the training rows. */
  async of(encode: EncodeRows, rows: Uint32Array): Promise<LinearRows> {
    return this.#transform(await rawFeatures(encode, rows, this.describeSounds));
  }

  /** The place of each id in the sparse vector. */
  #indicesOf({ bags, offsets, ids }: RawFeatures): Int32Array {
    const indices = new Int32Array(ids.length);
    for (let bag = 0; bag + 1 < offsets.length; bag++)
      for (let at = offsets[bag]; at < offsets[bag + 1]; at++)
        indices[at] = (bag % bags) * this.#columns + (ids[at] % this.#columns);
    return indices;
  }

  #transform(raw: RawFeatures): LinearRows {
    const { size, bags, offsets, counts } = raw;
    const indices = this.#indicesOf(raw);
    const values = counts.map((count, at) => count * this.#idf[indices[at]]);
    for (let bag = 0; bag + 1 < offsets.length; bag++) {
      const own = values.subarray(offsets[bag], offsets[bag + 1]);
      const length = Math.hypot(...own);
      own.forEach((value, at) => {
        own[at] = value / length;
      });
    }
    const dense = raw.dense.map(
      (value, at) => (value - this.#mean[at % this.denseWidth]) * this.#scale[at % this.denseWidth],
    );
    return {
      size,
      offsets: Uint32Array.from({ length: size + 1 }, (_, row) => offsets[row * bags]),
      indices,
      values,
      dense,
    };
  }
}

/** The features of a batch of rows. Which they are follows from the tensors of each field. */
async function rawFeatures(
  encode: EncodeRows,
  rows: Uint32Array,
  describeSounds: SoundDescriptions,
): Promise<RawFeatures> {
  const bags: Map<number, number>[][] = Array.from(rows, () => []);
  const columns: { readonly values: ArrayLike<number>; readonly width: number }[] = [];
  const append = (values: ArrayLike<number>) => columns.push({ values, width: values.length / rows.length });
  for (const [field, tensors] of Object.entries(await encode(rows))) {
    const { present, tokens, mask, ids, values, pixels, samples, seconds, gaps }: Partial<FieldTensors> = tensors;
    if (present !== undefined) append(await present.data());
    if (gaps !== undefined) {
      append(await sequenceFeatures(tensors));
      for (let column = 0; column < (ids?.shape[2] ?? 0); column++)
        await addBags(bags, ids.slice([0, 0, column], [...ids.shape.slice(0, 2), column + 1]).squeeze(2), mask);
      continue;
    }
    // As in scikit-learn, words that were not learned do not count.
    if (tokens !== undefined) await addBags(bags, tokens, mask?.mul(tokens.notEqual(UNKNOWN).cast('f32')));
    if (ids !== undefined) await addBags(bags, ids.reshape([rows.length, 1]), present?.reshape([rows.length, 1]));
    if (values !== undefined) append(await values.data());
    if (pixels !== undefined) append(await thumbnails(pixels).data());
    const describe = describeSounds.get(field);
    if (describe !== undefined && samples !== undefined && seconds !== undefined)
      append(await describe(samples, seconds));
  }
  const all = bags.flat();
  const offsets = new Uint32Array(all.length + 1);
  for (const [at, bag] of all.entries()) offsets[at + 1] = offsets[at] + bag.size;
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  const dense = new Float32Array(rows.length * width);
  let first = 0;
  for (const { values, width: own } of columns) {
    for (let at = 0; at < values.length; at++) dense[Math.floor(at / own) * width + first + (at % own)] = values[at];
    first += own;
  }
  return {
    size: rows.length,
    bags: all.length / rows.length,
    offsets,
    ids: Int32Array.from(all.flatMap((bag) => [...bag.keys()])),
    counts: Float32Array.from(all.flatMap((bag) => [...bag.values()])),
    dense,
  };
}

const thumbnails = (pixels: Tensor): Tensor =>
  adaptiveAveragePool2d(pixels, [Math.min(PIXELS, pixels.shape[1]), Math.min(PIXELS, pixels.shape[2])]);

/** Adds a bag to each row: its ids (rows, time) where the mask is not 0. */
async function addBags(bags: Map<number, number>[][], ids: Tensor, mask: Tensor | undefined): Promise<void> {
  const time = ids.shape[1];
  const [numbers, counted] = [await ids.data(), await mask?.data()];
  for (const [row, own] of bags.entries()) {
    const bag = new Map<number, number>();
    for (let at = row * time; at < (row + 1) * time && bag.size < MAXIMUM_WORDS; at++)
      if (counted === undefined || counted[at] !== 0) bag.set(numbers[at], (bag.get(numbers[at]) ?? 0) + 1);
    own.push(bag);
  }
}

/** Joins chunks of rows. */
function joined(chunks: readonly LinearRows[]): LinearRows {
  const total = (lengthOf: (chunk: LinearRows) => number) => chunks.reduce((sum, chunk) => sum + lengthOf(chunk), 0);
  const rows: LinearRows = {
    size: total(({ size }) => size),
    offsets: new Uint32Array(total(({ size }) => size) + 1),
    indices: new Int32Array(total(({ indices }) => indices.length)),
    values: new Float32Array(total(({ values }) => values.length)),
    dense: new Float32Array(total(({ dense }) => dense.length)),
  };
  let [row, entry, number] = [0, 0, 0];
  for (const { size, offsets, indices, values, dense } of chunks) {
    rows.offsets.set(
      offsets.map((offset) => offset + entry),
      row,
    );
    rows.indices.set(indices, entry);
    rows.values.set(values, entry);
    rows.dense.set(dense, number);
    [row, entry, number] = [row + size, entry + indices.length, number + dense.length];
  }
  return rows;
}
