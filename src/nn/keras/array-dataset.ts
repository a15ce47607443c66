import { copyRows } from '../../tensor/batches.js';
import { readBack } from '../../tensor/evaluate.js';
import {
  type DType,
  type HostArray,
  type Nested,
  type Shape,
  Tensor,
  TesseraError,
  tensor,
} from '../../tensor/index.js';

/** Inputs or targets, rows first: a tensor, nested arrays, or a typed array (one number a row). */
export type Values = Tensor | Nested | HostArray;

/** Inputs or targets: of one input or output as they are, of several a list with one for each. */
export type Rows = Values | readonly Values[];

/**
 * What stands for one input or output: how it is called, its rank with the batch, and the type of plain numbers there.
 */
export interface Slot {
  readonly name: string;
  readonly rank: number;
  readonly dtype: DType;
  /** Targets of a loss that compares numbers: those without a last axis get it where the output has one of size 1. */
  readonly isColumn?: boolean;
}

/** Rows on the host. */
interface HostRows {
  readonly values: HostArray;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Inputs and targets on the host, of which batches are taken. */
export class RowSet {
  readonly #inputs: readonly HostRows[];
  readonly #targets: readonly HostRows[];
  /** How many rows there are. */
  readonly count: number;

  private constructor(inputs: readonly HostRows[], targets: readonly HostRows[]) {
    [this.#inputs, this.#targets] = [inputs, targets];
    this.count = inputs[0].shape[0];
  }

  /** Reads what is on a device. @throws TesseraError if something is missing or no rows, or they differ in number. */
  static async read(
    what: string,
    inputs: readonly [Rows, readonly Slot[]],
    targets: readonly [Rows, readonly Slot[]] = [[], []],
  ): Promise<RowSet> {
    const [x, y] = [tensorsOf(what, 'inputs', ...inputs), tensorsOf(what, 'targets', ...targets)];
    const all = [...x, ...y];
    const counts = new Set(all.map(({ shape }) => shape[0] ?? 0));
    if (counts.size !== 1 || counts.has(0)) {
      const shapes = all.map((one) => one.describe()).join(', ');
      throw new TesseraError(`${what}: expected as many rows of each, and at least one; got ${shapes}`);
    }
    await readBack(all.filter(({ source, host }) => source.kind !== 'data' && host === undefined));
    const onHost = async (one: Tensor) => ({ values: await one.data(), shape: one.shape, dtype: one.dtype });
    return new RowSet(await Promise.all(x.map(onHost)), await Promise.all(y.map(onHost)));
  }

  /** Some rows of each, as new tensors. */
  take(rows: Uint32Array): { inputs: Tensor[]; targets: Tensor[] } {
    const part = ({ values, shape, dtype }: HostRows) => {
      const taken = copyRows(values, rows, values.slice(0, (values.length / shape[0]) * rows.length));
      return tensor(taken, [rows.length, ...shape.slice(1)], dtype);
    };
    return { inputs: this.#inputs.map(part), targets: this.#targets.map(part) };
  }

  /**
   * The class of each row or step of the first targets: integers are classes, a column holds 0 and 1, and of several
   * numbers the largest counts.
   */
  classes(): { readonly values: Int32Array; readonly shape: Shape } {
    const { values, shape, dtype } = this.#targets[0];
    const width = dtype === 'i32' || shape.length === 1 ? 1 : shape[shape.length - 1];
    if (width === 1) {
      const isColumn = shape.length > 1 && shape[shape.length - 1] === 1;
      return { values: Int32Array.from(values, Math.round), shape: isColumn ? shape.slice(0, -1) : shape };
    }
    const classOf = (row: number) => {
      const own = Array.from(values.subarray(row * width, (row + 1) * width));
      return own.indexOf(Math.max(...own));
    };
    return {
      values: Int32Array.from({ length: values.length / width }, (_, row) => classOf(row)),
      shape: shape.slice(0, -1),
    };
  }
}

/** A tensor for each slot. */
function tensorsOf(what: string, kind: string, given: Rows, slots: readonly Slot[]): Tensor[] {
  const isWhole = slots.length === 1 && !isListOfOne(given, slots[0]);
  const list = (isWhole ? [given] : given) as readonly Values[];
  if (!Array.isArray(list) || list.length !== slots.length)
    throw new TesseraError(
      `${what}: expected ${slots.length} ${kind} in a list, got ${Array.isArray(list) ? list.length : nameOf(list)}`,
    );
  return slots.map((slot, index) => tensorOf(`${what}: ${kind}`, list[index], slot));
}

/** Whether rows of one input or output stand in a list, as those of several do. */
function isListOfOne(given: Rows, { rank }: Slot): boolean {
  if (!Array.isArray(given) || given.length !== 1) return false;
  const isWhole = given[0] instanceof Tensor || ArrayBuffer.isView(given[0]);
  return isWhole || depthOf(given) > rank;
}

const depthOf = (values: unknown): number => (Array.isArray(values) ? 1 + depthOf(values[0]) : 0);

function tensorOf(what: string, values: Values, { name, rank, dtype, isColumn = false }: Slot): Tensor {
  if (!(values instanceof Tensor) && !ArrayBuffer.isView(values) && !Array.isArray(values))
    throw new TesseraError(`${what}: '${name}' must be a tensor or an array, got ${nameOf(values)}`);
  const rows = values instanceof Tensor ? values.current() : numbersOf(what, values, name, dtype);
  return isColumn && rows.rank === rank - 1 && rows.dtype === 'f32' ? rows.expandDims(-1) : rows;
}

function numbersOf(what: string, values: Nested | HostArray, name: string, dtype: DType): Tensor {
  const shape = ArrayBuffer.isView(values) ? [values.length] : undefined;
  const made = tensor(values, shape, 'f32');
  if (dtype === 'f32') return made;
  const { source } = made;
  const odd = source.kind === 'data' ? source.data.find((value) => !Number.isSafeInteger(value)) : undefined;
  if (odd !== undefined) throw new TesseraError(`${what}: '${name}' must be integers, got ${odd}`);
  return tensor(values, shape, dtype);
}

const nameOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? `an object (${value.constructor?.name ?? 'Object'})` : String(value);
