import { CellErrors } from '../../src/data/cell-errors.js';
import type { KindName } from '../../src/data/fields/field.js';
import type { Schema, SchemaTarget, Settings } from '../../src/data/schema.js';
import type { Cell, Table } from '../../src/data/table.js';
import { defaultModel, defaultTraining, type RunConfig, type TrainingConfig } from '../../src/predictor/config.js';
import { prepareData, type RunData } from '../../src/predictor/data.js';
import { Generator } from '../../src/tensor/generator.js';
import { tableOf } from './tables.js';

/** The kinds of the fields of things. Sounds and sequences have tests of their own. */
export type ThingKind = Exclude<KindName, 'sound' | 'sequence'>;
/** The fields of things by kind. */
export const FIELDS: Readonly<Record<ThingKind, string>> = {
  text: 'title',
  image: 'photo',
  number: 'price',
  category: 'brand',
  boolean: 'used',
  date: 'sold',
  tags: 'traits',
};
const SETTINGS: Partial<Record<KindName, Settings>> = {
  text: { minimumCount: 1 },
  image: { size: 8, crop: 0, cutout: 0 },
  category: { minimumCount: 1 },
  tags: { minimumCount: 1 },
};

/** What can be predicted of things. */
export const TARGETS = {
  category: { column: 'label', kind: 'category', settings: {}, classes: ['fruit', 'plant', 'vehicle'] },
  ordinal: { column: 'grade', kind: 'ordinal', settings: {}, classes: ['1', '2', '3'] },
  number: { column: 'amount', kind: 'number', settings: {} },
  tags: { column: 'topics', kind: 'tags', settings: {}, classes: ['eat', 'go', 'grow'] },
} as const satisfies Record<string, SchemaTarget>;

const WORDS = ['apple', 'tree', 'car'];
const COLUMNS = [...Object.values(FIELDS), ...Object.values(TARGETS).map(({ column }) => column)];

/** Rows whose every field tells their class; every seventh cell of the fields is absent. */
export function things(rows: number, seed = 1): Table {
  const generator = new Generator(seed);
  const cells = Array.from({ length: rows }, (_, row): Cell[] => {
    const label = generator.integer(3);
    const fields: Cell[] = [
      `a ${WORDS[label]} of ${generator.integer(5)}`,
      Uint8Array.of(label),
      label + generator.uniform(),
      'xyz'[label],
      label === 0,
      `2024-0${1 + 3 * label}-1${generator.integer(9)}`,
      [['red'], ['green', 'tall'], ['fast']][label],
    ];
    return [
      ...fields.map((cell, at) => ((row + at) % 7 === 0 ? undefined : cell)),
      TARGETS.category.classes[label],
      String(label + 1),
      10 * label + generator.uniform(),
      [TARGETS.tags.classes[label]],
    ];
  });
  return tableOf(COLUMNS, cells, 'things.csv');
}

/** The schema of things, with the fields of some kinds. */
export const schemaOf = (target: SchemaTarget, kinds: readonly ThingKind[]): Schema => ({
  version: 1,
  target,
  fields: kinds.map((kind) => ({ column: FIELDS[kind], kind, settings: SETTINGS[kind] ?? {} })),
  ignored: [],
  split: { by: 'fraction', fractions: { train: 0.6, validation: 0.2, test: 0.2 }, seed: 0 },
});

/** An image is one byte, by which it is brighter. */
export const decodeImage = async ([label]: Uint8Array, { height, width }: { height: number; width: number }) =>
  new Uint8Array(height * width * 3).fill(60 * label);

/** Three in five rows are trained on. */
export const partsOf = (rows: number): Uint8Array =>
  Uint8Array.from({ length: rows }, (_, row) => [0, 0, 0, 1, 2][row % 5]);

/** Things that are ready to train on. */
export async function dataOf(target: SchemaTarget, kinds: readonly ThingKind[], rows = 40): Promise<RunData> {
  const decode = { decodeImage: decodeImage as never };
  return prepareData(things(rows), schemaOf(target, kinds), partsOf(rows), { onError: 'stop', ...decode });
}

/** A fast training. */
export const TRAINING: TrainingConfig = { ...defaultTraining(24), epochs: 2, batch: 8 };

/** The configuration of a small model. */
export const CONFIG: RunConfig = {
  version: 2,
  table: { files: ['things.csv'], onError: 'stop' },
  seed: 3,
  model: { ...defaultModel(['text'], true), width: 8 },
  training: TRAINING,
  command: 'tessera train things.csv --target label',
  warnings: [],
};

/** No cells that cannot be used. */
export const noErrors = (): CellErrors => new CellErrors('stop');
