import { tensor } from '../../tensor/index.js';
import { boolean, closedFraction, fraction, listOf, oneOf, positive, size2d } from '../../tensor/options.js';
import { Reservoir } from '../reservoir.js';
import { type Augmentation, augmentBytes, type ChannelStatistics, normalizeBytes } from './augment.js';
import type { FieldKind, FileAccess, ImageShape } from './field.js';
import { type Decode, decodeSample, type FileSample, type FileSource, fileCells, parseFile } from './files.js';
import { checkSettings, checkState } from './settings.js';

/** Settings of a field of images. */
export interface ImageSettings extends Augmentation {
  /** Height and width in pixels, or both as one number. Default 64. */
  readonly size: number | readonly [number, number];
  /** 'contain' (default): the whole image on the background. 'cover': the middle of it, without a margin. */
  readonly fit: 'contain' | 'cover';
  /** The color behind transparent and beside scaled images. Default '#ffffff'. */
  readonly background: string;
}

/** The learned state of a field of images: the statistics of pixels in [0, 1]. */
export interface ImageState extends ChannelStatistics {
  readonly settings: ImageSettings;
}

const CHANNELS = 3;
/** The number of training images that the statistics are computed from. */
const SAMPLE = 256;

/** Images: `pixels` (rows, height, width, 3), normalized by the mean and deviation of each channel; 0 where absent. */
export const image: FieldKind<FileSource, ImageSettings, ImageState> = {
  kind: 'image',

  settings(chosen) {
    const defaults: ImageSettings = {
      size: 64,
      fit: 'contain',
      background: '#ffffff',
      flip: true,
      crop: 0.125,
      color: 0.2,
      cutout: 0,
    };
    return checkSettings('image', chosen, defaults, {
      size: size2d,
      fit: oneOf('contain', 'cover'),
      background: {
        expected: "a color such as '#ffffff'",
        fits: (value) => typeof value === 'string' && /^#[\da-f]{6}$/i.test(value),
      },
      flip: boolean,
      crop: fraction,
      color: fraction,
      cutout: fraction,
    });
  },

  parse: (cell) => parseFile(cell, 'an image'),

  learner(settings, files) {
    const sample = new Reservoir<FileSample>(SAMPLE);
    return {
      add(source, origin) {
        if (source !== undefined) sample.offer(() => ({ source, origin }));
      },
      async finish() {
        // Counts of bytes are the same in whichever order the images are decoded.
        const counts = Array.from({ length: CHANNELS }, () => new Float64Array(256));
        await decodeSample(sample.items, 'an image', files, decoder(settings, files), (bytes) => {
          bytes.forEach((value, at) => {
            counts[at % CHANNELS][value]++;
          });
        });
        const channels = counts.map(statisticsOf);
        return {
          settings,
          mean: channels.map(({ mean }) => mean),
          deviation: channels.map(({ deviation }) => deviation),
        };
      },
    };
  },

  column({ settings, ...statistics }, files) {
    const cells = fileCells(files, decoder(settings, files), (bytes) => bytes.length);
    const { height, width } = shapeOf(settings);
    const length = height * width * CHANNELS;
    return {
      get size() {
        return cells.size;
      },
      add: cells.add,
      check: cells.check,
      async batch(rows, generator) {
        const present = new Float32Array(rows.length);
        const pixels = new Float32Array(rows.length * length);
        const filling = Array.from(rows, async (row, index) => {
          const bytes = await cells.read(row);
          if (bytes === undefined) return;
          present[index] = 1;
          const out = pixels.subarray(index * length, (index + 1) * length);
          if (generator === undefined) normalizeBytes(bytes, statistics, out);
          else augmentBytes(bytes, [height, width], settings, statistics, generator.fork(`row ${row}`), out);
        });
        await Promise.all(filling);
        return { present: tensor(present), pixels: tensor(pixels, [rows.length, height, width, CHANNELS]) };
      },
    };
  },

  parseState(json) {
    return checkState<ImageSettings, ImageState>(image, json, {
      mean: listOf(closedFraction, CHANNELS),
      deviation: listOf(positive, CHANNELS),
    });
  },
};

/** The shape to which a field's images are decoded. */
function shapeOf({ size, fit, background }: ImageSettings): ImageShape {
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  return { height, width, fit, background };
}

/** Decodes images to RGB bytes of the shape that the settings say. */
const decoder =
  (settings: ImageSettings, files: FileAccess): Decode<Uint8Array> =>
  (bytes, name) =>
    files.decodeImage(bytes, shapeOf(settings), name);

/** Mean and deviation of bytes / 255, and their number, from the count of each byte. A deviation of 0 becomes 1. */
function statisticsOf(counts: Float64Array): { count: number; mean: number; deviation: number } {
  const count = counts.reduce((sum, of) => sum + of, 0);
  const mean = counts.reduce((sum, of, byte) => sum + of * byte, 0) / (255 * count);
  const variance = counts.reduce((sum, of, byte) => sum + of * (byte / 255 - mean) ** 2, 0) / count;
  return { count, mean, deviation: Math.sqrt(variance) || 1 };
}
