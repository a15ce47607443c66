import { bytesOf, type Device, exceedsBinding, type Window } from '../../gpu/device.js';
import type { Cost, Kernel } from '../../gpu/kernel.js';
import { copyRegion } from '../../launch/copy.js';
import type { Value } from '../../launch/launch.js';
import { mapValues } from '../../launch/map-values.js';
import { isAligned, partsOf } from './parts.js';
import { Storage } from './storage.js';

/** A uniform that is data: at each replay it is read again from the trace. */
export interface NumberSource {
  readonly field: string;
  /** From the trace's number leaf at this position, or from this node's number of that name. */
  readonly leaf?: number;
  readonly node?: number;
  readonly name?: string;
}

export interface PlannedDispatch {
  readonly kernel: Kernel;
  readonly storages: Readonly<Record<string, Storage>>;
  /** Of which storages only a part is bound; undefined where all are bound as they are. */
  readonly windows?: Readonly<Record<string, Window>>;
  readonly uniforms: Readonly<Record<string, number>>;
  readonly numbers: readonly NumberSource[];
  readonly label: string;
  readonly cost: Cost;
}

/** What a binding of a dispatch is bound to: elements of a storage. */
export interface Bound extends Window {
  readonly storage: Storage;
}

/** A dispatch that may be done in parts. */
export interface Addition extends Pick<PlannedDispatch, 'kernel' | 'uniforms' | 'numbers' | 'label'> {
  readonly bound: Readonly<Record<string, Bound>>;
}

/** Bytes of the memory of some elements. */
export const memoryFor = ({ type, length }: Pick<Window, 'type' | 'length'>): number =>
  Math.max(16, bytesOf(type, length));

/** The dispatches of a plan, in order; each extends the life of its storages until then. */
export class Dispatches {
  readonly all: PlannedDispatch[] = [];
  constructor(private readonly device: Device) {}

  /** Adds a launch, in parts where its buffers are larger than what the device binds at once. */
  add({ bound, uniforms, ...rest }: Addition): void {
    const { kernel, label } = rest;
    const { limits } = this.device;
    const { flops, bytes } = kernel.cost(uniforms);
    for (const part of partsOf(kernel, { values: uniforms, windows: bound }, limits, label)) {
      const own = mapValues(part.windows, (window, name): Bound => ({ ...window, storage: bound[name].storage }));
      // A window that begins where the device cannot bind is copied.
      const copies = Object.entries(own).flatMap(([name, window]) => {
        if (isAligned(window, limits)) return [];
        const copy = { ...window, first: 0, storage: new Storage('workspace', memoryFor(window), `${label}, a part`) };
        own[name] = copy;
        return [{ window, copy, isWritten: kernel.bindings.some((one) => one.name === name && one.access !== 'read') }];
      });
      for (const { window, copy } of copies) this.#addCopyOf(window, copy, label);
      const cost = { flops: Math.round(part.share * flops), bytes: Math.round(part.share * bytes) };
      this.#addDispatch({ ...rest, uniforms: part.values, cost }, own);
      for (const { window, copy, isWritten } of copies) if (isWritten) this.#addCopyOf(copy, window, label);
    }
  }

  #addDispatch(dispatch: Omit<PlannedDispatch, 'storages' | 'windows'>, bound: Readonly<Record<string, Bound>>): void {
    const position = this.all.length;
    for (const { storage } of Object.values(bound)) {
      storage.first = Math.min(storage.first, position);
      storage.last = Math.max(storage.last, position);
    }
    const isPart = Object.values(bound).some((one) => one.first > 0 || memoryFor(one) < one.storage.bytes);
    this.all.push({
      ...dispatch,
      storages: mapValues(bound, ({ storage }) => storage),
      ...(isPart && { windows: bound }),
    });
  }

  /** Adds a copy of some elements. Its kernel begins anywhere, and splits what it is given where the device can bind. */
  #addCopyOf(from: Bound, to: Bound, label: string): void {
    const { length, type } = from;
    const all = ({ storage }: Bound) => ({ storage, type, first: 0, length: (2 * storage.bytes) / bytesOf(type, 2) });
    const value: Value = { shape: [length], dtype: type, length };
    const at = ({ first }: Bound) => ({ offset: first, strides: [1] });
    const [{ kernel, uniforms }] = copyRegion({ device: this.device }, value, value, [length], at(from), at(to));
    this.add({
      ...{ kernel, uniforms, numbers: [], label: `${label}, a part` },
      bound: { x: all(from), y: all(to) },
    });
  }

  /** True for what the device does not bind at once: the launch is done in parts. */
  readonly isLarge = ({ type, length }: Pick<Window, 'type' | 'length'>): boolean =>
    exceedsBinding(type, length, this.device.limits);
}
