import type { CategoryState } from '../data/fields/category.js';
import type { ImageSettings, ImageState } from '../data/fields/image.js';
import type { NumberState } from '../data/fields/number.js';
import type { SequenceState } from '../data/fields/sequence.js';
import type { SoundState } from '../data/fields/sound.js';
import type { TagsState } from '../data/fields/tags.js';
import { type Schema, type SchemaField, type TaskKind, targetOf } from '../data/schema.js';
import type { ServeSettings } from './options.js';

/** What a client needs to know of a run: `GET /api/schema`. */
export interface Description {
  readonly name: string;
  readonly target: { readonly column: string; readonly kind: TaskKind; readonly classes?: readonly string[] };
  readonly fields: readonly FieldDescription[];
  readonly limits: { readonly rows: number; readonly bodyBytes: number; readonly timeoutSeconds: number };
}

/** A column of a row. */
export interface FieldDescription {
  readonly column: string;
  readonly kind: SchemaField['kind'];
  /** Of a category and of tags, the values that training has seen, the most frequent first, at most 1,000. */
  readonly values?: readonly string[];
  /** Of tags, what separates them in a text. */
  readonly separator?: string;
  /** Of a number, the mean of the training rows. */
  readonly mean?: number;
  /** Of a sequence, the columns of its events, the time first. */
  readonly events?: readonly { readonly column: string; readonly kind: SchemaField['kind'] }[];
  /** Of an image, the size in pixels at which it is seen, and whether it is within that frame or covers it. */
  readonly height?: number;
  readonly width?: number;
  readonly fit?: ImageSettings['fit'];
  /** Of a sound, the samples a second and the seconds that are heard. */
  readonly sampleRate?: number;
  readonly seconds?: number;
}

/** The largest number of values that are listed. */
const MOST_VALUES = 1_000;

/** Describes a schema, without what was learned of it. */
export function describe(schema: Schema, { name, rows, bodyBytes, timeoutSeconds }: ServeSettings): Description {
  const { column, kind, classes } = targetOf(schema);
  return {
    name,
    target: { column, kind, ...(classes !== undefined && { classes }) },
    fields: schema.fields.map((field) => ({ column: field.column, kind: field.kind, ...detailsOf(field) })),
    limits: { rows, bodyBytes, timeoutSeconds },
  };
}

function detailsOf({ kind, state }: SchemaField): Partial<FieldDescription> {
  switch (kind) {
    case 'category':
      return { values: (state as CategoryState).values.slice(0, MOST_VALUES) };
    case 'tags': {
      const { tags, settings } = state as TagsState;
      return { values: tags.slice(0, MOST_VALUES), separator: settings.separator };
    }
    case 'image': {
      const { size, fit } = (state as ImageState).settings;
      const [height, width] = typeof size === 'number' ? [size, size] : size;
      return { height, width, fit };
    }
    case 'number':
      return { mean: (state as NumberState).mean };
    case 'sequence': {
      const { time, columns } = (state as SequenceState).settings;
      return { events: [time, ...columns].map(({ column, kind }) => ({ column, kind })) };
    }
    case 'sound': {
      const { sampleRate, length } = state as SoundState;
      return { sampleRate, seconds: length / sampleRate };
    }
    default:
      return {};
  }
}
