/// <reference lib="esnext.disposable" preserve="true" />
import type { HostArray } from '../gpu/device.js';
import { defined, TesseraError } from '../gpu/errors.js';
import { type Shape, sizeOf } from '../launch/shape.js';
import { scalarOf } from './create.js';
import { evaluate, readBack } from './evaluate.js';
import { introduceTensor } from './graph/factory.js';
import { assignedBy, type DType, type Source } from './graph/graph.js';
import { Resident } from './graph/resident.js';
import { formatShape } from './graph/shape.js';
import * as ops from './ops/index.js';
import { formatValues, type NestedNumbers, nest } from './values.js';

/** What stands for a tensor in arithmetic: a tensor, or a number, which takes the other operand's dtype. */
export type Operand = Tensor | number;

/**
 * A node in a lazy graph. Methods check shapes and add nodes; nothing runs before a value is asked for, by `data()`,
 * `item()` or `evaluate()`.
 */
export class Tensor {
  /** The value on the host, once it was read. */
  host: HostArray | undefined;
  /** @internal A read that is under way: its end sets `host`. */
  pending: Promise<void> | undefined;
  /** The value on a device, kept by `evaluate`. */
  resident: Resident | undefined;

  /** @internal Tensors are made by `tensor()` and by ops. */
  constructor(
    /** Where its value comes from: an op, numbers of the host, or a variable. It changes where a tensor is detached. */
    public source: Source,
    /** Which output of the op it is. */
    readonly index: number,
    /** Its sizes; [] for a scalar. */
    readonly shape: Shape,
    /** The type of its elements. */
    readonly dtype: DType,
  ) {}

  /** @internal The tensor that an op records: itself, or a variable's value as it is now. */
  current(): Tensor {
    return this;
  }

  /** How many axes it has. */
  get rank(): number {
    return this.shape.length;
  }

  /** How many elements it has. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Its dtype and shape, as messages show them: `f32 [32, 128]`. */
  describe(): string {
    return `${this.dtype} ${formatShape(this.shape)}`;
  }

  /** Its dtype and shape, and its values where the host knows them, shortened as NumPy does. */
  toString(): string {
    const current = this.current();
    const known = current.source.kind === 'data' ? current.source.data : current.host;
    return `Tensor ${this.describe()}${known === undefined ? ' (not evaluated)' : ` ${formatValues(known, this.shape)}`}`;
  }

  /** What Node's `console.log` shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /**
   * Runs what is needed and brings the values to the host, row-major. They stay with the tensor: a second call, or a
   * later graph, does not compute them again. The array is the tensor's own: do not write into it. f32 and f16 come as a
   * Float32Array (on the reference device a Float64Array), i32 as an Int32Array, u32 as a Uint32Array, bool as a Uint8Array.
   */
  async data(): Promise<HostArray> {
    const current = this.current();
    if (current.source.kind === 'data') return current.source.data;
    const assigned = assignedBy(current);
    if (assigned !== undefined)
      throw new TesseraError(`data: an assign has no value; evaluate it, then read '${assigned.name}'`);
    if (current.host === undefined) await (current.pending ?? readBack([current]));
    return defined(current.host);
  }

  /** The values as nested arrays of the tensor's shape; a scalar's as one number. */
  async toArray(): Promise<NestedNumbers> {
    return nest(await this.data(), this.shape);
  }

  /** The only element of a tensor of size 1. @throws TesseraError for another size. */
  async item(): Promise<number> {
    if (this.size !== 1) throw new TesseraError(`item: expected a tensor of one element, got ${this.describe()}`);
    return (await this.data())[0];
  }

  /** Computes it and keeps it on the device; returns itself. */
  async evaluate(): Promise<this> {
    await evaluate(this);
    return this;
  }

  /** @internal Makes a value on a device, or on the host, the tensor's own. */
  keep(value: Resident | HostArray): void {
    if (value instanceof Resident) {
      this.resident?.drop();
      this.resident = value;
    } else {
      this.host = value;
    }
    if (this.source.kind === 'op' && this.source.op.detaches) this.source = { kind: 'detached' };
  }

  /** @internal Takes over the value of another tensor of its shape. */
  takeValueOf({ host, resident }: Tensor): void {
    if (host !== undefined) this.keep(host);
    if (resident !== undefined) this.keep(resident.share());
  }

  /**
   * Gives back what `evaluate` kept on the device; asking for the value again computes it again, which a detached tensor
   * cannot. Never needed for tensors that were not evaluated.
   */
  dispose(): void {
    this.resident?.drop();
    this.resident = undefined;
  }

  /** The same as `dispose`, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** this + other */
  add(other: Operand): Tensor {
    return ops.add(this, this.#like('add', other));
  }
  /** this - other */
  subtract(other: Operand): Tensor {
    return ops.subtract(this, this.#like('subtract', other));
  }
  /** this · other */
  multiply(other: Operand): Tensor {
    return ops.multiply(this, this.#like('multiply', other));
  }
  /** this / other; integers are divided towards zero. */
  divide(other: Operand): Tensor {
    return ops.divide(this, this.#like('divide', other));
  }
  /** Short for `subtract`. */
  sub(other: Operand): Tensor {
    return this.subtract(other);
  }
  /** Short for `multiply`. */
  mul(other: Operand): Tensor {
    return this.multiply(other);
  }
  /** Short for `divide`. */
  div(other: Operand): Tensor {
    return this.divide(other);
  }
  /** this ^ exponent; of a negative number only whole powers. */
  pow(exponent: Operand): Tensor {
    return ops.pow(this, this.#like('pow', exponent));
  }
  /** The remainder, with the divisor's sign, as in NumPy. */
  mod(divisor: Operand): Tensor {
    return ops.mod(this, this.#like('mod', divisor));
  }
  /** The larger of the two. */
  maximum(other: Operand): Tensor {
    return ops.maximum(this, this.#like('maximum', other));
  }
  /** The smaller of the two. */
  minimum(other: Operand): Tensor {
    return ops.minimum(this, this.#like('minimum', other));
  }
  /** True where this = other. */
  equal(other: Operand): Tensor {
    return ops.equal(this, this.#like('equal', other));
  }
  /** True where this ≠ other. */
  notEqual(other: Operand): Tensor {
    return ops.notEqual(this, this.#like('notEqual', other));
  }
  /** True where this < other. */
  less(other: Operand): Tensor {
    return ops.less(this, this.#like('less', other));
  }
  /** True where this ≤ other. */
  lessEqual(other: Operand): Tensor {
    return ops.lessEqual(this, this.#like('lessEqual', other));
  }
  /** True where this > other. */
  greater(other: Operand): Tensor {
    return ops.greater(this, this.#like('greater', other));
  }
  /** True where this ≥ other. */
  greaterEqual(other: Operand): Tensor {
    return ops.greaterEqual(this, this.#like('greaterEqual', other));
  }
  /** Both, of bools. */
  and(other: Tensor): Tensor {
    return ops.logicalAnd(this, other);
  }
  /** At least one, of bools. */
  or(other: Tensor): Tensor {
    return ops.logicalOr(this, other);
  }
  /** The opposite, of a bool. */
  not(): Tensor {
    return ops.logicalNot(this);
  }
  /** Exclusive or of bools. */
  xor(other: Tensor): Tensor {
    return ops.logicalXor(this, other);
  }
  /** True where it is NaN. */
  isNaN(): Tensor {
    return ops.isNaN(this);
  }
  /** True where it is neither NaN nor infinite. */
  isFinite(): Tensor {
    return ops.isFinite(this);
  }
  /** -x */
  negative(): Tensor {
    return ops.negative(this);
  }
  /** Short for `negative`. */
  neg(): Tensor {
    return this.negative();
  }
  /** |x| */
  abs(): Tensor {
    return ops.abs(this);
  }
  /** -1, 0 or 1. */
  sign(): Tensor {
    return ops.sign(this);
  }
  /** e^x */
  exp(): Tensor {
    return ops.exp(this);
  }
  /** The natural logarithm. */
  log(): Tensor {
    return ops.log(this);
  }
  /** √x */
  sqrt(): Tensor {
    return ops.sqrt(this);
  }
  /** x² */
  square(): Tensor {
    return ops.multiply(this, this);
  }
  /** The sine, of radians. */
  sin(): Tensor {
    return ops.sin(this);
  }
  /** The cosine, of radians. */
  cos(): Tensor {
    return ops.cos(this);
  }
  /** The hyperbolic tangent. */
  tanh(): Tensor {
    return ops.tanh(this);
  }
  /** σ(x) = 1 / (1 + e^-x) */
  sigmoid(): Tensor {
    return ops.sigmoid(this);
  }
  /** The tangent, of radians. */
  tan(): Tensor {
    return ops.tan(this);
  }
  /** The angle within ±π/2 whose sine it is. */
  asin(): Tensor {
    return ops.asin(this);
  }
  /** The angle within [0, π] whose cosine it is. */
  acos(): Tensor {
    return ops.acos(this);
  }
  /** The angle within ±π/2 whose tangent it is. */
  atan(): Tensor {
    return ops.atan(this);
  }
  /** The hyperbolic sine. */
  sinh(): Tensor {
    return ops.sinh(this);
  }
  /** The hyperbolic cosine. */
  cosh(): Tensor {
    return ops.cosh(this);
  }
  /** The error function. */
  erf(): Tensor {
    return ops.erf(this);
  }
  /** ln(1 + x), exact for small x. */
  log1p(): Tensor {
    return ops.log1p(this);
  }
  /** e^x - 1, exact for small x. */
  expm1(): Tensor {
    return ops.expm1(this);
  }
  /** The largest integer that is not larger. */
  floor(): Tensor {
    return ops.floor(this);
  }
  /** The smallest integer that is not smaller. */
  ceil(): Tensor {
    return ops.ceil(this);
  }
  /** Rounded to integers; ties go to the even one. */
  round(): Tensor {
    return ops.round(this);
  }
  /** 1 / x */
  reciprocal(): Tensor {
    return ops.divide(this.#like('reciprocal', 1), this);
  }
  /** Clipped to [low, high]. */
  clip(low: number, high: number): Tensor {
    return ops.minimum(ops.maximum(this, this.#like('clip', low)), this.#like('clip', high));
  }
  /** max(x, 0) */
  relu(): Tensor {
    return ops.relu(this);
  }
  /** x · Φ(x), Φ being the normal distribution function. */
  gelu(): Tensor {
    return ops.gelu(this);
  }
  /** x · σ(x) */
  silu(): Tensor {
    return ops.silu(this);
  }
  /** ln(1 + e^x) */
  softplus(): Tensor {
    return ops.softplus(this);
  }
  /** this ? whenTrue : whenFalse, element by element, for a bool tensor. At least one of the two is a tensor. */
  where(whenTrue: Operand, whenFalse: Operand): Tensor {
    return ops.where(this, whenTrue, whenFalse);
  }
  /** In another dtype: floats are truncated to integers; to bool, 0 is false and all else true. */
  cast(dtype: DType): Tensor {
    return ops.cast(this, dtype);
  }

  /** Sum over axes (all by default). */
  sum(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.sum(this, axes, options);
  }
  /** Mean over axes (all by default). */
  mean(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.mean(this, axes, options);
  }
  /** Largest element over axes (all by default). */
  max(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.max(this, axes, options);
  }
  /** Smallest element over axes (all by default). */
  min(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.min(this, axes, options);
  }
  /** Index of the maximum along an axis, as i32; on ties the lowest. */
  argmax(axis = -1, options?: ops.ReduceOptions): Tensor {
    return ops.argmax(this, axis, options);
  }
  /** Index of the minimum along an axis, as i32; on ties the lowest. */
  argmin(axis = -1, options?: ops.ReduceOptions): Tensor {
    return ops.argmin(this, axis, options);
  }
  /** Product over axes (all by default). */
  prod(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.prod(this, axes, options);
  }
  /** Mean square distance from the mean over axes (all by default). */
  variance(axes?: ops.Axes, options?: ops.VarianceOptions): Tensor {
    return ops.variance(this, axes, options);
  }
  /** √variance over axes (all by default). */
  std(axes?: ops.Axes, options?: ops.VarianceOptions): Tensor {
    return ops.std(this, axes, options);
  }
  /** ln Σ e^x over axes (all by default), without overflow. */
  logSumExp(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.logSumExp(this, axes, options);
  }
  /** Euclidean length; order 1 and Infinity too. */
  norm(axes?: ops.Axes, options?: Parameters<typeof ops.norm>[2]): Tensor {
    return ops.norm(this, axes, options);
  }
  /** True where any element over axes is, of bools. */
  any(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.any(this, axes, options);
  }
  /** True where all elements over axes are, of bools. */
  all(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.all(this, axes, options);
  }
  /** Running sums along an axis. */
  cumsum(axis = -1, options?: { exclusive?: boolean; reverse?: boolean }): Tensor {
    return ops.cumsum(this, axis, options);
  }
  /** e^x / Σ e^x along an axis. */
  softmax(axis = -1): Tensor {
    return ops.softmax(this, axis);
  }
  /** ln softmax along an axis, exact where softmax underflows. */
  logSoftmax(axis = -1): Tensor {
    return ops.logSoftmax(this, axis);
  }

  /** The same elements under another shape; one size may be -1. */
  reshape(shape: Shape): Tensor {
    return ops.reshape(this, shape);
  }
  /** The axes in another order. */
  permute(order: readonly number[]): Tensor {
    return ops.permute(this, order);
  }
  /** The last two axes exchanged. */
  transpose(): Tensor {
    return ops.transpose(this);
  }
  /** x[begin:end:step] along each axis, as in NumPy. */
  slice(begin: readonly number[], end?: readonly number[], step?: readonly number[]): Tensor {
    return ops.slice(this, begin, end, step);
  }
  /** A border of a value, or of the elements' own: 'edge', 'reflect', 'wrap'. One pair [before, after] for each axis. */
  pad(widths: readonly (readonly [number, number])[], border: number | 'edge' | 'reflect' | 'wrap' = 0): Tensor {
    return typeof border === 'number' ? ops.pad(this, widths, border) : ops.padWith(this, widths, border);
  }
  /** With an axis of size 1 inserted. */
  expandDims(axis: number): Tensor {
    return ops.expandDims(this, axis);
  }
  /** Without axes of size 1: the given ones, or all. */
  squeeze(axes?: number | readonly number[]): Tensor {
    return ops.squeeze(this, axes);
  }
  /** Split along an axis into equal parts, or into parts of given sizes. */
  split(parts: number | readonly number[], axis = 0): Tensor[] {
    return ops.split(this, parts, axis);
  }
  /** In opposite order along axes (all by default). */
  flip(axes?: number | readonly number[]): Tensor {
    return ops.flip(this, axes);
  }
  /** Repeated `counts[d]` times along each axis d. */
  tile(counts: readonly number[]): Tensor {
    return ops.tile(this, counts);
  }
  /** Moved along an axis; what leaves at one end comes in at the other. */
  roll(shift: number, axis = 0): Tensor {
    return ops.roll(this, shift, axis);
  }
  /** The lower triangle of the last two axes, up to a diagonal; 0 elsewhere. */
  tril(diagonal = 0): Tensor {
    return ops.tril(this, diagonal);
  }
  /** The upper triangle of the last two axes, from a diagonal on; 0 elsewhere. */
  triu(diagonal = 0): Tensor {
    return ops.triu(this, diagonal);
  }
  /** Parts along an axis, by index. */
  take(indices: Tensor, axis = 0): Tensor {
    return ops.take(this, indices, axis);
  }
  /** One element for each index, along an axis. */
  takeAlongAxis(indices: Tensor, axis = -1): Tensor {
    return ops.takeAlongAxis(this, indices, axis);
  }
  /** Sorted along an axis. */
  sort(axis = -1, options?: { descending?: boolean }): Tensor {
    return ops.sort(this, axis, options);
  }
  /** The indices that sort it along an axis, as i32. */
  argsort(axis = -1, options?: { descending?: boolean }): Tensor {
    return ops.argsort(this, axis, options);
  }
  /** The k largest elements along an axis, largest first, and their indices. */
  topK(k: number, axis = -1): { values: Tensor; indices: Tensor } {
    return ops.topK(this, k, axis);
  }
  /** Vectors that are 1 at their index and 0 elsewhere, along a new axis. */
  oneHot(depth: number, axis = -1): Tensor {
    return ops.oneHot(this, depth, axis);
  }
  /** Repeated along axes of size 1, or new ones in front, to a shape. */
  broadcastTo(shape: Shape): Tensor {
    return ops.broadcastTo(this, shape);
  }
  /** Rows of a table (rows, cols) by index: (...) of i32 -> (..., cols). */
  gather(indices: Tensor): Tensor {
    return ops.gather(this, indices);
  }

  /** Matrix product along the last two axes; axes in front broadcast. */
  matmul(other: Tensor): Tensor {
    return ops.matmul(this, other);
  }
  /** Convolution of images (batch, height, width, in) with a kernel (height, width, in / groups, out). */
  conv2d(kernel: Tensor, options?: ops.Conv2dOptions): Tensor {
    return ops.conv2d(this, kernel, options);
  }
  /** The largest of each window of images (batch, height, width, channels). */
  maxPool2d(options?: ops.PoolOptions): Tensor {
    return ops.maxPool2d(this, options);
  }

  /** The same value as a constant: no gradient passes it. The same as `detach`. */
  stopGradient(): Tensor {
    return ops.stopGradient(this);
  }
  /**
   * The same value as a constant: no gradient passes it, and once its value is known it lets go of the graph that it came
   * from. A state that is carried over steps grows by the graph of every step without it:
   * `state = await next(state).detach().evaluate()`.
   */
  detach(): Tensor {
    return ops.stopGradient(this);
  }

  /** A number as a scalar of this tensor's dtype. */
  #like(op: string, other: Operand): Tensor {
    return typeof other === 'number' ? scalarOf(op, other, this.dtype) : other;
  }
}

introduceTensor(Tensor);
