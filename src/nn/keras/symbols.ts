import { checkTensors } from '../../tensor/graph/graph.js';
import { type DType, type Shape, type Tensor, TesseraError, zeros } from '../../tensor/index.js';
import { within } from '../../tensor/ops/checks.js';
import { type Check, callable, checkOptions, expectValue, oneOf, optional, shown, text } from '../../tensor/options.js';
import type { Layer, Module } from '../module.js';

/*
 * The functional API of Keras: `input` makes a symbolic tensor, a layer called on symbolic tensors makes another, and a
 * `Model` computes outputs from inputs. A layer's parameters get their sizes in its first call.
 */

/** A call of a layer on symbols. It is computed once for each batch, however many of its results are used. */
export interface Call {
  /** The layer's name in errors and summaries. */
  readonly name: string;
  /** The symbols that the layer is called on. */
  readonly inputs: readonly SymbolicTensor[];
  /** Computes the results for a batch. */
  readonly compute: (...values: Tensor[]) => readonly Tensor[];
  /** The layer's module, if it has one. */
  readonly module?: Module;
  /** The shape of the first result, without the batch. */
  readonly shape: Shape;
}

/** A symbolic tensor: the shape and dtype of a value in a graph of layers. */
export class SymbolicTensor {
  constructor(
    /** The shape, without the batch. */
    readonly shape: Shape,
    /** The dtype of the elements. */
    readonly dtype: DType,
    /** The name in errors and logs. */
    readonly name: string,
    /** The call that computes it; undefined for an input. */
    readonly call?: Call,
    /** The index among the results of the call. */
    readonly index = 0,
    /** The mask of its steps, (time) of f32: 1 for valid steps, 0 for padding, which recurrent layers skip. */
    readonly mask?: SymbolicTensor,
  ) {}

  /** The same tensor under another name, as which an output appears in the logs. */
  named(name: string): SymbolicTensor {
    return new SymbolicTensor(this.shape, this.dtype, name, this.call, this.index, this.mask);
  }

  /** The same tensor with a mask of its steps. */
  withMask(mask: SymbolicTensor): SymbolicTensor {
    return new SymbolicTensor(this.shape, this.dtype, this.name, this.call, this.index, mask);
  }

  /** A tensor of its shape for a batch of one, which layers are traced with; nothing is computed. */
  sample(): Tensor {
    const value = zeros([1, ...this.shape]);
    return this.dtype === 'f32' ? value : value.cast(this.dtype);
  }
}

/** Options of an `input`. */
export interface InputOptions {
  /** The shape of one sample, without the batch. */
  readonly shape: Shape;
  /** The dtype of the values: 'i32' for ids. Default 'f32'. */
  readonly dtype?: DType;
  /** The name in errors and summaries. Default 'input'. */
  readonly name?: string;
}

const SHAPE: Check = {
  expected: 'an array of positive integers, without the batch',
  fits: (value) => Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size > 0),
};

/** Makes a symbolic input of a model. @throws TesseraError if an option is unknown or the shape is invalid. */
export function input(options: InputOptions): SymbolicTensor {
  const checked = checkOptions('input', options, {
    shape: SHAPE,
    dtype: optional(oneOf('f32', 'i32', 'u32', 'bool')),
    name: optional(text),
  });
  const { shape, dtype = 'f32', name = 'input' } = checked;
  return new SymbolicTensor([...shape], dtype, name);
}

/** @throws TesseraError if a value that a layer is called on is not a symbol. */
export function expectSymbols(name: string, ...symbols: readonly unknown[]): void {
  const odd = symbols.find((symbol) => !(symbol instanceof SymbolicTensor));
  if (odd !== undefined || symbols.includes(undefined))
    throw new TesseraError(`${name}: expected symbols, which input() and layers return; got ${shown(odd)}`);
}

/**
 * Calls a function on symbols and returns the symbols of its results; the first result gets the mask.
 * @throws TesseraError if the inputs are no symbols, or the function gives no tensors with the batch in front.
 */
export function call(
  name: string,
  inputs: readonly SymbolicTensor[],
  compute: (...values: Tensor[]) => Tensor | readonly Tensor[],
  { module, mask }: { readonly module?: Module; readonly mask?: SymbolicTensor | undefined } = {},
): [SymbolicTensor, ...SymbolicTensor[]] {
  expectValue('call', 'name', name, text);
  if (!Array.isArray(inputs)) throw new TesseraError(`${name}: expected a list of symbols, got ${shown(inputs)}`);
  expectSymbols(name, ...inputs);
  expectValue(name, 'compute', compute, callable);
  const listed = (...values: Tensor[]): readonly Tensor[] => within(name, () => [compute(...values)].flat());
  const results = listed(...inputs.map((symbol) => symbol.sample()));
  if (results.length === 0) throw new TesseraError(`${name}: expected a result, got none`);
  checkTensors(name, results);
  for (const { shape } of results)
    if (shape[0] !== 1) throw new TesseraError(`${name}: the first axis of the result must be the batch`);
  const shape = results[0].shape.slice(1);
  const made: Call = { name, inputs, compute: listed, shape, module };
  const [first, ...others] = results.map(
    ({ shape, dtype }, index) =>
      new SymbolicTensor(shape.slice(1), dtype, name, made, index, index === 0 ? mask : undefined),
  );
  return [first, ...others];
}

/** The mask of a combination of sequences: a step is valid if it is valid in all sequences that have a mask. */
export function jointMask(symbols: readonly SymbolicTensor[]): SymbolicTensor | undefined {
  const masks = [...new Set(symbols.flatMap(({ mask }) => mask ?? []))];
  if (masks.length < 2) return masks[0];
  return call('mask', masks, (...values) => values.reduce((product, value) => product.mul(value)))[0];
}

/** A layer that is called on a symbol. */
export interface SymbolicLayer<M extends Module = Module> {
  /** Calls the layer and returns the symbol of its result. */
  (x: SymbolicTensor): SymbolicTensor;
  /** The layer's module, made in the first call for inputs of a shape without the batch, and shared by all calls. */
  moduleFor(shape: Shape): M;
  /** Makes a new module with the same options, as `bidirectional` does for each direction. */
  make(shape: Shape): M;
}

/** Makes a module in the first call, and returns the same one in later calls; errors begin with the layer's name. */
export function once<M extends Module>(name: string, make: (shape: Shape) => M): (shape: Shape) => M {
  let made: M | undefined;
  return (shape) => {
    made ??= within(name, () => make(shape));
    return made;
  };
}

/** The number of features of a sample, the size of its last axis. @throws TesseraError for a scalar, which has none. */
export function featuresOf(shape: Shape): number {
  const features = shape.at(-1);
  if (features === undefined) throw new TesseraError('expected at least one axis besides the batch, got none');
  return features;
}

/** Defines a layer of one input and one result. With `keepsMask`, the result has the mask of the input. */
export function layer<M extends Layer>(
  name: string,
  make: (shape: Shape) => M,
  { keepsMask = false }: { readonly keepsMask?: boolean } = {},
): SymbolicLayer<M> {
  const moduleFor = once(name, make);
  const apply = (x: SymbolicTensor): SymbolicTensor => {
    expectSymbols(name, x);
    const module = moduleFor(x.shape);
    return call(name, [x], (value) => module.forward(value), { module, mask: keepsMask ? x.mask : undefined })[0];
  };
  return Object.assign(apply, { make, moduleFor });
}
