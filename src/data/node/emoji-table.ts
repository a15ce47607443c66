import path from 'node:path';
import papaparse from 'papaparse';
import { anything, checkOptions, nonNegativeInteger, optional, positiveInteger } from '../../tensor/options.js';
import { splitKeys } from '../split.js';
import {
  EMOJI_VENDORS,
  type EmojiIcon,
  type EmojiVendor,
  emojiSource,
  emojiText,
  emojiVendors,
} from './emoji-icons.js';
import { writeFileAtomically } from './files.js';
import { renderImage } from './images.js';

/** Options of `writeEmojiTable`. */
export interface EmojiTableOptions {
  /** The height and width of the images in pixels. Default 64. */
  readonly pixels?: number;
  /** The vendors of the images. Default: the first three of `EMOJI_VENDORS`. */
  readonly vendors?: readonly EmojiVendor[];
  /** The seed of the split. Default 0. */
  readonly seed?: number;
  /** Called after each image with the number written and the total. */
  readonly onProgress?: (done: number, total: number) => void;
  /** An AbortSignal that stops the writing. */
  readonly signal?: { throwIfAborted(): void };
}

/** A fifth of the emoji are for the test, as in `emojiData`, and an eighth of the others for validation. */
const TEST_FRACTION = 0.2;
const VALIDATION_FRACTION = 0.125;
/** The number of images that are rendered at the same time. */
const LANES = 8;

/**
 * Writes the emoji as a table: `emoji.csv` with the columns emoji, vendor, image, text, label and split, and the PNG
 * files that it names. Texts, labels and test split are those of `emojiData` with the same seed. The table is written
 * last. Returns its path and the number of its rows.
 *
 * @throws TesseraError if an option is unknown or invalid, a package of emoji or sharp is not installed, or a file
 * cannot be written.
 */
export async function writeEmojiTable(
  folder: string,
  options: EmojiTableOptions = {},
): Promise<{ readonly file: string; readonly rows: number }> {
  const {
    pixels = 64,
    vendors = EMOJI_VENDORS.slice(0, 3),
    seed = 0,
    onProgress,
    signal,
  } = checkOptions('writeEmojiTable', options, {
    pixels: optional(positiveInteger),
    vendors: optional(emojiVendors),
    seed: optional(nonNegativeInteger),
    onProgress: anything,
    signal: anything,
  });
  const source = emojiSource('writeEmojiTable', { vendors, seed, testFraction: TEST_FRACTION });
  const { icons, classes, classOf, heldOut } = source;
  const training = new Map([...classOf].filter(([name]) => !heldOut.has(name)));
  const validation = splitKeys(training, VALIDATION_FRACTION, seed);
  let done = 0;
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    for (let index = lane; index < icons.length; index += LANES) {
      signal?.throwIfAborted();
      const { svg } = icons[index];
      await writeFileAtomically(path.join(folder, imageOf(icons[index])), await renderImage(Buffer.from(svg), pixels));
      onProgress?.(++done, icons.length);
    }
  });
  await Promise.all(lanes);
  const partOf = (emoji: string) => (heldOut.has(emoji) ? 'test' : validation.has(emoji) ? 'validation' : 'train');
  const rows = icons.map((icon) => ({
    emoji: icon.emoji,
    vendor: icon.vendor,
    image: imageOf(icon),
    text: emojiText(icon.emoji, source),
    label: classes[classOf.get(icon.emoji) ?? 0],
    split: partOf(icon.emoji),
  }));
  const file = path.join(folder, 'emoji.csv');
  await writeFileAtomically(file, `${papaparse.unparse(rows, { newline: '\n' })}\n`);
  return { file, rows: rows.length };
}

/** The path of an image, relative to the table. */
const imageOf = ({ emoji, vendor }: EmojiIcon): string => `${vendor}/${emoji}.png`;
