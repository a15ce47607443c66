/// <reference lib="esnext.disposable" preserve="true" />
import type { Device, DeviceBuffer, HostArray } from '../gpu/device.js';
import { TesseraError } from '../gpu/errors.js';
import { scalar } from './create.js';
import { evaluate, readBack } from './evaluate.js';
import type { DType, Source } from './graph.js';
import { introduceTensor } from './make.js';
import * as ops from './ops/index.js';
import { formatShape, type Shape, sizeOf } from './shape.js';

/** What stands for a tensor in arithmetic: a tensor, or a number, which takes the other operand's dtype. */
export type Operand = Tensor | number;

/** Gives the memory of evaluated tensors back when nobody holds them any more. */
const collected = new FinalizationRegistry<Resident>(({ device, buffer }) => device.release(buffer));

/** A value that `evaluate` keeps on a device. */
export interface Resident {
  readonly device: Device;
  readonly buffer: DeviceBuffer;
}

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
    readonly source: Source,
    readonly index: number,
    readonly shape: Shape,
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

  // ---- values ----------------------------------------------------------------------------------------------------
  /**
   * Runs what is needed and brings the values to the host, row-major. They stay with the tensor: a second call, or a
   * later graph, does not compute them again. The array is the tensor's own: do not write into it.
   */
  async data(): Promise<HostArray> {
    const current = this.current();
    if (current.source.kind === 'data') return current.source.data;
    if (current.host === undefined) await (current.pending ?? readBack([current]));
    return current.host!;
  }

  /** The only element of a tensor of size 1. @throws TesseraError for another size. */
  async item(): Promise<number> {
    if (this.size !== 1) throw new TesseraError(`item: expected a tensor of one element, got ${this.describe()}`);
    return (await this.data())[0]!;
  }

  /** Computes it and keeps it on the device; returns itself. */
  async evaluate(): Promise<this> {
    await evaluate(this);
    return this;
  }

  /** @internal Makes a device's buffer the tensor's value. */
  keep(resident: Resident): void {
    this.dispose();
    this.resident = resident;
    collected.register(this, resident, this);
  }

  /** Gives back what `evaluate` kept on the device. Never needed for tensors that were not evaluated. */
  dispose(): void {
    if (this.resident === undefined) return;
    collected.unregister(this);
    this.resident.device.release(this.resident.buffer);
    this.resident = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  // ---- arithmetic, element by element, with broadcasting -------------------------------------------------------
  add(other: Operand): Tensor {
    return ops.add(this, this.#like(other));
  }
  sub(other: Operand): Tensor {
    return ops.subtract(this, this.#like(other));
  }
  mul(other: Operand): Tensor {
    return ops.multiply(this, this.#like(other));
  }
  div(other: Operand): Tensor {
    return ops.divide(this, this.#like(other));
  }
  pow(exponent: Operand): Tensor {
    return ops.power(this, this.#like(exponent));
  }
  /** The remainder, with the divisor's sign, as in NumPy. */
  mod(divisor: Operand): Tensor {
    return ops.modulo(this, this.#like(divisor));
  }
  maximum(other: Operand): Tensor {
    return ops.maximum(this, this.#like(other));
  }
  minimum(other: Operand): Tensor {
    return ops.minimum(this, this.#like(other));
  }
  equal(other: Operand): Tensor {
    return ops.equal(this, this.#like(other));
  }
  notEqual(other: Operand): Tensor {
    return ops.notEqual(this, this.#like(other));
  }
  less(other: Operand): Tensor {
    return ops.less(this, this.#like(other));
  }
  lessEqual(other: Operand): Tensor {
    return ops.lessEqual(this, this.#like(other));
  }
  greater(other: Operand): Tensor {
    return ops.greater(this, this.#like(other));
  }
  greaterEqual(other: Operand): Tensor {
    return ops.greaterEqual(this, this.#like(other));
  }
  and(other: Tensor): Tensor {
    return ops.logicalAnd(this, other);
  }
  or(other: Tensor): Tensor {
    return ops.logicalOr(this, other);
  }
  not(): Tensor {
    return ops.logicalNot(this);
  }
  /** Exclusive or of bools. */
  xor(other: Tensor): Tensor {
    return ops.logicalXor(this, other);
  }
  /** True where it is NaN. */
  isNaN(): Tensor {
    return ops.notANumber(this);
  }
  /** True where it is neither NaN nor infinite. */
  isFinite(): Tensor {
    return ops.finite(this);
  }
  neg(): Tensor {
    return ops.negate(this);
  }
  abs(): Tensor {
    return ops.absolute(this);
  }
  sign(): Tensor {
    return ops.sign(this);
  }
  exp(): Tensor {
    return ops.exponential(this);
  }
  log(): Tensor {
    return ops.logarithm(this);
  }
  sqrt(): Tensor {
    return ops.squareRoot(this);
  }
  square(): Tensor {
    return ops.multiply(this, this);
  }
  sin(): Tensor {
    return ops.sine(this);
  }
  cos(): Tensor {
    return ops.cosine(this);
  }
  tanh(): Tensor {
    return ops.hyperbolicTangent(this);
  }
  sigmoid(): Tensor {
    return ops.sigmoid(this);
  }
  tan(): Tensor {
    return ops.tangent(this);
  }
  asin(): Tensor {
    return ops.arcSine(this);
  }
  acos(): Tensor {
    return ops.arcCosine(this);
  }
  atan(): Tensor {
    return ops.arcTangent(this);
  }
  sinh(): Tensor {
    return ops.hyperbolicSine(this);
  }
  cosh(): Tensor {
    return ops.hyperbolicCosine(this);
  }
  /** The error function. */
  erf(): Tensor {
    return ops.errorFunction(this);
  }
  /** ln(1 + x), exact for small x. */
  log1p(): Tensor {
    return ops.logarithm1p(this);
  }
  /** e^x - 1, exact for small x. */
  expm1(): Tensor {
    return ops.exponentialM1(this);
  }
  floor(): Tensor {
    return ops.floor(this);
  }
  ceil(): Tensor {
    return ops.ceil(this);
  }
  /** To whole numbers; halves go to the even one. */
  round(): Tensor {
    return ops.round(this);
  }
  /** 1 / x */
  reciprocal(): Tensor {
    return ops.divide(this.#like(1), this);
  }
  /** Cut to [low, high]. */
  clip(low: number, high: number): Tensor {
    return this.maximum(low).minimum(high);
  }
  relu(): Tensor {
    return ops.relu(this);
  }
  /** this ? whenTrue : whenFalse, element by element, for a bool tensor. At least one of the two is a tensor. */
  where(whenTrue: Operand, whenFalse: Operand): Tensor {
    return ops.where(this, whenTrue, whenFalse);
  }
  cast(dtype: DType): Tensor {
    return ops.cast(this, dtype);
  }

  // ---- reductions ------------------------------------------------------------------------------------------------
  sum(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.sum(this, axes, options);
  }
  mean(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.mean(this, axes, options);
  }
  max(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.max(this, axes, options);
  }
  min(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.min(this, axes, options);
  }
  argmax(axis = -1): Tensor {
    return ops.argmax(this, axis);
  }
  argmin(axis = -1): Tensor {
    return ops.argmin(this, axis);
  }
  prod(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.product(this, axes, options);
  }
  variance(axes?: ops.Axes, options?: ops.VarianceOptions): Tensor {
    return ops.variance(this, axes, options);
  }
  std(axes?: ops.Axes, options?: ops.VarianceOptions): Tensor {
    return ops.standardDeviation(this, axes, options);
  }
  logSumExp(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.logSumExp(this, axes, options);
  }
  /** Euclidean length; order 1 and Infinity too. */
  norm(axes?: ops.Axes, options?: Parameters<typeof ops.norm>[2]): Tensor {
    return ops.norm(this, axes, options);
  }
  any(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.any(this, axes, options);
  }
  all(axes?: ops.Axes, options?: ops.ReduceOptions): Tensor {
    return ops.all(this, axes, options);
  }
  /** Running sums along an axis. */
  cumsum(axis = -1, options?: { exclusive?: boolean; reverse?: boolean }): Tensor {
    return ops.cumulativeSum(this, axis, options);
  }
  softmax(): Tensor {
    return ops.softmax(this);
  }
  logSoftmax(): Tensor {
    return ops.logSoftmax(this);
  }

  // ---- movement --------------------------------------------------------------------------------------------------
  reshape(shape: Shape): Tensor {
    return ops.reshape(this, shape);
  }
  permute(order: readonly number[]): Tensor {
    return ops.permute(this, order);
  }
  transpose(): Tensor {
    return ops.transpose(this);
  }
  slice(begin: readonly number[], end?: readonly number[], step?: readonly number[]): Tensor {
    return ops.slice(this, begin, end, step);
  }
  /** A border of a value, or of the elements' own: 'edge', 'reflect', 'wrap'. One pair [before, after] for each axis. */
  pad(widths: readonly (readonly [number, number])[], border: number | 'edge' | 'reflect' | 'wrap' = 0): Tensor {
    return typeof border === 'number' ? ops.pad(this, widths, border) : ops.padWith(this, widths, border);
  }
  expandDims(axis: number): Tensor {
    return ops.expandDims(this, axis);
  }
  squeeze(axes?: number | readonly number[]): Tensor {
    return ops.squeeze(this, axes);
  }
  split(parts: number | readonly number[], axis = 0): Tensor[] {
    return ops.split(this, parts, axis);
  }
  flip(axes?: number | readonly number[]): Tensor {
    return ops.flip(this, axes);
  }
  tile(counts: readonly number[]): Tensor {
    return ops.tile(this, counts);
  }
  roll(shift: number, axis = 0): Tensor {
    return ops.roll(this, shift, axis);
  }
  tril(diagonal = 0): Tensor {
    return ops.lowerTriangle(this, diagonal);
  }
  triu(diagonal = 0): Tensor {
    return ops.upperTriangle(this, diagonal);
  }
  take(indices: Tensor, axis = 0): Tensor {
    return ops.take(this, indices, axis);
  }
  takeAlongAxis(indices: Tensor, axis = -1): Tensor {
    return ops.takeAlongAxis(this, indices, axis);
  }
  sort(axis = -1, options?: { descending?: boolean }): Tensor {
    return ops.sort(this, axis, options);
  }
  argsort(axis = -1, options?: { descending?: boolean }): Tensor {
    return ops.argsort(this, axis, options);
  }
  topK(k: number): { values: Tensor; indices: Tensor } {
    return ops.topK(this, k);
  }
  broadcastTo(shape: Shape): Tensor {
    return ops.broadcastTo(this, shape);
  }
  gather(indices: Tensor): Tensor {
    return ops.gather(this, indices);
  }

  // ---- products --------------------------------------------------------------------------------------------------
  matmul(other: Tensor): Tensor {
    return ops.matmul(this, other);
  }
  conv2d(kernel: Tensor, options?: ops.Conv2dOptions): Tensor {
    return ops.conv2d(this, kernel, options);
  }
  maxPool2d(options?: ops.PoolOptions): Tensor {
    return ops.maxPool2d(this, options);
  }

  /** The same value, through which no gradient flows. */
  stopGradient(): Tensor {
    return ops.stopGradient(this);
  }

  #like(other: Operand): Tensor {
    return typeof other === 'number' ? scalar(other, this.dtype) : other;
  }
}

introduceTensor(Tensor);
