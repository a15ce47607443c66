import { bytesOf, type DeviceLimits, type ElementType, type Window } from '../gpu/device.js';
import { OutOfMemoryError } from '../gpu/errors.js';
import type { Cut, Kernel } from '../gpu/kernel.js';

/*
 * A device binds only so much of a buffer at once. A launch on larger ones is done in parts, each on a window of them, by
 * the ways that its kernel knows (`cuts`).
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

/** More parts than this are no way to compute something. */
const MOST_PARTS = 4096;

/**
 * The parts in which a launch is done, in order: itself, where all of its buffers can be bound.
 * @throws OutOfMemoryError where no cut makes them small enough.
 */
export function partsOf(kernel: Kernel, launch: Omit<Part, 'share'>, limits: Limits, label: string): Part[] {
  let parts: Part[] = [{ ...launch, share: 1 }];
  if (kernel.workgroups(launch.values) === 0) return parts;
  for (const cut of kernel.cuts) {
    parts = parts.flatMap((part) => (largestOf(part, limits) === undefined ? [part] : divide(part, cut, limits)));
  }
  const largest = parts.map((part) => largestOf(part, limits)).find((one) => one !== undefined);
  if (largest !== undefined) {
    const { name, bytes } = largest;
    throw new OutOfMemoryError(
      `${label}: '${name}' of ${kernel.name} has ${bytes} bytes, more than are bound at once (${limits.bindingBytes}), ` +
        'and it cannot be computed in smaller parts; split the tensor, or take a smaller batch',
      bytes,
    );
  }
  return parts;
}

const bytesPerElement = (type: ElementType): number => bytesOf(type, 2) / 2;
const sizeOf = ({ type, length }: Window): number => bytesOf(type, length);

/** A binding that is too large, if there is one. */
function largestOf({ windows }: Part, { bindingBytes }: Limits): { name: string; bytes: number } | undefined {
  const large = Object.entries(windows).find(([, window]) => sizeOf(window) > bindingBytes);
  return large && { name: large[0], bytes: sizeOf(large[1]) };
}

/** Cuts into parts of 2ᵏ, the largest for which what is cut is small enough; the smallest possible where none is. */
function divide(part: Part, cut: Cut, limits: Limits): Part[] {
  const count = cut.parts(part.values);
  let finest: Part[] = [part];
  for (let step = 2 ** Math.ceil(Math.log2(count)); step >= 1 && count / step <= MOST_PARTS; step /= 2) {
    const parts = inSteps(part, cut, count, step, limits.bindingAlignment);
    if (parts === undefined) continue;
    finest = parts;
    const isSmall = parts.every(({ windows }) =>
      Object.entries(windows).every(([name, one]) => one === part.windows[name] || sizeOf(one) <= limits.bindingBytes),
    );
    if (isSmall) break;
  }
  return finest;
}

/** Parts of a step each; undefined where one cannot begin there. */
function inSteps(part: Part, cut: Cut, count: number, step: number, alignment: number): Part[] | undefined {
  const parts: Part[] = [];
  for (let first = 0; first < count; first += step) {
    const end = Math.min(count, first + step);
    const launch = cut.launch(part.values, first, end);
    if (launch === undefined) return undefined;
    const windows = { ...part.windows };
    for (const [name, span] of Object.entries(launch.spans)) {
      const { first, type } = part.windows[name]!;
      windows[name] = { type, first: first + span!.first, length: span!.length };
      if ((windows[name].first * bytesPerElement(type)) % alignment !== 0) return undefined;
    }
    parts.push({ values: launch.values, windows, share: (part.share * (end - first)) / count });
  }
  return parts;
}
