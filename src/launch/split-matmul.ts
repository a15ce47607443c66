import { bytesOf, exceedsBinding } from '../gpu/device.js';
import { addParts } from '../kernels/matmul/add.js';
import { copyRegion, whole } from './copy.js';
import { type Launch, type LaunchContext, launch, partOf, type Value } from './launch.js';
import { reduceLaunches } from './reduce.js';
import type { Shape } from './shape.js';

/*
 * Products of one matrix by one, of which an operand is larger than what a device binds at once. The kernels themselves
 * can go along the rows of C (`splits` in kernels/matmul); here is what needs more than one of them:
 *
 *   along k        C = Σ_p A[:, p]·B[p, :]     where A is transposed or B is not: rows of memory follow k
 *   along columns  C[:, p] = A·B[:, p]         where B is transposed
 *   along rows     C[p, :] = A[p, :]·B         where k is so long that the kernels split it, too
 */
interface Product {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

type Multiply = (a: Value, b: Value, c: Value) => Launch[];

/** Pieces are multiples of this many elements where they can be: there every device can begin a binding, whatever the type. */
const GRAIN = 128;

/** The launches of C = A·B in pieces; undefined where one piece will do, or none would. */
export function largeProduct(
  a: Value,
  b: Value,
  c: Value,
  { transposeA, transposeB, m, n, k }: Product,
  isSplitAlongK: boolean,
  context: LaunchContext,
  multiply: Multiply,
): Launch[] | undefined {
  const { bindingBytes } = context.device.limits;
  const isLarge = ({ dtype, length }: Value) => exceedsBinding(dtype, length, context.device.limits);
  /** The longest piece along an axis whose steps take `lengths` elements of the operands; a multiple of GRAIN where it can be. */
  const longest = (...lengths: number[]) => {
    const most = Math.floor(bindingBytes / bytesOf(a.dtype, Math.max(...lengths)));
    const grain = [GRAIN, 4].find((one) => one <= most) ?? 1;
    return Math.floor(most / grain) * grain;
  };
  const inPieces = new Pieces(a, b, c, { transposeA, transposeB, m, n, k }, context, multiply);
  if ((transposeA && isLarge(a)) || (!transposeB && isLarge(b)))
    return inPieces.alongK(longest(transposeA ? m : 0, transposeB ? 0 : n));
  if (transposeB && isLarge(b)) return longest(k) > 0 ? inPieces.ofC(m, longest(k)) : inPieces.alongK(longest(m, n));
  if (isLarge(a) && isSplitAlongK) return inPieces.ofC(longest(k), n);
  return undefined;
}

class Pieces {
  readonly #launches: Launch[] = [];

  constructor(
    private readonly a: Value,
    private readonly b: Value,
    private readonly c: Value,
    private readonly size: Product,
    private readonly context: LaunchContext,
    private readonly multiply: Multiply,
  ) {}

  /** Sums products of pieces of k, in order. */
  alongK(length: number): Launch[] | undefined {
    const { a, b, c, context } = this;
    const { transposeA, transposeB, m, n, k } = this.size;
    if (length === 0) return undefined;
    let total: Value | undefined;
    for (let first = 0; first < k; first += length) {
      const size = Math.min(length, k - first);
      const left = transposeA ? this.#rows(a, first, [size, m]) : this.#columns(a, first, [m, size]);
      const right = transposeB ? this.#columns(b, first, [n, size]) : this.#rows(b, first, [size, n]);
      const product = context.temporary([m, n]);
      this.#launches.push(...this.multiply(left, right, product));
      if (total !== undefined) {
        const sum = first + size < k ? context.temporary([m, n]) : c;
        this.#launches.push(launch(addParts, { a: total, b: product, y: sum }, { rows: m, cols: n }));
        total = sum;
      } else {
        total = product;
      }
    }
    return this.#launches;
  }

  /** Products of blocks of C, put together; what follows the product is done at the end, on all of it. */
  ofC(rows: number, columns: number): Launch[] | undefined {
    const { a, b, c, context } = this;
    const { transposeA, transposeB, m, n, k } = this.size;
    if (rows === 0 || columns === 0) return undefined;
    const together = context.temporary([m, n]);
    for (let i = 0; i < m; i += rows) {
      for (let j = 0; j < n; j += columns) {
        const shape = [Math.min(rows, m - i), Math.min(columns, n - j)] as const;
        const left = transposeA ? this.#columns(a, i, [k, shape[0]]) : this.#rows(a, i, [shape[0], k]);
        const right = transposeB ? this.#rows(b, j, [shape[1], k]) : this.#columns(b, j, [k, shape[1]]);
        const block = context.temporary(shape);
        const place = { offset: i * n + j, strides: [n, 1] };
        this.#launches.push(
          ...this.multiply(left, right, block),
          ...copyRegion(context, block, together, shape, whole(shape), place),
        );
      }
    }
    return [...this.#launches, ...reduceLaunches('sum', together, c, { outer: m, n: 1, inner: n }, context)];
  }

  /** Rows of a matrix, from the first on, as they lie. */
  #rows(x: Value, first: number, shape: Shape): Value {
    return partOf(x, first * shape[1], shape);
  }

  /** Columns of a matrix, from the first on, next to each other. */
  #columns(x: Value, first: number, shape: Shape): Value {
    const width = x.length / shape[0];
    if (shape[1] === width) return x;
    const copy = this.context.temporary(shape, x.dtype);
    const place = { offset: first, strides: [width, 1] };
    this.#launches.push(...copyRegion(this.context, x, copy, shape, place, whole(shape)));
    return copy;
  }
}
