/// <reference lib="esnext.disposable" preserve="true" />
import type { HostArray } from '../gpu/device.js';
import { defined, TesseraError } from '../gpu/errors.js';
import { type Shape, sizeOf } from '../launch/shape.js';
import { scalarOf } from './create.js';
import { evaluate, readBack } from './evaluate.js';
import { introduceTensor } from './factory.js';
import { assignedBy, type DType, type Source } from './graph/graph.js';
import { Resident } from './graph/resident.js';
import { formatShape } from './graph/shape.js';
import { expectType } from './ops/checks.js';
import * as ops from './ops/index.js';
import { shown } from './options.js';
import { formatValues, type NestedNumbers, nest } from './values.js';

/** An operand of arithmetic: a tensor, or a number, which takes the dtype of the other operand. */
export type Operand = Tensor | number;

/**
 * An array of numbers on a device, computed lazily: it is a node of a graph. Methods check shapes and add nodes;
 * nothing runs until `data()`, `item()` or `evaluate()` asks for a value.
 */
export class Tensor {
  /** The value on the host, once it has been read. */
  host: HostArray | undefined;
  /** @internal A read in progress; it sets `host` when it completes. */
  pending: Promise<void> | undefined;
  /** The value on the device, kept by `evaluate`. */
  resident: Resident | undefined;

  /** @internal Tensors are created by `tensor()` and by ops. */
  constructor(
    /** Where the value comes from: an op, data from the host, or a variable. Detaching a tensor changes it. */
    public source: Source,
    /** The index of this tensor among the outputs of its op. */
    readonly index: number,
    /** The sizes of the axes; [] for a scalar. */
    readonly shape: Shape,
    /** The type of the elements. */
    readonly dtype: DType,
  ) {}

  /** @internal The tensor that an op records as its input: this one, or the current value of a variable. */
  current(): Tensor {
    return this;
  }

  /** The number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Returns dtype and shape as error messages show them: `f32 [32, 128]`. */
  describe(): string {
    return `${this.dtype} ${formatShape(this.shape)}`;
  }

  /** Returns dtype, shape and, if the host has them, the values, abbreviated as in NumPy. */
  toString(): string {
    const { source, host, resident } = this.current();
    return this.formatted('Tensor', source.kind === 'data' ? source.data : host, resident !== undefined);
  }

  /** Formats what is known of the value, after a title. */
  protected formatted(title: string, known: HostArray | undefined, isOnDevice: boolean): string {
    if (known !== undefined) return `${title} ${this.describe()}${formatValues(known, this.shape, this.dtype)}`;
    return `${title} ${this.describe()} (${isOnDevice ? 'on the device' : 'not evaluated'})`;
  }

  /** Returns the text that `console.log` prints in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /**
   * Computes the values and reads them back to the host, in row-major order. They are cached: neither a second call nor
   * a later graph computes them again. The array belongs to the tensor; do not write to it. f32 and f16 are read as a
   * Float32Array (a Float64Array on the reference device), i32 as an Int32Array, u32 as a Uint32Array and bool as a
   * Uint8Array; `Array.from` makes numbers of any of them.
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

  /** Reads the values as nested arrays of the tensor's shape, or as a number for a scalar. */
  async toArray(): Promise<NestedNumbers> {
    return nest(await this.data(), this.shape);
  }

  /** Reads the only element. @throws TesseraError if the tensor does not have exactly one element. */
  async item(): Promise<number> {
    if (this.size !== 1) throw new TesseraError(`item: expected a tensor of one element, got ${this.describe()}`);
    return (await this.data())[0];
  }

  /** Computes the value, keeps it on the device, and returns this tensor. */
  async evaluate(): Promise<this> {
    await evaluate(this);
    return this;
  }

  /** @internal Stores a computed value, which lies on a device or on the host. */
  keep(value: Resident | HostArray): void {
    if (value instanceof Resident) {
      this.resident?.drop();
      this.resident = value;
    } else {
      this.host = value;
    }
    if (this.source.kind === 'op' && this.source.op.detaches) this.source = { kind: 'detached' };
  }

  /** @internal Stores the value of another tensor of the same shape. */
  takeValueOf({ host, resident }: Tensor): void {
    if (host !== undefined) this.keep(host);
    if (resident !== undefined) this.keep(resident.share());
  }

  /**
   * Frees the memory that `evaluate` keeps on the device. Reading the value afterwards computes it again, which is
   * impossible for a detached tensor. Tensors that were never evaluated hold no memory and need not be disposed of.
   */
  dispose(): void {
    this.resident?.drop();
    this.resident = undefined;
  }

  /** Calls `dispose` at the end of the scope of a `using` declaration. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Computes this + other, element by element. */
  add(other: Operand): Tensor {
    return ops.add(this, this.#like('add', other));
  }
  /** Computes this - other, element by element. */
  subtract(other: Operand): Tensor {
    return ops.subtract(this, this.#like('subtract', other));
  }
  /** Computes this · other, element by element. */
  multiply(other: Operand): Tensor {
    return ops.multiply(this, this.#like('multiply', other));
  }
  /** Computes this / other, element by element; integer division rounds towards zero. */
  divide(other: Operand): Tensor {
    return ops.divide(this, this.#like('divide', other));
  }
  /** An alias of `subtract`. */
  sub(other: Operand): Tensor {
    return this.subtract(other);
  }
  /** An alias of `multiply`. */
  mul(other: Operand): Tensor {
    return this.multiply(other);
  }
  /** An alias of `divide`. */
  div(other: Operand): Tensor {
    return this.divide(other);
  }
  /** Computes this^exponent, element by element: NaN for a negative base and an exponent that is no integer. */
  pow(exponent: Operand): Tensor {
    return ops.pow(this, this.#like('pow', exponent));
  }
  /** Computes the remainder of division, with the sign of the divisor, as in NumPy. */
  mod(divisor: Operand): Tensor {
    return ops.mod(this, this.#like('mod', divisor));
  }
  /** Computes max(this, other), element by element. */
  maximum(other: Operand): Tensor {
    return ops.maximum(this, this.#like('maximum', other));
  }
  /** Computes min(this, other), element by element. */
  minimum(other: Operand): Tensor {
    return ops.minimum(this, this.#like('minimum', other));
  }
  /** Returns a bool tensor: true where this = other. */
  equal(other: Operand): Tensor {
    return ops.equal(this, this.#like('equal', other));
  }
  /** Returns a bool tensor: true where this ≠ other. */
  notEqual(other: Operand): Tensor {
    return ops.notEqual(this, this.#like('notEqual', other));
  }
  /** Returns a bool tensor: true where this < other. */
  less(other: Operand): Tensor {
    return ops.less(this, this.#like('less', other));
  }
  /** Returns a bool tensor: true where this ≤ other. */
  lessEqual(other: Operand): Tensor {
    return ops.lessEqual(this, this.#like('lessEqual', other));
  }
  /** Returns a bool tensor: true where this > other. */
  greater(other: Operand): Tensor {
    return ops.greater(this, this.#like('greater', other));
  }
  /** Returns a bool tensor: true where this ≥ other. */
  greaterEqual(other: Operand): Tensor {
    return ops.greaterEqual(this, this.#like('greaterEqual', other));
  }
  /** Computes the logical and of two bool tensors. */
  logicalAnd(other: Tensor): Tensor {
    return ops.logicalAnd(this, other);
  }
  /** Computes the logical or of two bool tensors. */
  logicalOr(other: Tensor): Tensor {
    return ops.logicalOr(this, other);
  }
  /** Computes the logical negation of a bool tensor. */
  logicalNot(): Tensor {
    return ops.logicalNot(this);
  }
  /** Computes the exclusive or of two bool tensors. */
  logicalXor(other: Tensor): Tensor {
    return ops.logicalXor(this, other);
  }
  /** An alias of `logicalAnd`. */
  and(other: Tensor): Tensor {
    return this.logicalAnd(other);
  }
  /** An alias of `logicalOr`. */
  or(other: Tensor): Tensor {
    return this.logicalOr(other);
  }
  /** An alias of `logicalNot`. */
  not(): Tensor {
    return this.logicalNot();
  }
  /** An alias of `logicalXor`. */
  xor(other: Tensor): Tensor {
    return this.logicalXor(other);
  }
  /** Returns a bool tensor: true where this is NaN. */
  isNaN(): Tensor {
    return ops.isNaN(this);
  }
  /** Returns a bool tensor: true where this is neither NaN nor infinite. */
  isFinite(): Tensor {
    return ops.isFinite(this);
  }
  /** Computes -x. */
  negative(): Tensor {
    return ops.negative(this);
  }
  /** An alias of `negative`. */
  neg(): Tensor {
    return this.negative();
  }
  /** Computes |x|. */
  abs(): Tensor {
    return ops.abs(this);
  }
  /** Computes the sign: -1, 0 or 1. */
  sign(): Tensor {
    return ops.sign(this);
  }
  /** Computes e^x. */
  exp(): Tensor {
    return ops.exp(this);
  }
  /** Computes the natural logarithm, ln x. */
  log(): Tensor {
    return ops.log(this);
  }
  /** Computes √x. */
  sqrt(): Tensor {
    return ops.sqrt(this);
  }
  /** Computes x². */
  square(): Tensor {
    expectType('square', 'x', this, 'f32', 'i32', 'u32');
    return ops.multiply(this, this);
  }
  /** Computes the sine of angles in radians. */
  sin(): Tensor {
    return ops.sin(this);
  }
  /** Computes the cosine of angles in radians. */
  cos(): Tensor {
    return ops.cos(this);
  }
  /** Computes the hyperbolic tangent. */
  tanh(): Tensor {
    return ops.tanh(this);
  }
  /** Computes the logistic sigmoid, σ(x) = 1 / (1 + e^-x). */
  sigmoid(): Tensor {
    return ops.sigmoid(this);
  }
  /** Computes the tangent of angles in radians. */
  tan(): Tensor {
    return ops.tan(this);
  }
  /** Computes the inverse sine, in [-π/2, π/2]. */
  asin(): Tensor {
    return ops.asin(this);
  }
  /** Computes the inverse cosine, in [0, π]. */
  acos(): Tensor {
    return ops.acos(this);
  }
  /** Computes the inverse tangent, in [-π/2, π/2]. */
  atan(): Tensor {
    return ops.atan(this);
  }
  /** Computes the hyperbolic sine. */
  sinh(): Tensor {
    return ops.sinh(this);
  }
  /** Computes the hyperbolic cosine. */
  cosh(): Tensor {
    return ops.cosh(this);
  }
  /** Computes the error function. */
  erf(): Tensor {
    return ops.erf(this);
  }
  /** Computes ln(1 + x), accurately also for small x. */
  log1p(): Tensor {
    return ops.log1p(this);
  }
  /** Computes e^x - 1, accurately also for small x. */
  expm1(): Tensor {
    return ops.expm1(this);
  }
  /** Rounds down to an integer, ⌊x⌋. */
  floor(): Tensor {
    return ops.floor(this);
  }
  /** Rounds up to an integer, ⌈x⌉. */
  ceil(): Tensor {
    return ops.ceil(this);
  }
  /** Rounds to the nearest integer; ties go to the even one. */
  round(): Tensor {
    return ops.round(this);
  }
  /** Computes 1 / x. */
  reciprocal(): Tensor {
    expectType('reciprocal', 'x', this, 'f32');
    return ops.divide(this.#like('reciprocal', 1), this);
  }
  /** Clips values to [low, high]. */
  clip(low: number, high: number): Tensor {
    expectType('clip', 'x', this, 'f32', 'i32', 'u32');
    for (const [name, bound] of Object.entries({ low, high }))
      if (typeof bound !== 'number') throw new TesseraError(`clip: ${name} must be a number, got ${shown(bound)}`);
    return ops.minimum(ops.maximum(this, this.#like('clip', low)), this.#like('clip', high));
  }
  /** Computes max(x, 0). */
  relu(): Tensor {
    return ops.relu(this);
  }
  /** Computes x · Φ(x), where Φ is the cumulative distribution function of the standard normal distribution. */
  gelu(): Tensor {
    return ops.gelu(this);
  }
  /** Computes x · σ(x), also called swish. */
  silu(): Tensor {
    return ops.silu(this);
  }
  /** Computes ln(1 + e^x). */
  softplus(): Tensor {
    return ops.softplus(this);
  }
  /** Selects `whenTrue` where this bool tensor is true, and `whenFalse` elsewhere. */
  where(whenTrue: Operand, whenFalse: Operand): Tensor {
    return ops.where(this, whenTrue, whenFalse);
  }
  /** Converts to another dtype. Floats are truncated to integers; as bool, 0 is false and everything else is true. */
  cast(dtype: DType): Tensor {
    return ops.cast(this, dtype);
  }

  /** Computes the sum over axes (all by default). */
  sum(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.sum(this, axes, options);
  }
  /** Computes the mean over axes (all by default). */
  mean(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.mean(this, axes, options);
  }
  /** Computes the maximum over axes (all by default). */
  max(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.max(this, axes, options);
  }
  /** Computes the minimum over axes (all by default). */
  min(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.min(this, axes, options);
  }
  /** Returns the index of the maximum along an axis, as i32; on ties the lowest index. */
  argmax(axis = -1, options?: ops.ReduceOptions): Tensor {
    return ops.argmax(this, axis, options);
  }
  /** Returns the index of the minimum along an axis, as i32; on ties the lowest index. */
  argmin(axis = -1, options?: ops.ReduceOptions): Tensor {
    return ops.argmin(this, axis, options);
  }
  /** Computes the product over axes (all by default). */
  prod(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.prod(this, axes, options);
  }
  /** Computes the variance, mean((x - mean(x))²), over axes (all by default). */
  variance(axes?: ops.Axes, options?: ops.VarianceOptions): Tensor {
    return ops.variance(this, axes, options);
  }
  /** Computes the standard deviation, √variance, over axes (all by default). */
  std(axes?: ops.Axes, options?: ops.VarianceOptions): Tensor {
    return ops.std(this, axes, options);
  }
  /** Computes ln Σ e^x over axes (all by default), without overflow. */
  logSumExp(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.logSumExp(this, axes, options);
  }
  /** Computes the vector norm over axes (all by default): the Euclidean norm, or that of order 1 or Infinity. */
  norm(axes?: ops.Axes, options?: Parameters<typeof ops.norm>[2]): Tensor {
    return ops.norm(this, axes, options);
  }
  /** Tests whether any element of a bool tensor is true, over axes (all by default). */
  any(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.any(this, axes, options);
  }
  /** Tests whether all elements of a bool tensor are true, over axes (all by default). */
  all(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.all(this, axes, options);
  }
  /** Computes cumulative sums along an axis. */
  cumsum(axis = -1, options?: { exclusive?: boolean; reverse?: boolean }): Tensor {
    return ops.cumsum(this, axis, options);
  }
  /** Computes e^x / Σ e^x along an axis. */
  softmax(axis = -1): Tensor {
    return ops.softmax(this, axis);
  }
  /** Computes ln softmax(x) along an axis, accurately also where softmax underflows. */
  logSoftmax(axis = -1): Tensor {
    return ops.logSoftmax(this, axis);
  }

  /** Gives the elements another shape; one size may be -1 and is then inferred. */
  reshape(shape: Shape): Tensor {
    return ops.reshape(this, shape);
  }
  /** Permutes the axes. */
  permute(order: readonly number[]): Tensor {
    return ops.permute(this, order);
  }
  /** Swaps the last two axes. */
  transpose(): Tensor {
    return ops.transpose(this);
  }
  /** Takes x[begin:end:step] along each axis, as in NumPy. */
  slice(begin: readonly number[], end?: readonly number[], step?: readonly number[]): Tensor {
    return ops.slice(this, begin, end, step);
  }
  /** Pads with a number, or in NumPy's mode 'edge', 'reflect' or 'wrap', by widths [before, after] for each axis. */
  pad(widths: readonly (readonly [number, number])[], border: ops.Border = 0): Tensor {
    return ops.pad(this, widths, border);
  }
  /** Inserts an axis of size 1. */
  expandDims(axis: number): Tensor {
    return ops.expandDims(this, axis);
  }
  /** Removes axes of size 1: the given ones, or all. */
  squeeze(axes?: number | readonly number[]): Tensor {
    return ops.squeeze(this, axes);
  }
  /** Splits along an axis into equal parts, or into parts of given sizes. */
  split(parts: number | readonly number[], axis = 0): Tensor[] {
    return ops.split(this, parts, axis);
  }
  /** Reverses the order of elements along axes (all by default). */
  flip(axes?: number | readonly number[]): Tensor {
    return ops.flip(this, axes);
  }
  /** Repeats the tensor `counts[d]` times along each axis d. */
  tile(counts: readonly number[]): Tensor {
    return ops.tile(this, counts);
  }
  /** Shifts elements along an axis; those shifted beyond the end reappear at the start. */
  roll(shift: number, axis = 0): Tensor {
    return ops.roll(this, shift, axis);
  }
  /** Returns the lower triangle of the last two axes, up to and including a diagonal; 0 elsewhere. */
  tril(diagonal = 0): Tensor {
    return ops.tril(this, diagonal);
  }
  /** Returns the upper triangle of the last two axes, from a diagonal on; 0 elsewhere. */
  triu(diagonal = 0): Tensor {
    return ops.triu(this, diagonal);
  }
  /** Takes slices along an axis by index. */
  take(indices: Tensor, axis = 0): Tensor {
    return ops.take(this, indices, axis);
  }
  /** Takes one element for each index, along an axis. */
  takeAlongAxis(indices: Tensor, axis = -1): Tensor {
    return ops.takeAlongAxis(this, indices, axis);
  }
  /** Sorts along an axis. */
  sort(axis = -1, options?: { descending?: boolean }): Tensor {
    return ops.sort(this, axis, options);
  }
  /** Returns the indices that would sort the tensor along an axis, as i32. */
  argsort(axis = -1, options?: { descending?: boolean }): Tensor {
    return ops.argsort(this, axis, options);
  }
  /** Returns the k largest elements along an axis, largest first, and their indices. */
  topK(k: number, axis = -1): { values: Tensor; indices: Tensor } {
    return ops.topK(this, k, axis);
  }
  /** Encodes indices as vectors along a new axis: 1 at the index and 0 elsewhere. */
  oneHot(depth: number, axis = -1): Tensor {
    return ops.oneHot(this, depth, axis);
  }
  /** Broadcasts to a shape, as in NumPy. */
  broadcastTo(shape: Shape): Tensor {
    return ops.broadcastTo(this, shape);
  }
  /** Gathers rows of this table (rows, cols) by index: (...) of i32 -> (..., cols). */
  gather(indices: Tensor): Tensor {
    return ops.gather(this, indices);
  }

  /** Computes the matrix product over the last two axes; leading axes broadcast. */
  matmul(other: Tensor): Tensor {
    return ops.matmul(this, other);
  }
  /** Convolves images (batch, height, width, in) with a kernel (height, width, in / groups, out). */
  conv2d(kernel: Tensor, options?: ops.Conv2dOptions): Tensor {
    return ops.conv2d(this, kernel, options);
  }
  /** Computes the maximum of each window of images (batch, height, width, channels). */
  maxPool2d(options?: ops.PoolOptions): Tensor {
    return ops.maxPool2d(this, options);
  }

  /** An alias of `detach`. */
  stopGradient(): Tensor {
    return ops.stopGradient(this);
  }
  /**
   * Returns the same value as a constant: no gradient flows through it, and once it has been evaluated it releases the
   * graph that it was computed by. Detach a state that is carried from step to step, or its graph grows with every
   * step: `state = await next(state).detach().evaluate()`.
   */
  detach(): Tensor {
    return ops.stopGradient(this);
  }

  /** Converts a number to a scalar of this tensor's dtype. */
  #like(op: string, other: Operand): Tensor {
    return typeof other === 'number' ? scalarOf(op, other, this.dtype) : other;
  }
}

introduceTensor(Tensor);
