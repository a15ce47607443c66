import { textOf } from '../data/cells.js';
import type { FieldTensors } from '../data/fields/field.js';
import type { SoundState } from '../data/fields/sound.js';
import type { SchemaField } from '../data/schema.js';
import type { Cell } from '../data/table.js';
import { type Span, wordSpans } from '../data/tokenizer.js';
import type { Variant } from './variants.js';

/** The effects of the parts of a field, where its kind has any. */
export interface PartEffects {
  /** The effect of each word of a text. */
  readonly words?: readonly (Span & { readonly effect: number })[];
  /** The effect of each cell of an image, row by row; `rows` · `columns` of them cover it. */
  readonly cells?: { readonly rows: number; readonly columns: number; readonly effects: readonly number[] };
  /** The effect of each of as many equal parts of the seconds of a sound. */
  readonly parts?: { readonly seconds: number; readonly effects: readonly number[] };
}

/** What the effects of parts are computed with. */
export interface Occlusion {
  /** The effect of what each variant lacks. */
  predict(variants: readonly Variant[]): Promise<readonly number[]>;
  /** Encodes a row that has one cell, in place of the field's; returns its number. */
  encode(cell: Cell): number;
}

/** The number of words of a text whose effect is computed. */
const MOST_WORDS = 64;
/** The cells along each side of an image, and the parts of a sound. */
const [CELLS, PARTS] = [8, 16];

/**
 * The effects of the parts of a field, each of which is left out:
 *
 * - A word is taken out of its text.
 * - A square of 2 x 2 cells of an image takes the mean color of the training images. The effect of a cell is the mean of
 *   those of the squares that cover it.
 * - Two neighboring parts of a sound become silent. The effect of a part is the mean of those of the pairs that have it.
 *
 * @param inputs the field's tensors of the row (1, ...).
 */
export async function partEffects(
  { column, kind, state }: SchemaField,
  inputs: FieldTensors,
  cell: Cell,
  occlusion: Occlusion,
): Promise<PartEffects> {
  switch (kind) {
    case 'text':
      return { words: await wordEffects(column, textOf(cell) ?? '', occlusion) };
    case 'image':
      return { cells: await cellEffects(column, inputs.pixels.shape, occlusion) };
    case 'sound': {
      const [seconds] = await inputs.seconds.data();
      const { sampleRate } = state as SoundState;
      return { parts: { seconds, effects: await silenceEffects(column, Math.round(seconds * sampleRate), occlusion) } };
    }
    default:
      return {};
  }
}

async function wordEffects(column: string, text: string, { predict, encode }: Occlusion) {
  const spans = wordSpans(text, MOST_WORDS);
  const effects = await predict(
    spans.map(({ begin, end }) => ({ from: { [column]: encode(text.slice(0, begin) + text.slice(end)) } })),
  );
  return spans.map((span, at) => ({ ...span, effect: effects[at] }));
}

async function cellEffects(column: string, [, height, width, channels]: readonly number[], { predict }: Occlusion) {
  const [rows, columns] = [Math.min(CELLS, height), Math.min(CELLS, width)];
  const squares = pairs(rows).flatMap((top) => pairs(columns).map((left) => ({ top, left })));
  const effects = await predict(
    squares.map(({ top, left }) => ({
      change: {
        column,
        tensor: 'pixels',
        apply(pixels) {
          const [from, to] = [edge(left[0], columns, width), edge(left[1] + 1, columns, width)];
          for (let y = edge(top[0], rows, height); y < edge(top[1] + 1, rows, height); y++)
            pixels.fill(0, (y * width + from) * channels, (y * width + to) * channels);
        },
      },
    })),
  );
  const cells = Array.from({ length: rows * columns }, (_, cell) => {
    const [row, at] = [Math.floor(cell / columns), cell % columns];
    return mean(effects.filter((_, square) => squares[square].top.includes(row) && squares[square].left.includes(at)));
  });
  return { rows, columns, effects: cells };
}

async function silenceEffects(column: string, samples: number, { predict }: Occlusion): Promise<readonly number[]> {
  const parts = Math.min(PARTS, samples);
  const neighbors = pairs(parts);
  const effects = await predict(
    neighbors.map(([first, last]) => ({
      change: {
        column,
        tensor: 'samples',
        apply: (values) => void values.fill(0, edge(first, parts, samples), edge(last + 1, parts, samples)),
      },
    })),
  );
  return Array.from({ length: parts }, (_, part) => mean(effects.filter((_, at) => neighbors[at].includes(part))));
}

/** The pairs of neighbors among `count` parts; one part is its own. */
const pairs = (count: number): readonly (readonly [number, number])[] =>
  count === 1 ? [[0, 0]] : Array.from({ length: count - 1 }, (_, at) => [at, at + 1] as const);

/** Where part `at` of `parts` begins in `size` values. */
const edge = (at: number, parts: number, size: number): number => Math.round((at * size) / parts);

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
