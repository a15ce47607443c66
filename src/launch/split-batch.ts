import { bytesOf } from '../gpu/device.js';
import { copyRegion, whole } from './copy.js';
import type { Launch, LaunchContext, Value } from './launch.js';
import { mapValues } from './map-values.js';
import { rowMajorStrides, type Shape } from './shape.js';

/*
 * An op whose values have the batch inside, behind time, cannot be split in memory where they are larger than a binding.
 * It is done by some samples at a time, in temporaries: what it reads is copied there, what it writes is copied back.
 */
/** A value of which one axis is the batch. */
export interface Batched {
  readonly value: Value;
  readonly axis: number;
}

/** Values by name, and the launches that compute those written from those read. */
export interface BatchedWork {
  readonly batch: number;
  readonly reads: Readonly<Record<string, Batched>>;
  readonly writes: Readonly<Record<string, Batched>>;
  /** The launches for values of `batch` samples, whole or copied. */
  launches(values: Readonly<Record<string, Value>>, batch: number): Launch[];
}

/** The launches of some work: on the values themselves, where all can be bound, or by samples. */
export function bySamples(
  { batch, reads, writes, launches }: BatchedWork,
  context: Pick<LaunchContext, 'device' | 'temporary'>,
): Launch[] {
  const all = { ...reads, ...writes };
  const { bindingBytes } = context.device.limits;
  const largest = Math.max(...Object.values(all).map(({ value }) => bytesOf(value.dtype, value.length)));
  if (largest <= bindingBytes)
    return launches(
      mapValues(all, ({ value }) => value),
      batch,
    );
  const together = Math.max(1, Math.floor(bindingBytes / Math.ceil(largest / batch)));
  return Array.from({ length: Math.ceil(batch / together) }, (_, turn) => {
    const first = turn * together;
    const count = Math.min(together, batch - first);
    const parts = mapValues(all, ({ value, axis }) =>
      context.temporary(withBatch(value.shape, axis, count), value.dtype),
    );
    const copy = (name: string, isBack: boolean): Launch[] => {
      const [part, { value, axis }] = [parts[name], all[name]];
      const strides = rowMajorStrides(value.shape);
      const place = { offset: first * strides[axis], strides };
      return isBack
        ? copyRegion(context, part, value, part.shape, whole(part.shape), place)
        : copyRegion(context, value, part, part.shape, place, whole(part.shape));
    };
    return [
      ...Object.keys(reads).flatMap((name) => copy(name, false)),
      ...launches(parts, count),
      ...Object.keys(writes).flatMap((name) => copy(name, true)),
    ];
  }).flat();
}

const withBatch = (shape: Shape, axis: number, batch: number): Shape =>
  shape.map((size, at) => (at === axis ? batch : size));
