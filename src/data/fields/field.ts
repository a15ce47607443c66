import type { Generator } from '../../tensor/generator.js';
import type { Tensor } from '../../tensor/index.js';
import type { DecodeSoundOptions, Sound } from '../sounds/wav.js';
import type { Cell, CellError, Row } from '../table.js';

/** The kinds of fields, one file each in this folder. */
export type KindName = 'text' | 'image' | 'sound' | 'number' | 'category' | 'boolean' | 'date' | 'tags' | 'sequence';

/** The kinds whose cells name a file, or are its bytes. */
export type FileKind = 'image' | 'sound';

/** Whether the cells of a kind name a file, or are its bytes. */
export const isFileKind = (kind: KindName): kind is FileKind => kind === 'image' || kind === 'sound';

/**
 * The tensors of some rows of a field, by name; `present` (rows) is 1 where a row has a value, 0 where it is absent.
 */
export interface FieldTensors {
  readonly present: Tensor;
  readonly [name: string]: Tensor;
}

/** Where a value comes from, as messages name it; a path is relative to the file. */
export type Origin = Pick<Row, 'file' | 'number'>;

/** How an image becomes pixels. */
export interface ImageShape {
  readonly height: number;
  readonly width: number;
  /** Whether the image is scaled to lie within height x width, or to cover it and be cropped. */
  readonly fit: 'contain' | 'cover';
  /** The color behind transparent and beside scaled images, such as '#ffffff'. */
  readonly background: string;
}

/** Access to files, passed to fields so that this folder runs in a browser too. */
export interface FileAccess {
  /** Reads the file that a cell names. @throws TesseraError if it cannot be read. */
  readFile(path: string, origin: Origin): Promise<Uint8Array>;
  /**
   * Decodes an image to RGB bytes (height, width, 3). @throws TesseraError, with its name, if the bytes are not an
   * image.
   */
  decodeImage(bytes: Uint8Array, shape: ImageShape, name?: string): Promise<Uint8Array>;
  /** Decodes a sound. @throws TesseraError, with its name, if the bytes are not a sound, or longer than the limit. */
  decodeSound(bytes: Uint8Array, options?: DecodeSoundOptions): Promise<Sound>;
  /** The column, as errors name it. */
  readonly column: string;
  /** The bytes of decoded pixels or samples that a column may keep for later epochs. */
  readonly cacheBytes: number;
}

/** The values of one field for many rows, encoded compactly. */
export interface FieldColumn<Value> {
  /** The number of rows so far. */
  readonly size: number;
  /** Appends a row: its value, or undefined where it is absent. */
  add(value: Value | undefined, origin: Origin): void;
  /**
   * The tensors of some rows. With a generator, values are augmented as the field's settings say; what is drawn for a
   * row depends on the generator's seed and the row, not on the batch.
   * @throws CellError if a file cannot be used that `check` has not found.
   */
  batch(rows: Uint32Array, generator?: Generator): Promise<FieldTensors>;
  /**
   * Of a field of files: tries to use those of some rows. A row gets an error where it cannot, and is absent from then
   * on.
   */
  check?(rows: Uint32Array): Promise<(CellError | undefined)[]>;
  /** The length to which a row is padded in a batch of its like, for kinds whose tensors are padded. */
  lengthOf?(row: number): number;
}

/** Learns the state of a field from the values of the training rows, one after the other. */
export interface Learner<Value, State> {
  add(value: Value | undefined, origin: Origin): void;
  /** @throws TesseraError if the values do not allow it, such as a category without values. */
  finish(): State | Promise<State>;
}

/**
 * A kind of field: how a cell becomes a value, what is learned from training rows, and how values become tensors.
 * `Settings` are what a user may choose; `State` is settings and what was learned, as JSON: with it a run predicts
 * without the table that it was trained on.
 */
export interface FieldKind<Value, Settings, State> {
  readonly kind: KindName;
  /** The settings with their defaults. @throws TesseraError if a setting is unknown or invalid. */
  settings(chosen: Partial<Settings>): Settings;
  /**
   * The value of a cell, or undefined where it is absent. What a cell cannot say by itself is a setting of its column:
   * whether 1,234 has a decimal comma, whether 3/5/2024 is in March or May, what separates tags.
   * @throws TesseraError with the reason alone, if the cell has no value of this kind.
   */
  parse(cell: Cell, settings: Settings): Value | undefined;
  learner(settings: Settings, files: FileAccess): Learner<Value, State>;
  /** An empty column. */
  column(state: State, files: FileAccess): FieldColumn<Value>;
  /** Checks a state that was read from a file. @throws TesseraError if it is not one of this kind. */
  parseState(json: unknown): State;
}
