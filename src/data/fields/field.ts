import type { Generator } from '../../tensor/generator.js';
import type { Tensor } from '../../tensor/index.js';
import type { Cell } from '../table.js';

/** The kinds of fields, one file each in this folder. */
export type KindName = 'text' | 'image' | 'number' | 'category' | 'boolean' | 'date' | 'tags';

/** The tensors of some rows of a field, by name; `present` (rows) is 1 where a row has a value, 0 where it is absent. */
export interface FieldTensors {
  readonly present: Tensor;
  readonly [name: string]: Tensor;
}

/** The values of one field for many rows, encoded compactly. */
export interface FieldColumn<Value> {
  /** The number of rows so far. */
  readonly size: number;
  /** Appends a row: its value, or undefined where it is absent. */
  add(value: Value | undefined): void;
  /** The tensors of some rows. With a generator, values are augmented as the field's settings say. */
  batch(rows: Uint32Array, generator?: Generator): Promise<FieldTensors>;
  /** A length by which rows are grouped into batches, for kinds whose tensors are padded; 0 for an absent value. */
  lengthOf?(row: number): number;
}

/** Learns the state of a field from the values of the training rows, one after the other. */
export interface Learner<Value, State> {
  add(value: Value | undefined): void;
  /** @throws TesseraError if the values do not allow it, such as a category without values. */
  finish(): State;
}

/**
 * A kind of field: how a cell becomes a value, what is learned from training rows, and how values become tensors.
 * `Settings` are what a user may choose; `State` is settings and what was learned, as JSON: with it a run predicts
 * without the table that it was trained on.
 */
export interface FieldKind<Value, Settings, State> {
  readonly kind: KindName;
  /**
   * The value of a cell, or undefined where it is absent. What a cell cannot say by itself is a setting of its column:
   * whether 1,234 has a decimal comma, whether 3/5/2024 is in March or May, what separates tags.
   * @throws TesseraError with the reason alone, if the cell has no value of this kind.
   */
  parse(cell: Cell, settings: Settings): Value | undefined;
  /** @throws TesseraError if a setting is unknown or invalid. */
  learner(settings: Settings): Learner<Value, State>;
  /** An empty column. `readFile` reads the files that values name. */
  column(state: State, readFile: (value: Value) => Promise<Uint8Array>): FieldColumn<Value>;
  /** Checks a state that was read from a file. @throws TesseraError if it is not one of this kind. */
  parseState(json: unknown): State;
}
