import { tensor } from '../../tensor/index.js';
import { boolean, closedFraction, fraction, listOf, oneOf, positive, size2d } from '../../tensor/options.js';
import { type Augmentation, augmentBytes, type ChannelStatistics, normalizeBytes } from './augment.js';
import type { FieldKind, FileAccess, ImageShape } from './field.js';
import { type FileField, type FileSource, fileColumn, fileLearner, parseFile } from './files.js';
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
    // Counts of bytes are the same in whichever order the images are decoded.
    const counts = Array.from({ length: CHANNELS }, () => new Float64Array(256));
    return fileLearner(imagesOf(settings, files), {
      add(bytes) {
        bytes.forEach((value, at) => {
          counts[at % CHANNELS][value]++;
        });
      },
      finish() {
        const channels = counts.map(statisticsOf);
        return {
          settings,
          mean: channels.map(({ mean }) => mean),
          deviation: channels.map(({ deviation }) => deviation),
        };
      },
    });
  },

  column({ settings, ...statistics }, files) {
    const { height, width } = shapeOf(settings);
    const length = height * width * CHANNELS;
    return fileColumn(
      imagesOf(settings, files),
      (bytes) => bytes.length,
      (rows) => {
        const pixels = new Float32Array(rows * length);
        return {
          put(bytes, row, generator) {
            const out = pixels.subarray(row * length, (row + 1) * length);
            if (generator === undefined) normalizeBytes(bytes, statistics, out);
            else augmentBytes(bytes, [height, width], settings, statistics, generator, out);
          },
          tensors: () => ({ pixels: tensor(pixels, [rows, height, width, CHANNELS]) }),
        };
      },
    );
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

/** Images, decoded to RGB bytes of the shape that the settings say. */
const imagesOf = (settings: ImageSettings, files: FileAccess): FileField<Uint8Array> => ({
  files,
  what: 'an image',
  decode: (bytes, name) => files.decodeImage(bytes, shapeOf(settings), name),
});

/** Mean and deviation of bytes / 255, and their number, from the count of each byte. A deviation of 0 becomes 1. */
function statisticsOf(counts: Float64Array): { count: number; mean: number; deviation: number } {
  const count = counts.reduce((sum, of) => sum + of, 0);
  const mean = counts.reduce((sum, of, byte) => sum + of * byte, 0) / (255 * count);
  const variance = counts.reduce((sum, of, byte) => sum + of * (byte / 255 - mean) ** 2, 0) / count;
  return { count, mean, deviation: Math.sqrt(variance) || 1 };
}
