import { type Tensor, TesseraError, tensor } from '../../tensor/index.js';

/** Inputs or targets: tensors made from arrays, rows first. One, or one for each of a model's inputs or outputs. */
export type Rows = Tensor | readonly Tensor[];

/** Inputs and targets on the host, of which batches are taken. */
export class RowSet {
  readonly #inputs: readonly Tensor[];
  readonly #targets: readonly Tensor[];
  /** How many rows there are. */
  readonly count: number;

  /** @throws TesseraError if they differ in rows, have none, or were computed and not read. */
  constructor(what: string, inputs: Rows, targets: Rows = []) {
    [this.#inputs, this.#targets] = [listOf(inputs), listOf(targets)];
    const all = [...this.#inputs, ...this.#targets];
    const counts = new Set(all.map(({ shape }) => shape[0] ?? 0));
    if (counts.size !== 1 || counts.has(0)) {
      const shapes = all.map((one) => one.describe()).join(', ');
      throw new TesseraError(`${what}: expected as many rows of each, and at least one; got ${shapes}`);
    }
    for (const one of all)
      if (onHost(one) === undefined)
        throw new TesseraError(`${what}: rows come from arrays; read ${one.describe()} with data() first`);
    this.count = all[0].shape[0];
  }

  /** Some rows of each, as new tensors. */
  take(rows: Uint32Array): { inputs: Tensor[]; targets: Tensor[] } {
    const part = (x: Tensor) => takeRows(x, rows);
    return { inputs: this.#inputs.map(part), targets: this.#targets.map(part) };
  }

  /** The class of each row, from targets that are classes of i32 or one-hot. */
  classes(): Int32Array {
    const [targets] = this.#targets;
    const values = onHost(targets)!;
    if (targets.dtype === 'i32' && targets.shape.length === 1) return Int32Array.from(values);
    const width = targets.size / this.count;
    return Int32Array.from({ length: this.count }, (_, row) => {
      const own = Array.from(values.subarray(row * width, (row + 1) * width));
      return own.indexOf(Math.max(...own));
    });
  }
}

const listOf = (given: Rows): readonly Tensor[] => (Array.isArray(given) ? given : [given as Tensor]);

const onHost = (x: Tensor) => x.host ?? (x.source.kind === 'data' ? x.source.data : undefined);

function takeRows(x: Tensor, rows: Uint32Array): Tensor {
  const values = onHost(x)!;
  const width = x.size / x.shape[0];
  const taken = values.slice(0, rows.length * width);
  rows.forEach((row, at) => {
    taken.set(values.subarray(row * width, (row + 1) * width), at * width);
  });
  return tensor(taken, [rows.length, ...x.shape.slice(1)], x.dtype);
}

/** The numbers from `begin` up to `end`. */
export const range = (begin: number, end: number): Uint32Array =>
  Uint32Array.from({ length: end - begin }, (_, index) => begin + index);

/** Consecutive pieces of at most `size` rows. */
export function* batchesOf(order: Uint32Array, size: number): Generator<Uint32Array> {
  for (let begin = 0; begin < order.length; begin += size) yield order.subarray(begin, begin + size);
}
