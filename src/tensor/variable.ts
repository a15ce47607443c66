import { bytesOf, type Device, type DeviceBuffer, type HostArray } from '../gpu/device.js';
import { TesseraError } from '../gpu/errors.js';
import { type Shape, sizeOf } from '../launch/shape.js';
import { hostArray, type Nested, tensor } from './create.js';
import type { DType } from './graph/graph.js';
import { formatShape } from './graph/shape.js';
import { assign } from './ops/assign.js';
import { Tensor } from './tensor.js';

/** Gives a variable's memory back when nobody holds the variable any more. */
const collected = new FinalizationRegistry<{ device: Device; buffer: DeviceBuffer }>(({ device, buffer }) =>
  device.release(buffer),
);

/**
 * A tensor with memory of its own that lasts and can be assigned to: a parameter, an optimizer's moment.
 * Used in an op it stands for its value at that moment; after an assign, graphs built before it can no longer be
 * evaluated (they would see the new value), and say so.
 */
export class Variable extends Tensor {
  static #count = 0;
  /** Tells variables apart in plans. */
  readonly id = Variable.#count++;
  /** False for what an optimizer leaves alone: frozen parameters, running statistics. */
  trainable = true;
  /** How many assigns were made. */
  version = 0;
  readonly #initial: HostArray;
  #placed: { device: Device; buffer: DeviceBuffer } | undefined;
  #current: Tensor | undefined;

  /** @throws TesseraError if the number of values is not that of the shape. */
  constructor(
    values: HostArray,
    shape: Shape,
    /** Names it in errors; `Module` gives parameters their dotted names. */
    public name = 'variable',
    dtype: DType = 'f32',
  ) {
    if (values.length !== sizeOf(shape)) {
      throw new TesseraError(
        `${name}: shape ${formatShape(shape)} needs ${sizeOf(shape)} values, got ${values.length}`,
      );
    }
    super({ kind: 'data', data: values }, 0, shape, dtype);
    this.#initial = hostArray(values, dtype);
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
   * A node that, when evaluated, makes `value` the variable's value, after all reads of the old one.
   * @throws TesseraError if shape or dtype differ.
   */
  assign(value: Tensor): Tensor {
    return assign(value, { variable: this });
  }

  /** Replaces the value with numbers from the host. */
  set(values: HostArray): void {
    if (values.length !== sizeOf(this.shape)) {
      throw new TesseraError(
        `${this.name}: shape ${formatShape(this.shape)} needs ${sizeOf(this.shape)} values, got ${values.length}`,
      );
    }
    if (this.#placed === undefined) this.#initial.set(hostArray(values, this.dtype));
    else this.#placed.device.write(this.#placed.buffer, hostArray(values, this.dtype), this.dtype);
    this.version++;
  }

  /** The device that holds it, once it was used. */
  get device(): Device | undefined {
    return this.#placed?.device;
  }

  /** Its memory on its device; undefined before it was used, and after it was disposed of. */
  get buffer(): DeviceBuffer | undefined {
    return this.#placed?.buffer;
  }

  /** Its memory on a device; brings the initial value there at first use. */
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
        `${this.name}: it lives on '${this.#placed.device.name}', not on '${device.name}'; evaluate there`,
      );
    }
    return this.#placed.buffer;
  }

  /** Stands for the variable in the key of a plan. */
  toJSON(): number {
    return this.id;
  }

  /** Gives its memory back. Using it afterwards starts again from the initial value. */
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

/**
 * A variable of numbers from the host, as `tensor` takes them: `variable([[1, 2], [3, 4]], { name: 'w' })`.
 * @throws TesseraError as `tensor` does.
 */
export function variable(
  values: Nested | HostArray,
  { shape, name, dtype }: { shape?: Shape; name?: string; dtype?: DType } = {},
): Variable {
  const given = tensor(values, shape, dtype);
  if (given.source.kind !== 'data') throw new TesseraError('variable: expected numbers from the host');
  return new Variable(given.source.data, given.shape, name, given.dtype);
}
