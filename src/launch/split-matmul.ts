import { bytesOf, exceedsBinding } from '../gpu/device.js';
import { addParts } from '../kernels/matmul/add.js';
import { contiguous, copyRegion } from './copy.js';
import { type Launch, type LaunchContext, launch, type Value, viewOf } from './launch.js';
import { reduceLaunches } from './reduce.js';
import type { Shape } from './shape.js';

/*
 * Products of two matrices of which one is larger than a binding. Kernels can be split along the rows of C by
 * themselves (`splits` in kernels/matmul/matmul.ts); these splits take several products, p being a range of an axis:
 *
 *   along k        C = Σ_p A[:, p]·B[p, :]     if the large operand's rows in memory follow k: Aᵀ (k, m) or B (k, n)
 *   along columns  C[:, p] = A·B[:, p]         if the large operand is Bᵀ (n, k)
 *   along rows     C[p, :] = A[p, :]·B         if the kernel splits k into chunks, too
 */
interface Product {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

type Multiply = (a: Value, b: Value, c: Value) => Launch[];

/** A multiple of this many elements of any type is a valid offset of a binding on every device. */
const ALIGNMENT = 128;

/** The launches of C = A·B in parts; undefined if none are needed, or even the smallest would be too large. */
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
  /** The longest part of an axis of which each index takes `lengths` elements of the operands; aligned if possible. */
  const longest = (...lengths: number[]) => {
    const most = Math.floor(bindingBytes / bytesOf(a.dtype, Math.max(...lengths)));
    const alignment = [ALIGNMENT, 4].find((one) => one <= most) ?? 1;
    return Math.floor(most / alignment) * alignment;
  };
  const parts = new SplitProduct(a, b, c, { transposeA, transposeB, m, n, k }, context, multiply);
  if ((transposeA && isLarge(a)) || (!transposeB && isLarge(b)))
    return parts.alongK(longest(transposeA ? m : 0, transposeB ? 0 : n));
  if (transposeB && isLarge(b)) return longest(k) > 0 ? parts.overBlocks(m, longest(k)) : parts.alongK(longest(m, n));
  if (isLarge(a) && isSplitAlongK) return parts.overBlocks(longest(k), n);
  return undefined;
}

class SplitProduct {
  readonly #launches: Launch[] = [];

  constructor(
    private readonly a: Value,
    private readonly b: Value,
    private readonly c: Value,
    private readonly size: Product,
    private readonly context: LaunchContext,
    private readonly multiply: Multiply,
  ) {}

  /** Sums the products of parts of k, in order. */
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

  /**
   * Computes C block by block in a temporary; the reduction over one element that copies it takes the epilogue of C.
   */
  overBlocks(rows: number, columns: number): Launch[] | undefined {
    const { a, b, c, context } = this;
    const { transposeA, transposeB, m, n, k } = this.size;
    if (rows === 0 || columns === 0) return undefined;
    const gathered = context.temporary([m, n]);
    for (let i = 0; i < m; i += rows) {
      for (let j = 0; j < n; j += columns) {
        const shape = [Math.min(rows, m - i), Math.min(columns, n - j)] as const;
        const left = transposeA ? this.#columns(a, i, [k, shape[0]]) : this.#rows(a, i, [shape[0], k]);
        const right = transposeB ? this.#rows(b, j, [shape[1], k]) : this.#columns(b, j, [k, shape[1]]);
        const block = context.temporary(shape);
        const region = { offset: i * n + j, strides: [n, 1] };
        this.#launches.push(
          ...this.multiply(left, right, block),
          ...copyRegion(context, block, gathered, shape, contiguous(shape), region),
        );
      }
    }
    return [...this.#launches, ...reduceLaunches('sum', gathered, c, { outer: m, n: 1, inner: n }, context)];
  }

  /** A view of the rows of a matrix from the first on. */
  #rows(x: Value, first: number, shape: Shape): Value {
    return viewOf(x, first * shape[1], shape);
  }

  /** A contiguous copy of the columns of a matrix from the first on. */
  #columns(x: Value, first: number, shape: Shape): Value {
    const width = x.length / shape[0];
    if (shape[1] === width) return x;
    const copy = this.context.temporary(shape, x.dtype);
    const region = { offset: first, strides: [width, 1] };
    this.#launches.push(...copyRegion(this.context, x, copy, shape, region, contiguous(shape)));
    return copy;
  }
}
