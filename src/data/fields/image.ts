import { TesseraError, tensor } from '../../tensor/index.js';
import { boolean, closedFraction, fraction, listOf, oneOf, positive, size2d } from '../../tensor/options.js';
import { isMissing, showCell } from '../cells.js';
import { Reservoir } from '../reservoir.js';
import { CellError } from '../table.js';
import { type Augmentation, augmentBytes, type ChannelStatistics, normalizeBytes } from './augment.js';
import type { FieldKind, FileAccess, ImageShape, Origin } from './field.js';
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

/** The path of an image, or its bytes. */
export type ImageSource = string | Uint8Array;

const CHANNELS = 3;
/** The number of training images that the statistics are computed from. */
const SAMPLE = 256;
/** The number of images decoded at the same time: a table of photos must not fill the memory with them. */
const AT_ONCE = 8;

/** Images: `pixels` (rows, height, width, 3), normalized by the mean and deviation of each channel; 0 where absent. */
export const image: FieldKind<ImageSource, ImageSettings, ImageState> = {
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

  parse(cell) {
    if (cell instanceof Uint8Array) return cell.length === 0 ? undefined : cell;
    if (isMissing(cell)) return undefined;
    if (typeof cell === 'string') return cell.trim();
    throw new TesseraError(`expected the path or the bytes of an image, got ${showCell(cell)}`);
  },

  learner(settings, files) {
    const sample = new Reservoir<{ source: ImageSource; origin: Origin }>(SAMPLE);
    return {
      add(source, origin) {
        if (source !== undefined) sample.offer(() => ({ source, origin }));
      },
      async finish() {
        // Counts of bytes are the same in whichever order the images are decoded.
        const counts = Array.from({ length: CHANNELS }, () => new Float64Array(256));
        const limited = limiter();
        const decoding = sample.items.map(async ({ source, origin }) => {
          const bytes = await limited(() => tryDecode(source, origin, settings, files));
          if (bytes instanceof CellError) return bytes;
          bytes.forEach((value, at) => {
            counts[at % CHANNELS][value]++;
          });
        });
        const errors = (await Promise.all(decoding)).filter((error) => error !== undefined);
        const channels = counts.map(statisticsOf);
        if (channels[0].count === 0) throw noImage(errors);
        return {
          settings,
          mean: channels.map(({ mean }) => mean),
          deviation: channels.map(({ deviation }) => deviation),
        };
      },
    };
  },

  column({ settings, ...statistics }, files) {
    const sources: { readonly source: ImageSource | undefined; readonly origin: Origin }[] = [];
    const bad = new Set<number>();
    const cache = new Map<number, Uint8Array>();
    const limited = limiter();
    const { height, width } = shapeOf(settings);
    const length = height * width * CHANNELS;

    /** The bytes of a row, undefined if it is absent, or the error of its file. */
    async function bytesOf(row: number): Promise<Uint8Array | CellError | undefined> {
      const { source, origin } = sources[row];
      if (source === undefined || bad.has(row)) return undefined;
      const kept = cache.get(row);
      if (kept !== undefined) return kept;
      const bytes = await tryDecode(source, origin, settings, files);
      if (!(bytes instanceof CellError) && (cache.size + 1) * length <= files.cacheBytes) cache.set(row, bytes);
      return bytes;
    }

    return {
      get size() {
        return sources.length;
      },
      add(source, origin) {
        sources.push({ source, origin });
      },
      check(rows) {
        const checking = Array.from(rows, async (row) => {
          const bytes = await limited(() => bytesOf(row));
          if (!(bytes instanceof CellError)) return undefined;
          bad.add(row);
          return bytes;
        });
        return Promise.all(checking);
      },
      async batch(rows, generator) {
        const present = new Float32Array(rows.length);
        const pixels = new Float32Array(rows.length * length);
        const filling = Array.from(rows, async (row, index) => {
          const bytes = await limited(() => bytesOf(row));
          if (bytes === undefined) return;
          if (bytes instanceof CellError) throw bytes;
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

/** The number of files that are named where none can be used. */
const NAMED = 10;

/** The error of a column of which no image can be used. */
function noImage(errors: readonly CellError[]): TesseraError {
  if (errors.length === 0) return new TesseraError('no training row has an image');
  const named = errors.slice(0, NAMED).map(({ message }) => `\n  ${message}`);
  const more = errors.length > NAMED ? `\n  and ${errors.length - NAMED} more` : '';
  return new TesseraError(
    `none of ${errors.length} images that were checked can be used; correct the files, or leave the column out:${named.join('')}${more}`,
    { cause: errors[0] },
  );
}

/** The shape to which a field's images are decoded. */
function shapeOf({ size, fit, background }: ImageSettings): ImageShape {
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  return { height, width, fit, background };
}

/** Reads and decodes an image; returns the error if it cannot be used. */
async function tryDecode(
  source: ImageSource,
  { file, number }: Origin,
  settings: ImageSettings,
  files: FileAccess,
): Promise<Uint8Array | CellError> {
  try {
    if (typeof source !== 'string') return await files.decodeImage(source, shapeOf(settings));
    return await files.decodeImage(await files.readFile(source, { file, number }), shapeOf(settings), source);
  } catch (error) {
    if (!(error instanceof TesseraError)) throw error;
    return new CellError({ file, row: number, column: files.column }, error.message, { cause: error });
  }
}

/** Mean and deviation of bytes / 255, and their number, from the count of each byte. A deviation of 0 becomes 1. */
function statisticsOf(counts: Float64Array): { count: number; mean: number; deviation: number } {
  const count = counts.reduce((sum, of) => sum + of, 0);
  const mean = counts.reduce((sum, of, byte) => sum + of * byte, 0) / (255 * count);
  const variance = counts.reduce((sum, of, byte) => sum + of * (byte / 255 - mean) ** 2, 0) / count;
  return { count, mean, deviation: Math.sqrt(variance) || 1 };
}

/** Runs tasks in the order in which they come, a few of them at a time. */
function limiter(): <Result>(task: () => Promise<Result>) => Promise<Result> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running === AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
