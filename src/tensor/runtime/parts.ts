import { bytesOf, type DeviceLimits, exceedsBinding, type Window } from '../../gpu/device.js';
import { OutOfMemoryError } from '../../gpu/errors.js';
import type { Kernel, Split } from '../../gpu/kernel.js';

/*
 * A device binds only so much of a buffer at once. A launch on larger ones is done in parts, each on a window of them, by
 * the ways that its kernel knows (`splits`).
 */
/** A launch, or a part of one. */
export interface Part {
  readonly values: Readonly<Record<string, number>>;
  /** What of each binding's buffer it touches. */
  readonly windows: Readonly<Record<string, Window>>;
  /** Its share of the whole work. */
  readonly share: number;
}

type Limits = Pick<DeviceLimits, 'bindingBytes' | 'bindingAlignment'>;

/** What would take more parts than this is refused. */
const MOST_PARTS = 4096;

/**
 * The parts in which a launch is done, in order: itself, where all of its buffers can be bound. A window may begin where the
 * device cannot bind (`isAligned`).
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
  const [name, window] = large ?? Object.entries(launch.windows)[0];
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
 * Splits into parts of 2ᵏ, the largest for which all is small that this split makes small. What it divides evenly and is still
 * large in the smallest parts, the next split goes on with; of anything else a large one stays as it is.
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
    const large = largeIn(partAt(part, split, count, 0, step)!, limits);
    return !divided.some((name) => large.includes(name));
  };
  let step = 1;
  while (2 * step < count && isSmall(2 * step)) step *= 2;
  return Array.from(
    { length: Math.min(MOST_PARTS + 1, Math.ceil(count / step)) },
    (_, at) => partAt(part, split, count, at * step, Math.min(count, (at + 1) * step))!,
  );
}

/** One part of a launch; undefined where it cannot be split. */
function partAt(part: Part, split: Split, count: number, first: number, end: number): Part | undefined {
  const launch = split.launch(part.values, first, end);
  if (launch === undefined) return undefined;
  const windows = { ...part.windows };
  for (const [name, span] of Object.entries(launch.spans)) {
    const { first, type } = part.windows[name];
    windows[name] = { type, first: first + span!.first, length: span!.length };
  }
  return { values: launch.values, windows, share: (part.share * (end - first)) / count };
}
