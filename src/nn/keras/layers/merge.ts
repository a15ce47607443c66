import { concat, type Tensor, TesseraError } from '../../../tensor/index.js';
import { call, jointMask, type SymbolicTensor } from '../symbols.js';

/** A function of symbols that lie behind each other; see `jointMask` for the mask of its result. */
export type Merge = (symbols: readonly SymbolicTensor[]) => SymbolicTensor;

const merge =
  (name: string, compute: (...values: Tensor[]) => Tensor, count?: number): Merge =>
  (symbols) => {
    if (!Array.isArray(symbols) || symbols.length === 0 || (count !== undefined && symbols.length !== count))
      throw new TesseraError(`${name}: expected a list of ${count ?? 'one or more'} symbols: ${name}([a, b])`);
    return call(name, symbols, compute, { mask: jointMask(symbols) })[0];
  };

const of =
  (both: (a: Tensor, b: Tensor) => Tensor) =>
  (...values: Tensor[]): Tensor =>
    values.reduce((result, value) => both(result, value));

const total = of((a, b) => a.add(b));

/** Joins features, along the last axis. */
export const concatenate: Merge = merge('concatenate', (...values) => concat(values, -1));
/** The sum. */
export const add: Merge = merge('add', total);
/** The first less the second. */
export const subtract: Merge = merge('subtract', (a, b) => a.sub(b), 2);
/** The product, element by element. */
export const multiply: Merge = merge(
  'multiply',
  of((a, b) => a.mul(b)),
);
/** The mean, element by element. */
export const average: Merge = merge('average', (...values) => total(...values).div(values.length));
/** The maximum, element by element. */
export const maximum: Merge = merge(
  'maximum',
  of((a, b) => a.maximum(b)),
);
/** The minimum, element by element. */
export const minimum: Merge = merge(
  'minimum',
  of((a, b) => a.minimum(b)),
);
/** Any function of tensors with the batch first. */
export const lambda = (compute: (...values: Tensor[]) => Tensor): Merge => merge('lambda', compute);
