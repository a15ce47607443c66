import { bytesOf, type Device, type DeviceLimits, exceedsBinding, type Window } from '../../gpu/device.js';
import { defined, OutOfMemoryError } from '../../gpu/errors.js';
import type { Cost, Kernel, Split } from '../../gpu/kernel.js';
import { copyRegion } from '../../launch/copy.js';
import type { Value } from '../../launch/launch.js';
import { mapValues } from '../../launch/map-values.js';
import type { Trace } from '../graph/trace.js';
import { type Bound, memoryFor, Storage } from './memory.js';

/** A uniform that is data: each time the plan runs it is read from the trace. */
export interface NumberSource {
  readonly field: string;
  of(trace: Trace): number;
}

/** A launch with its memory, of any size. */
export interface PlannedLaunch {
  readonly kernel: Kernel;
  readonly bound: Readonly<Record<string, Bound>>;
  readonly uniforms: Readonly<Record<string, number>>;
  readonly numbers: readonly NumberSource[];
  readonly label: string;
}

/** A launch, or a part of one, that the device can do. */
export interface PlannedDispatch extends Omit<PlannedLaunch, 'bound'> {
  readonly storages: Readonly<Record<string, Storage>>;
  /** The windows of storages of which only a part is bound; undefined where all are bound as they are. */
  readonly windows?: Readonly<Record<string, Window>>;
  readonly cost: Cost;
}

/**
 * The dispatches of a plan's launches: each launch as it is, or in parts where its buffers are larger than what the
 * device binds at once.
 */
export function splitLarge(launches: readonly PlannedLaunch[], device: Device): PlannedDispatch[] {
  return launches.flatMap((launch) => splitOne(launch, device));
}

function splitOne({ bound, ...rest }: PlannedLaunch, device: Device): PlannedDispatch[] {
  const { kernel, label, uniforms } = rest;
  const { limits } = device;
  const { flops, bytes } = kernel.cost(uniforms);
  return partsOf(kernel, { values: uniforms, windows: bound }, limits, label).flatMap((part) => {
    const own = mapValues(part.windows, (window, name): Bound => ({ ...window, storage: bound[name].storage }));
    // Where a window begins that the device cannot bind, a copy takes its place.
    const copies = Object.entries(own).flatMap(([name, window]) => {
      if (isAligned(window, limits)) return [];
      const copy = { ...window, first: 0, storage: new Storage('workspace', memoryFor(window), `${label}, a part`) };
      own[name] = copy;
      return [{ window, copy, isWritten: kernel.bindings.some((one) => one.name === name && one.access !== 'read') }];
    });
    const cost = { flops: Math.round(part.share * flops), bytes: Math.round(part.share * bytes) };
    return [
      ...copies.flatMap(({ window, copy }) => copyOf(window, copy, label, device)),
      dispatchOf({ ...rest, uniforms: part.values, cost }, own),
      ...copies.flatMap(({ window, copy, isWritten }) => (isWritten ? copyOf(copy, window, label, device) : [])),
    ];
  });
}

function dispatchOf(
  dispatch: Omit<PlannedDispatch, 'storages' | 'windows'>,
  bound: Readonly<Record<string, Bound>>,
): PlannedDispatch {
  const isPart = Object.values(bound).some((one) => one.first > 0 || memoryFor(one) < one.storage.bytes);
  return { ...dispatch, storages: mapValues(bound, ({ storage }) => storage), ...(isPart && { windows: bound }) };
}

/** A copy of some elements. Its kernel begins anywhere, and is split in its turn where the device can bind. */
function copyOf(from: Bound, to: Bound, label: string, device: Device): PlannedDispatch[] {
  const { length, type } = from;
  const all = ({ storage }: Bound) => ({ storage, type, first: 0, length: (2 * storage.bytes) / bytesOf(type, 2) });
  const value: Value = { shape: [length], dtype: type, length };
  const at = ({ first }: Bound) => ({ offset: first, strides: [1] });
  const [{ kernel, uniforms }] = copyRegion({ device }, value, value, [length], at(from), at(to));
  const bound = { x: all(from), y: all(to) };
  return splitOne({ kernel, uniforms, numbers: [], label: `${label}, a part`, bound }, device);
}

/*
 * A device limits the size of a binding. A launch on larger buffers is split into parts, each of which binds a window
 * of them, along the axes that its kernel names (`splits`).
 */
/** A launch, or a part of one. */
export interface Part {
  readonly values: Readonly<Record<string, number>>;
  /** The window of each binding's buffer that it touches. */
  readonly windows: Readonly<Record<string, Window>>;
  /** Its share of the whole work. */
  readonly share: number;
}

type Limits = Pick<DeviceLimits, 'bindingBytes' | 'bindingAlignment'>;

/** The maximum number of parts of a launch. */
const MOST_PARTS = 4096;

/**
 * The parts in which a launch is done, in order: itself, where all of its buffers can be bound. A window may begin
 * where the device cannot bind (`isAligned`).
 * @throws OutOfMemoryError where no split makes them small enough.
 */
export function partsOf(kernel: Kernel, launch: Omit<Part, 'share'>, limits: Limits, label: string): Part[] {
  let parts: Part[] = [{ ...launch, share: 1 }];
  if (kernel.workgroups(launch.values) === 0) return parts;
  for (const split of kernel.splits) {
    if (parts.length > MOST_PARTS) break;
    parts = parts.flatMap((part) => (largeIn(part, limits).length === 0 ? [part] : divide(part, split, limits)));
  }
  const large = parts.flatMap((part) => largeIn(part, limits).map((name) => [name, part.windows[name]] as const))[0];
  if (large === undefined && parts.length <= MOST_PARTS) return parts;
  const [name, window] =
    large ?? Object.entries(launch.windows).reduce((most, one) => (sizeOf(one[1]) > sizeOf(most[1]) ? one : most));
  throw new OutOfMemoryError(
    `${label}: '${name}' of ${kernel.name} has ${sizeOf(window)} bytes, more than are bound at once ` +
      `(${limits.bindingBytes}), and the kernel cannot be split so that it is smaller; split the tensor`,
    sizeOf(window),
  );
}

/** True where a device can bind a window from its beginning on. */
export const isAligned = ({ first, type }: Window, { bindingAlignment }: Limits): boolean =>
  ((first * bytesOf(type, 2)) / 2) % bindingAlignment === 0;

const sizeOf = ({ type, length }: Window): number => bytesOf(type, length);

/** The bindings that are too large. */
const largeIn = ({ windows }: Part, limits: Limits): string[] =>
  Object.keys(windows).filter((name) => exceedsBinding(windows[name].type, windows[name].length, limits));

/**
 * Splits into parts of 2ᵏ, the largest for which all is small that this split makes small. What it divides evenly and
 * is still large in the smallest parts, the next split goes on with; of anything else a large one stays as it is.
 */
function divide(part: Part, split: Split, limits: Limits): Part[] {
  const count = split.parts(part.values);
  const finest = partAt(part, split, count, 0, 1);
  const divided = largeIn(part, limits).filter((name) => {
    const [least, whole] = [finest?.windows[name] ?? part.windows[name], part.windows[name]];
    return sizeOf(least) <= limits.bindingBytes || (finest !== undefined && count * sizeOf(least) <= 2 * sizeOf(whole));
  });
  if (divided.length === 0) return [part];
  const isSmall = (step: number): boolean => {
    const large = largeIn(defined(partAt(part, split, count, 0, step)), limits);
    return !divided.some((name) => large.includes(name));
  };
  let step = 1;
  while (2 * step < count && isSmall(2 * step)) step *= 2;
  return Array.from({ length: Math.min(MOST_PARTS + 1, Math.ceil(count / step)) }, (_, at) =>
    defined(partAt(part, split, count, at * step, Math.min(count, (at + 1) * step))),
  );
}

/** One part of a launch; undefined where it cannot be split. */
function partAt(part: Part, split: Split, count: number, first: number, end: number): Part | undefined {
  const launch = split.launch(part.values, first, end);
  if (launch === undefined) return undefined;
  const windows = { ...part.windows };
  for (const [name, span] of Object.entries(launch.spans)) {
    const { first, type } = part.windows[name];
    windows[name] = { type, first: first + defined(span).first, length: defined(span).length };
  }
  return { values: launch.values, windows, share: (part.share * (end - first)) / count };
}
