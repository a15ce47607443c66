import { type DType, type Shape, type Tensor, TesseraError, zeros } from '../../tensor/index.js';
import { anything, type Check, checkOptions, oneOf, optional } from '../../tensor/options.js';
import type { Layer, Module } from '../module.js';

/*
 * Models as graphs of layers, in the manner of Keras: `input` makes a symbol, a layer called on symbols makes another,
 * and `Model` is what lies between some of them. A layer learns the size of its input when it is called first.
 */

/** A computation between symbols: made once, run for each batch, however many of its results are used. */
export interface Call {
  /** Names it in errors and summaries. */
  readonly name: string;
  /** What it takes. */
  readonly inputs: readonly SymbolicTensor[];
  /** Its results for a batch. */
  readonly compute: (...values: Tensor[]) => readonly Tensor[];
  /** The layer, where it has one. */
  readonly module?: Module;
  /** The shape of its first result, without the batch. */
  readonly shape: Shape;
}

/** A place in a graph of layers: the shape of what will stand there, without the batch. */
export class SymbolicTensor {
  constructor(
    /** Without the batch. */
    readonly shape: Shape,
    /** The type of its elements. */
    readonly dtype: DType,
    /** Names it in errors and logs. */
    readonly name: string,
    /** What computes it; none for an input of the graph. */
    readonly call?: Call,
    /** Which result of the call it is. */
    readonly index = 0,
    /** 1 where a step counts and 0 where it is padding: (time) of f32. Recurrent layers heed it. */
    readonly mask?: SymbolicTensor,
  ) {}

  /** The same place under another name: an output's stands in the logs. */
  named(name: string): SymbolicTensor {
    return new SymbolicTensor(this.shape, this.dtype, name, this.call, this.index, this.mask);
  }

  /** The same place with a mask of its steps. */
  withMask(mask: SymbolicTensor): SymbolicTensor {
    return new SymbolicTensor(this.shape, this.dtype, this.name, this.call, this.index, mask);
  }

  /** A value of its shape for a batch of one, to find out shapes with: nothing is computed. */
  sample(): Tensor {
    const value = zeros([1, ...this.shape]);
    return this.dtype === 'f32' ? value : value.cast(this.dtype);
  }
}

/** Options of an `input`. */
export interface InputOptions {
  /** The shape of one sample, without the batch. */
  readonly shape: Shape;
  /** 'i32' for ids. Default 'f32'. */
  readonly dtype?: DType;
  /** Names it in errors and summaries. Default 'input'. */
  readonly name?: string;
}

const SHAPE: Check = {
  expected: 'an array of positive integers, without the batch',
  fits: (value) => Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size > 0),
};

/** An input of a model. @throws TesseraError if an option is unknown or the shape is not one. */
export function input(options: InputOptions): SymbolicTensor {
  const checked = checkOptions('input', options, {
    shape: SHAPE,
    dtype: optional(oneOf('f32', 'i32', 'u32', 'bool')),
    name: anything,
  });
  const { shape, dtype = 'f32', name = 'input' } = checked;
  return new SymbolicTensor([...shape], dtype, name);
}

/** The symbols of a function's results on others. `mask` becomes that of the first result. */
export function call(
  name: string,
  inputs: readonly SymbolicTensor[],
  compute: (...values: Tensor[]) => Tensor | readonly Tensor[],
  { module, mask }: { readonly module?: Module; readonly mask?: SymbolicTensor | undefined } = {},
): [SymbolicTensor, ...SymbolicTensor[]] {
  for (const one of inputs)
    if (!(one instanceof SymbolicTensor))
      throw new TesseraError(`${name}: expected symbols, which input() and layers make; got ${kindOf(one)}`);
  const listed = (...values: Tensor[]): readonly Tensor[] => [compute(...values)].flat();
  const results = listed(...inputs.map((one) => one.sample()));
  for (const { shape } of results)
    if (shape[0] !== 1) throw new TesseraError(`${name}: the first axis of its result is not the batch`);
  const shape = results[0].shape.slice(1);
  const made: Call = { name, inputs, compute: listed, shape, ...(module === undefined ? {} : { module }) };
  const [first, ...others] = results.map(
    ({ shape, dtype }, index) =>
      new SymbolicTensor(shape.slice(1), dtype, name, made, index, index === 0 ? mask : undefined),
  );
  return [first, ...others];
}

const kindOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? `a ${value.constructor.name}` : `${value}`;

/** The mask of what is made of several sequences: a step counts where it counts in each that has a mask. */
export function jointMask(symbols: readonly SymbolicTensor[]): SymbolicTensor | undefined {
  const masks = [...new Set(symbols.flatMap(({ mask }) => mask ?? []))];
  if (masks.length < 2) return masks[0];
  return call('mask', masks, (...values) => values.reduce((product, value) => product.mul(value)))[0];
}

/** Something to be called on a symbol. */
export interface SymbolicLayer<M extends Module = Module> {
  /** The symbol of its result. */
  (x: SymbolicTensor): SymbolicTensor;
  /** Its module, made for inputs of a shape without the batch when it is first asked for: all its calls share it. */
  moduleFor(shape: Shape): M;
  /** Another module with the same options, as `bidirectional` needs one for each direction. */
  make(shape: Shape): M;
}

/** Makes a module when it is called first; then that one stays. */
export function once<M extends Module>(make: (shape: Shape) => M): (shape: Shape) => M {
  let made: M | undefined;
  return (shape) => {
    made ??= make(shape);
    return made;
  };
}

/** A layer of one input and one result; `keepsMask` where its steps are those of the input. */
export function layer<M extends Layer>(
  name: string,
  make: (shape: Shape) => M,
  { keepsMask = false }: { readonly keepsMask?: boolean } = {},
): SymbolicLayer<M> {
  const moduleFor = once(make);
  const apply = (x: SymbolicTensor): SymbolicTensor => {
    const module = moduleFor(x.shape);
    return call(name, [x], (value) => module.forward(value), { module, mask: keepsMask ? x.mask : undefined })[0];
  };
  return Object.assign(apply, { make, moduleFor });
}
