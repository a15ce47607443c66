import { TesseraError, tensor } from '../../tensor/index.js';
import { positiveInteger } from '../../tensor/options.js';
import { isMissing, showCell, textOf } from '../cells.js';
import { Growable } from '../growable.js';
import type { FieldKind } from './field.js';
import { checkSettings, checkState, distinctStrings } from './settings.js';
import { Frequencies } from './statistics.js';
import { presence } from './storage.js';

/** Settings of a field of categories. */
export interface CategorySettings {
  /** Values that occur less often in the training rows share one id, with those that occur there never. Default 2. */
  readonly minimumCount: number;
  /** The maximum number of values with an id of their own, the most frequent ones. Default 10,000. */
  readonly size: number;
}

/** The learned state of a field of categories. */
export interface CategoryState {
  readonly settings: CategorySettings;
  /** The values by falling frequency; they have the ids 2, 3, ... */
  readonly values: readonly string[];
}

const ABSENT = 0;
const RARE = 1;
/** The id of the first value. */
const FIRST = 2;

/** Categories: `ids` (rows), i32: 0 where absent, 1 for rare and unseen values, then the values by frequency. */
export const category: FieldKind<string, CategorySettings, CategoryState> = {
  kind: 'category',

  settings(chosen) {
    const defaults: CategorySettings = { minimumCount: 2, size: 10_000 };
    return checkSettings('category', chosen, defaults, { minimumCount: positiveInteger, size: positiveInteger });
  },

  parse(cell) {
    if (isMissing(cell)) return undefined;
    if (typeof cell !== 'object' || cell instanceof Date) return textOf(cell)?.normalize('NFC');
    throw new TesseraError(`expected a text, number or boolean, got ${showCell(cell)}`);
  },

  learner(settings) {
    const counts = new Frequencies();
    let count = 0;
    return {
      add(value) {
        if (value === undefined) return;
        counts.add(value);
        count++;
      },
      finish() {
        if (count === 0) throw new TesseraError('no training row has a value');
        return { settings, values: counts.most(settings.size, settings.minimumCount) };
      },
    };
  },

  column({ values }) {
    const idOf = new Map(values.map((value, index) => [value, index + FIRST]));
    const ids = new Growable(Int32Array);
    return {
      get size() {
        return ids.length;
      },
      add(value) {
        ids.push(value === undefined ? ABSENT : (idOf.get(value) ?? RARE));
      },
      async batch(rows) {
        return {
          present: presence(rows, (row) => ids.at(row) !== ABSENT),
          ids: tensor(Int32Array.from(rows, (row) => ids.at(row))),
        };
      },
    };
  },

  parseState(json) {
    return checkState<CategorySettings, CategoryState>(category, json, { values: distinctStrings });
  },
};
