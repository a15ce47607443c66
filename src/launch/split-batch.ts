import { bytesOf } from '../gpu/device.js';
import { contiguous, copyRegion } from './copy.js';
import type { Launch, LaunchContext, Value } from './launch.js';
import { mapValues } from './map-values.js';
import { rowMajorStrides, type Shape } from './shape.js';

/*
 * Values larger than a binding whose batch axis is not the outermost, as in an LSTM, where time is, have no contiguous
 * parts along the batch. The op then runs on some samples at a time, in temporaries: inputs are copied there, results
 * back.
 */
/** A value, and which of its axes is the batch. */
export interface Batched {
  readonly value: Value;
  readonly axis: number;
}

/** The values that some launches read and write, by name. */
export interface BatchedWork {
  readonly batch: number;
  readonly reads: Readonly<Record<string, Batched>>;
  readonly writes: Readonly<Record<string, Batched>>;
  /** Returns the launches for values of `batch` samples: all of them, or temporaries with some. */
  launches(values: Readonly<Record<string, Value>>, batch: number): Launch[];
}

/** The launches on the values themselves if each fits a binding, or else on temporaries with some samples at a time. */
export function splitBatch(
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
  return Array.from({ length: Math.ceil(batch / together) }, (_, index) => {
    const first = index * together;
    const count = Math.min(together, batch - first);
    const parts = mapValues(all, ({ value, axis }) =>
      context.temporary(withBatch(value.shape, axis, count), value.dtype),
    );
    const copy = (name: string, isBack: boolean): Launch[] => {
      const [part, { value, axis }] = [parts[name], all[name]];
      const strides = rowMajorStrides(value.shape);
      const region = { offset: first * strides[axis], strides };
      return isBack
        ? copyRegion(context, part, value, part.shape, contiguous(part.shape), region)
        : copyRegion(context, value, part, part.shape, region, contiguous(part.shape));
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
