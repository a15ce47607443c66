import { type DType, type Tensor, TesseraError } from '../tensor/index.js';
import { checkIndices, expectAxes } from '../tensor/ops/checks.js';
import {
  type Check,
  type Checks,
  fraction,
  nonNegativeInteger,
  optional,
  positiveInteger,
  shown,
} from '../tensor/options.js';

/*
 * Options and checks that encoders, fusions and tasks share. Errors name the module that the user called.
 */

/** Options that encoders and fusions share. */
export interface FeatureOptions {
  /** The size of the feature vectors. Default 128, or 64 for encoders of values and categories. */
  readonly width?: number;
  /** The rate of the dropout, within [0, 1). Default 0. */
  readonly dropout?: number;
  /** The seed of the initial values and of the dropout. Default: streams of their own; see `setSeed`. */
  readonly seed?: number;
}

/** Checks of `FeatureOptions`. */
export const FEATURE_CHECKS: Checks<FeatureOptions> = {
  width: optional(positiveInteger),
  dropout: optional(fraction),
  seed: optional(nonNegativeInteger),
};

/** Accepts a positive multiple of a number. */
export const multipleOf = (divisor: number): Check => ({
  expected: `a positive multiple of ${divisor}`,
  fits: (value) => positiveInteger.fits(value) && Number(value) % divisor === 0,
});

/** Accepts an array of positive integers, at least one. */
export const sizes: Check = {
  expected: 'an array of positive integers, at least one',
  fits: (value) => Array.isArray(value) && value.length > 0 && value.every(positiveInteger.fits),
};

/**
 * Returns a tensor unchanged if it has the given type and axes, and elements; see `expectAxes`.
 * @throws TesseraError if the tensor is missing or differs.
 */
export function expectTensor(
  where: string,
  name: string,
  x: Tensor | undefined,
  dtype: DType,
  axes: readonly (number | string)[],
): Tensor {
  const checked = expectAxes(where, name, x, dtype, axes);
  if (checked.size === 0) throw new TesseraError(`${where}: ${name} has no elements: got ${checked.describe()}`);
  return checked;
}

/** Returns the inputs of a model unchanged. @throws TesseraError if they are not an object of tensors by name. */
export function expectInputs<Inputs extends object>(where: string, inputs: Inputs): Inputs {
  if (typeof inputs !== 'object' || inputs === null)
    throw new TesseraError(`${where}: expected an object of tensors by name, got ${shown(inputs)}`);
  return inputs;
}

/**
 * Returns ids unchanged, i32 of the given axes and, where the host knows them, within 0 to `count` - 1.
 * @throws TesseraError if the tensor is missing or differs.
 */
export function expectIds(
  where: string,
  name: string,
  ids: Tensor | undefined,
  count: number,
  axes: readonly (number | string)[],
): Tensor {
  const checked = expectTensor(where, name, ids, 'i32', axes);
  checkIndices(where, name, checked, { count, of: 'ids' });
  return checked;
}

/** @throws TesseraError if a size is not a multiple of another. */
export function expectMultiple(where: string, name: string, size: number, of: string, divisor: number): void {
  if (size % divisor !== 0)
    throw new TesseraError(`${where}: ${name} must be a multiple of ${of}, got ${name} ${size} and ${of} ${divisor}`);
}
