import { TesseraError, tensor } from '../../tensor/index.js';
import { booleanOf, isMissing, showCell } from '../cells.js';
import { Growable } from '../growable.js';
import type { FieldKind } from './field.js';
import { checkSettings, checkState } from './settings.js';
import { presence } from './storage.js';

/** A field of booleans has no settings. */
export type BooleanSettings = Readonly<Record<never, never>>;

/** Nothing is learned of a field of booleans. */
export interface BooleanState {
  readonly settings: BooleanSettings;
}

/** Booleans: `values` (rows, 1), 1 for true, -1 for false, 0 where absent. */
export const boolean: FieldKind<boolean, BooleanSettings, BooleanState> = {
  kind: 'boolean',

  settings(chosen) {
    return checkSettings<BooleanSettings>('boolean', chosen, {}, {});
  },

  parse(cell) {
    if (isMissing(cell)) return undefined;
    const value = booleanOf(cell);
    if (value !== undefined) return value;
    throw new TesseraError(`expected true or false, yes or no, 1 or 0, got ${showCell(cell)}`);
  },

  learner(settings) {
    let count = 0;
    return {
      add(value) {
        if (value !== undefined) count++;
      },
      finish() {
        if (count === 0) throw new TesseraError('no training row has a value');
        return { settings };
      },
    };
  },

  column() {
    const values = new Growable(Float32Array);
    return {
      get size() {
        return values.length;
      },
      add(value) {
        values.push(value === undefined ? 0 : value ? 1 : -1);
      },
      async batch(rows) {
        const signs = Float32Array.from(rows, (row) => values.at(row));
        return { present: presence(rows, (row) => values.at(row) !== 0), values: tensor(signs, [rows.length, 1]) };
      },
    };
  },

  parseState(json) {
    return checkState<BooleanSettings, BooleanState>(boolean, json, {});
  },
};
