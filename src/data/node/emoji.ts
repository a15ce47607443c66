import { createHash } from 'node:crypto';
import path from 'node:path';
import envPaths from 'env-paths';
import {
  anything,
  type Checks,
  checkOptions,
  nonNegativeInteger,
  openFraction,
  optional,
  positiveInteger,
} from '../../tensor/options.js';
import type { PairedData } from '../dataset.js';
import { normalize, type PixelStatistics, pixelStatistics } from '../normalize.js';
import { Vocabulary } from '../tokenizer.js';
import {
  EMOJI_VENDORS,
  type EmojiIcon,
  type EmojiVendor,
  emojiSource,
  emojiText,
  emojiVendors,
  packageOf,
} from './emoji-icons.js';
import { readWholeFile, writeFileAtomically } from './files.js';
import { decodeImage } from './images.js';

/** Options of `emojiData`. */
export interface EmojiOptions {
  /** The height and width of the images in pixels. Default 28. */
  readonly pixels?: number;
  /** The vendors of the images. Default: the first three of `EMOJI_VENDORS`. */
  readonly vendors?: readonly EmojiVendor[];
  /** The seed of the split. Default 0. */
  readonly seed?: number;
  /** The fraction of the emoji in the test split. Default 0.2. */
  readonly testFraction?: number;
  /** The maximum number of words of a name. Default 8. */
  readonly time?: number;
  /** Called after each image that is rendered, with the number rendered and the total, unless they are cached. */
  readonly onProgress?: (done: number, total: number) => void;
  /** An AbortSignal that stops the rendering. */
  readonly signal?: { throwIfAborted(): void };
}

/** The emoji dataset. */
export interface EmojiData {
  /** The training split. */
  readonly train: PairedData;
  /** The test split, of emoji that the training split does not contain. */
  readonly test: PairedData;
  /** The vocabulary of the training split. */
  readonly vocabulary: Vocabulary;
  /** The statistics of the training split, by which all images are normalized. */
  readonly statistics: PixelStatistics;
  /** The names of the classes, which are Unicode's groups of emoji. */
  readonly classes: readonly string[];
  /** The name of the emoji of each row of the test split. */
  readonly testNames: readonly string[];
  /** The words that were removed from all texts because they leak the label. */
  readonly removedWords: readonly string[];
  /** The versions of the packages of emoji, by name. */
  readonly packages: Readonly<Record<string, string>>;
}

const OPTIONS: Checks<EmojiOptions> = {
  pixels: optional(positiveInteger),
  vendors: optional(emojiVendors),
  seed: optional(nonNegativeInteger),
  testFraction: optional(openFraction),
  time: optional(positiveInteger),
  onProgress: anything,
  signal: anything,
};
const CHANNELS = 3;

/**
 * Loads the emoji dataset: images and names of emoji, with their groups as classes. Each emoji has images by several
 * vendors; the split is by emoji, so that none is in both splits. The vocabulary and the pixel statistics are those of
 * the training split.
 *
 * @throws TesseraError if an option is unknown or invalid, or a package of emoji is not installed.
 */
export async function emojiData(options: EmojiOptions = {}): Promise<EmojiData> {
  const {
    pixels = 28,
    vendors = EMOJI_VENDORS.slice(0, 3),
    seed = 0,
    testFraction = 0.2,
    time = 8,
  } = checkOptions('emojiData', options, OPTIONS);
  const source = emojiSource('emojiData', { vendors, seed, testFraction });
  const { icons, classes, classOf, heldOut, packages } = source;
  const drawn = await rasterize(icons, packages, pixels, options);
  const textOf = (name: string) => emojiText(name, source);
  const trainNames = [...classOf.keys()].filter((name) => !heldOut.has(name));
  const vocabulary = Vocabulary.of(trainNames.map(textOf));
  const rows = (test: boolean) => icons.flatMap(({ emoji }, row) => (heldOut.has(emoji) === test ? [row] : []));
  const side = (test: boolean): PairedData => {
    const chosen = rows(test);
    const width = pixels * pixels * CHANNELS;
    const images = new Float32Array(chosen.length * width);
    chosen.forEach((row, at) => {
      const from = drawn.subarray(row * width, (row + 1) * width);
      images.set(
        Float32Array.from(from, (value) => value / 255),
        at * width,
      );
    });
    return {
      ...vocabulary.encode(
        chosen.map((row) => textOf(icons[row].emoji)),
        time,
      ),
      size: chosen.length,
      images,
      labels: Int32Array.from(chosen, (row) => classOf.get(icons[row].emoji) ?? 0),
      image: [pixels, pixels, CHANNELS],
      classes,
    };
  };
  const train = side(false);
  const test = side(true);
  const statistics = pixelStatistics(train.images, CHANNELS);
  normalize(train.images, statistics);
  normalize(test.images, statistics);
  const testNames = rows(true).map((row) => icons[row].emoji);
  return {
    train,
    test,
    vocabulary,
    statistics,
    classes,
    testNames,
    removedWords: [...source.removedWords].sort(),
    packages,
  };
}

/** Renders icons to bytes (icons, pixels, pixels, 3), or reads them from the cache. */
async function rasterize(
  icons: readonly EmojiIcon[],
  versions: Readonly<Record<string, string>>,
  pixels: number,
  { onProgress, signal }: EmojiOptions,
): Promise<Uint8Array> {
  const bytes = icons.length * pixels * pixels * CHANNELS;
  const drawnFrom = [...new Set(icons.map(({ vendor }) => `${vendor}@${versions[packageOf(vendor)]}`))].join();
  const key = createHash('sha256').update(`1 ${drawnFrom} ${pixels} ${icons.length}`).digest('hex').slice(0, 16);
  const file = path.join(envPaths('tessera', { suffix: '' }).cache, `emoji-${pixels}-${key}.bin`);
  const cached = await readCache(file, bytes);
  if (cached !== undefined) return cached;
  const drawn = new Uint8Array(bytes);
  let done = 0;
  const drawOne = async (index: number) => {
    signal?.throwIfAborted();
    const values = await decodeImage(Buffer.from(icons[index].svg), [pixels, pixels, CHANNELS], icons[index].emoji);
    drawn.set(
      Uint8Array.from(values, (value) => Math.round(value * 255)),
      index * values.length,
    );
    onProgress?.(++done, icons.length);
  };
  const lanes = Array.from({ length: 8 }, async (_, lane) => {
    for (let index = lane; index < icons.length; index += 8) await drawOne(index);
  });
  await Promise.all(lanes);
  const digest = createHash('sha256').update(drawn).digest();
  // If the cache is not writable, the images are rendered again next time.
  await writeFileAtomically(file, Buffer.concat([drawn, digest])).catch(() => {});
  return drawn;
}

/** Reads the cached bytes; undefined if they are missing or corrupt. */
async function readCache(file: string, bytes: number): Promise<Uint8Array | undefined> {
  const content = await readWholeFile(file, { maximumBytes: bytes + 32 }).catch(() => undefined);
  if (content?.length !== bytes + 32) return undefined;
  const digest = createHash('sha256').update(content.subarray(0, bytes)).digest();
  return digest.equals(content.subarray(bytes)) ? content.subarray(0, bytes) : undefined;
}
