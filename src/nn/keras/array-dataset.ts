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

/**
 * The values of one input or target, with rows as the first axis: a tensor, nested arrays, or a typed array of one
 * number per row.
 */
export type Values = Tensor | Nested | HostArray;

/** The inputs or targets of a model: the values themselves for one input or output, a list of them for several. */
export type Rows = Values | readonly Values[];

/** The tensor that a model expects for an input or a target. */
export interface TensorSpec {
  /** The name of the input or output. */
  readonly name: string;
  /** The rank, including the batch. */
  readonly rank: number;
  /** The dtype that plain numbers are converted to. */
  readonly dtype: DType;
  /** Whether targets without the last axis get one of size 1, as the outputs that a loss compares them with have. */
  readonly isColumn?: boolean;
}

/** The values of one input or target on the host. */
interface HostTensor {
  readonly values: HostArray;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Inputs and targets on the host, from which batches are gathered. */
export class ArrayDataset {
  readonly #inputs: readonly HostTensor[];
  readonly #targets: readonly HostTensor[];
  /** The number of rows. */
  readonly count: number;

  private constructor(inputs: readonly HostTensor[], targets: readonly HostTensor[]) {
    this.#inputs = inputs;
    this.#targets = targets;
    this.count = inputs[0].shape[0];
  }

  /**
   * Checks inputs and targets, and reads those that are on a device.
   * @throws TesseraError if values are missing, there are no rows, or the numbers of rows differ.
   */
  static async read(
    what: string,
    inputs: readonly [Rows, readonly TensorSpec[]],
    targets: readonly [Rows, readonly TensorSpec[]] = [[], []],
  ): Promise<ArrayDataset> {
    const x = tensorsOf(what, 'inputs', ...inputs);
    const y = tensorsOf(what, 'targets', ...targets);
    const all = [...x, ...y];
    const counts = new Set(all.map(({ shape }) => shape[0] ?? 0));
    if (counts.size !== 1 || counts.has(0)) {
      const shapes = all.map((values) => values.describe()).join(', ');
      throw new TesseraError(`${what}: expected the same number of rows of each, and at least one; got ${shapes}`);
    }
    await readBack(all.filter(({ source, host }) => source.kind !== 'data' && host === undefined));
    const onHost = async (x: Tensor) => ({ values: await x.data(), shape: x.shape, dtype: x.dtype });
    return new ArrayDataset(await Promise.all(x.map(onHost)), await Promise.all(y.map(onHost)));
  }

  /** Gathers rows of all inputs and targets as new tensors. */
  batch(rows: Uint32Array): { inputs: Tensor[]; targets: Tensor[] } {
    const gather = ({ values, shape, dtype }: HostTensor) => {
      const gathered = copyRows(values, rows, values.slice(0, (values.length / shape[0]) * rows.length));
      return tensor(gathered, [rows.length, ...shape.slice(1)], dtype);
    };
    return { inputs: this.#inputs.map(gather), targets: this.#targets.map(gather) };
  }

  /**
   * The classes of the rows or steps of the first target: integers are class indices, a single column holds the classes
   * 0 and 1, and several columns are one-hot or probabilities, whose class is the index of the maximum.
   */
  classes(): { readonly values: Int32Array; readonly shape: Shape } {
    const { values, shape, dtype } = this.#targets[0];
    const width = dtype === 'i32' || shape.length === 1 ? 1 : shape[shape.length - 1];
    if (width === 1) {
      const isColumn = shape.length > 1 && shape[shape.length - 1] === 1;
      return { values: Int32Array.from(values, Math.round), shape: isColumn ? shape.slice(0, -1) : shape };
    }
    const classOf = (row: number) => {
      const probabilities = Array.from(values.subarray(row * width, (row + 1) * width));
      return probabilities.indexOf(Math.max(...probabilities));
    };
    return {
      values: Int32Array.from({ length: values.length / width }, (_, row) => classOf(row)),
      shape: shape.slice(0, -1),
    };
  }
}

/** The values for all specs as tensors. */
function tensorsOf(what: string, kind: string, given: Rows, specs: readonly TensorSpec[]): Tensor[] {
  const isSingle = specs.length === 1 && !isListOfOne(given, specs[0]);
  const list = (isSingle ? [given] : given) as readonly Values[];
  if (!Array.isArray(list) || list.length !== specs.length)
    throw new TesseraError(
      `${what}: expected ${specs.length} ${kind} in a list, got ${Array.isArray(list) ? list.length : nameOf(list)}`,
    );
  return specs.map((spec, index) => tensorOf(`${what}: ${kind}`, list[index], spec));
}

/** Whether the values of a single input or output are wrapped in a list, as those of several are. */
function isListOfOne(given: Rows, { rank }: TensorSpec): boolean {
  if (!Array.isArray(given) || given.length !== 1) return false;
  const [first] = given;
  return first instanceof Tensor || ArrayBuffer.isView(first) || depthOf(given) > rank;
}

/** The depth of nested arrays. */
const depthOf = (values: unknown): number => (Array.isArray(values) ? 1 + depthOf(values[0]) : 0);

/** The values for one spec as a tensor. @throws TesseraError if they are no tensor or array. */
function tensorOf(what: string, values: Values, { name, rank, dtype, isColumn = false }: TensorSpec): Tensor {
  if (!(values instanceof Tensor) && !ArrayBuffer.isView(values) && !Array.isArray(values))
    throw new TesseraError(`${what}: '${name}' must be a tensor or an array, got ${nameOf(values)}`);
  const rows = values instanceof Tensor ? values.current() : numbersOf(what, values, name, dtype);
  return isColumn && rows.rank === rank - 1 && rows.dtype === 'f32' ? rows.expandDims(-1) : rows;
}

/**
 * Plain numbers as a tensor of a dtype. @throws TesseraError if it is an integer type and a number is not an integer.
 */
function numbersOf(what: string, values: Nested | HostArray, name: string, dtype: DType): Tensor {
  const shape = ArrayBuffer.isView(values) ? [values.length] : undefined;
  const numbers = tensor(values, shape, 'f32');
  if (dtype === 'f32') return numbers;
  const { source } = numbers;
  const invalid = source.kind === 'data' ? source.data.find((value) => !Number.isSafeInteger(value)) : undefined;
  if (invalid !== undefined) throw new TesseraError(`${what}: '${name}' must be integers, got ${invalid}`);
  return tensor(values, shape, dtype);
}

const nameOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? `an object (${value.constructor?.name ?? 'Object'})` : String(value);
