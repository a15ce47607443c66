import { bytesOf, type Device, type DeviceBuffer, type HostArray } from '../gpu/device.js';
import { TesseraError } from '../gpu/errors.js';
import { type Shape, sizeOf } from '../launch/shape.js';
import { checkValues, hostArray, type Nested, tensorOf } from './create.js';
import type { DType } from './graph/graph.js';
import { assign } from './ops/assign.js';
import { anything, checkOptions, optional, text } from './options.js';
import { Tensor } from './tensor.js';

/** Frees the device memory of variables that are garbage collected. */
const collected = new FinalizationRegistry<{ device: Device; buffer: DeviceBuffer }>(({ device, buffer }) =>
  device.release(buffer),
);

/**
 * A tensor that owns persistent memory and can be assigned to, such as a parameter or an optimizer's moment. An op
 * records the value that the variable has when the op is called; after an assign, evaluating a graph that was built
 * before it throws, as the old value is gone.
 */
export class Variable extends Tensor {
  static #count = 0;
  /** A unique number that identifies the variable in plans. */
  readonly id = Variable.#count++;
  /** Whether optimizers update it: false for frozen parameters and running statistics. */
  trainable = true;
  /** The number of assigns so far. */
  version = 0;
  readonly #initial: HostArray;
  #placed: { device: Device; buffer: DeviceBuffer } | undefined;
  #current: Tensor | undefined;

  /** @throws TesseraError if the values do not fill the shape, or the dtype cannot represent one. */
  constructor(
    values: HostArray,
    shape: Shape,
    /** The name in errors; `Module` gives its parameters their dotted names. */
    public name = 'variable',
    dtype: DType = 'f32',
  ) {
    checkValues(`Variable '${name}'`, values, shape, dtype);
    super({ kind: 'data', data: values }, 0, shape, dtype);
    this.#initial = hostArray(values, dtype);
  }

  /** Returns name, dtype, shape and, if the host has them, the values, abbreviated as in NumPy. */
  override toString(): string {
    const known = this.#placed === undefined ? this.#initial : this.current().host;
    return this.formatted(`Variable '${this.name}'`, known, true);
  }

  override current(): Tensor {
    if (this.#current === undefined || !isAt(this.#current, this.version)) {
      this.#current = new Tensor(
        { kind: 'variable', variable: this, version: this.version },
        0,
        this.shape,
        this.dtype,
      );
    }
    return this.#current;
  }

  /**
   * Returns a node that, when evaluated, assigns `value` to the variable, after all reads of the old value.
   * @throws TesseraError if shapes or dtypes differ.
   */
  assign(value: Tensor): Tensor {
    return assign(value, { variable: this });
  }

  /** Replaces the value with values from the host. @throws TesseraError if their number does not match the shape. */
  set(values: HostArray): void {
    checkValues(`set: '${this.name}'`, values, this.shape, this.dtype);
    if (this.#placed === undefined) this.#initial.set(hostArray(values, this.dtype));
    else this.#placed.device.write(this.#placed.buffer, hostArray(values, this.dtype), this.dtype);
    this.version++;
  }

  /** The device that holds the value; undefined before the first use. */
  get device(): Device | undefined {
    return this.#placed?.device;
  }

  /** The buffer that holds the value; undefined before the first use, and after `dispose`. */
  get buffer(): DeviceBuffer | undefined {
    return this.#placed?.buffer;
  }

  /**
   * Returns the buffer that holds the value on a device; the first call uploads the initial value.
   * @throws TesseraError if the value is on another device.
   */
  async place(device: Device): Promise<DeviceBuffer> {
    if (this.#placed === undefined) {
      const buffer = await device.allocate(bytesOf(this.dtype, sizeOf(this.shape)), this.name);
      if (this.#placed === undefined) {
        device.write(buffer, this.#initial, this.dtype);
        this.#placed = { device, buffer };
        collected.register(this, this.#placed, this);
      } else {
        device.release(buffer); // Another evaluation was first.
      }
    }
    if (this.#placed.device !== device) {
      throw new TesseraError(
        `${this.name}: the variable is on device '${this.#placed.device.name}', not on '${device.name}'; evaluate on the former`,
      );
    }
    return this.#placed.buffer;
  }

  /** Represents the variable in the key of a plan. */
  toJSON(): number {
    return this.id;
  }

  /** Frees the device memory. Using the variable afterwards starts again from its initial value. */
  override dispose(): void {
    if (this.#placed === undefined) return;
    collected.unregister(this);
    this.#placed.device.release(this.#placed.buffer);
    this.#placed = undefined;
    this.version++;
  }
}

const isAt = (tensor: Tensor, version: number): boolean =>
  tensor.source.kind === 'variable' && tensor.source.version === version;

/** Options of `variable`. */
export interface VariableOptions {
  /** The shape. Default: that of the values. */
  readonly shape?: Shape;
  /** The name in errors. Default 'variable'; `Module` gives its parameters their dotted names. */
  readonly name?: string;
  /** The dtype. Default f32, as for `tensor`. */
  readonly dtype?: DType;
}

/**
 * Creates a variable from values that `tensor` accepts: `variable([[1, 2], [3, 4]], { name: 'w' })`.
 * @throws TesseraError as `tensor` does, or if an option is unknown.
 */
export function variable(values: Nested | HostArray, options: VariableOptions = {}): Variable {
  const checks = { shape: anything, name: optional(text), dtype: anything };
  const { shape, name, dtype } = checkOptions('variable', options, checks);
  const given = tensorOf('variable', values, shape, dtype);
  if (given.source.kind !== 'data') throw new TesseraError('variable: expected numbers from the host');
  return new Variable(given.source.data, given.shape, name, given.dtype);
}
