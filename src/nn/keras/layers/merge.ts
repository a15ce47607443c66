import { concat, type Tensor, TesseraError } from '../../../tensor/index.js';
import { callable, expectValue } from '../../../tensor/options.js';
import { call, expectSymbols, jointMask, type SymbolicTensor } from '../symbols.js';

/** A layer that merges several symbols, given as a list, into one; see `jointMask` for the mask of the result. */
export type Merge = (symbols: readonly SymbolicTensor[]) => SymbolicTensor;

const merge =
  (name: string, compute: (...values: Tensor[]) => Tensor, count?: number): Merge =>
  (symbols) => {
    if (!Array.isArray(symbols) || symbols.length === 0 || (count !== undefined && symbols.length !== count))
      throw new TesseraError(`${name}: expected a list of ${count ?? 'one or more'} symbols: ${name}([a, b])`);
    expectSymbols(name, ...symbols);
    return call(name, symbols, compute, { mask: jointMask(symbols) })[0];
  };

/** Extends a function of two tensors to any number of them, from left to right. */
const fold =
  (combine: (a: Tensor, b: Tensor) => Tensor) =>
  (...values: Tensor[]): Tensor =>
    values.reduce((result, value) => combine(result, value));

const sum = fold((a, b) => a.add(b));

/** Concatenates along the last axis. */
export const concatenate: Merge = merge('concatenate', (...values) => concat(values, -1));
/** Elementwise sum. */
export const add: Merge = merge('add', sum);
/** Elementwise difference of two inputs, the first minus the second. */
export const subtract: Merge = merge('subtract', (a, b) => a.sub(b), 2);
/** Elementwise product. */
export const multiply: Merge = merge(
  'multiply',
  fold((a, b) => a.mul(b)),
);
/** Elementwise mean. */
export const average: Merge = merge('average', (...values) => sum(...values).div(values.length));
/** Elementwise maximum. */
export const maximum: Merge = merge(
  'maximum',
  fold((a, b) => a.maximum(b)),
);
/** Elementwise minimum. */
export const minimum: Merge = merge(
  'minimum',
  fold((a, b) => a.minimum(b)),
);
/** Applies any function of tensors (batch, ...) that returns a tensor (batch, ...). */
export function lambda(compute: (...values: Tensor[]) => Tensor): Merge {
  expectValue('lambda', 'its argument', compute, callable);
  return merge('lambda', compute);
}
