import type { CategoryState } from '../../data/fields/category.js';
import type { DateState } from '../../data/fields/date.js';
import type { ImageState } from '../../data/fields/image.js';
import type { NumberState } from '../../data/fields/number.js';
import type { SequenceState } from '../../data/fields/sequence.js';
import type { SoundState } from '../../data/fields/sound.js';
import type { TagsState } from '../../data/fields/tags.js';
import type { TextState } from '../../data/fields/text.js';
import type { SchemaField, Split } from '../../data/schema.js';

/** How rows were divided, in words. */
export function describeSplit(split: Split, isStratified: boolean): string {
  switch (split.by) {
    case 'fraction':
      return `at random${isStratified ? ', with the same share of each class in every part' : ''} (seed ${split.seed})`;
    case 'group':
      return `by '${split.column}': rows with the same value are in the same part (seed ${split.seed})`;
    case 'time':
      return `by '${split.column}': validation is later than training, and the test later than validation`;
    case 'column':
      return `as the column '${split.column}' says`;
    case 'files':
      return 'by file';
  }
}

/** What was learned of a field from the training rows, in words; nothing of kinds that learn nothing. */
export function describeField({ kind, state }: SchemaField): string | undefined {
  if (state === undefined) return undefined;
  switch (kind) {
    case 'text': {
      const { vocabulary, length } = state as TextState;
      return `${vocabulary.length} known words, cut at ${length}`;
    }
    case 'image': {
      const { size } = (state as ImageState).settings;
      const [height, width] = typeof size === 'number' ? [size, size] : size;
      return `${width} x ${height} pixels`;
    }
    case 'sound': {
      const { sampleRate, length } = state as SoundState;
      return `${digits(length / sampleRate)} s at ${sampleRate} Hz`;
    }
    case 'sequence': {
      const { settings, length, meanLength } = state as SequenceState;
      const names = [settings.time, ...settings.columns].map(({ column }) => column);
      return `${digits(meanLength)} events a row, of ${names.join(', ')}; the latest ${length}`;
    }
    case 'category':
      return `${(state as CategoryState).values.length} known values`;
    case 'tags':
      return `${(state as TagsState).tags.length} known tags`;
    case 'number': {
      const { mean, deviation } = state as NumberState;
      return `mean ${digits(mean)}, deviation ${digits(deviation)}`;
    }
    case 'date':
      return `around ${new Date((state as DateState).mean * DAY).toISOString().slice(0, 10)}`;
    case 'boolean':
      return undefined;
  }
}

const DAY = 86_400_000;
const digits = (value: number): string => String(Number(value.toPrecision(3)));
