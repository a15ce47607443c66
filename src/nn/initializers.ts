import { Generator } from '../tensor/generator.js';
import { type Shape, TesseraError, Variable } from '../tensor/index.js';
import { checkOptions, expectValue, finite, lookUp, nonNegative, oneOf, optional } from './options.js';

/** Makes a parameter's initial values from its shape. */
export type Initializer = (shape: Shape, generator: Generator) => Float32Array;

const count = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** Inputs and outputs of one unit: for kernels (..., in, out) the window counts on both sides, as in Keras. */
function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) return { fanIn: shape[0] ?? 1, fanOut: shape[0] ?? 1 };
  const window = count(shape.slice(0, -2));
  return { fanIn: window * shape[shape.length - 2], fanOut: window * shape[shape.length - 1] };
}

const draw = (shape: Shape, next: () => number): Float32Array => Float32Array.from({ length: count(shape) }, next);

/** Every value the same. @throws TesseraError if it is no finite number. */
export function constant(value: number): Initializer {
  expectValue('constant', 'the value', value, finite);
  return (shape) => new Float32Array(count(shape)).fill(value);
}

/** Uniform within [low, high). @throws TesseraError if a bound is no finite number. */
export function randomUniform(low = -0.05, high = 0.05): Initializer {
  expectValue('randomUniform', 'low', low, finite);
  expectValue('randomUniform', 'high', high, finite);
  return (shape, generator) => draw(shape, () => low + (high - low) * generator.uniform());
}

/** Normal with a mean and a standard deviation. @throws TesseraError if the mean is not finite or the deviation below 0. */
export function randomNormal(mean = 0, deviation = 0.05): Initializer {
  expectValue('randomNormal', 'mean', mean, finite);
  expectValue('randomNormal', 'deviation', deviation, nonNegative);
  return (shape, generator) => draw(shape, () => mean + deviation * generator.normal());
}

/**
 * Normal, but drawn again where it lies more than two deviations from the mean.
 * @throws TesseraError if the mean is not finite or the deviation below 0.
 */
export function truncatedNormal(mean = 0, deviation = 0.05): Initializer {
  expectValue('truncatedNormal', 'mean', mean, finite);
  expectValue('truncatedNormal', 'deviation', deviation, nonNegative);
  return (shape, generator) =>
    draw(shape, () => {
      for (;;) {
        const value = generator.normal();
        if (Math.abs(value) <= 2) return mean + deviation * value;
      }
    });
}

/** The standard deviation of a standard normal distribution truncated at two deviations. */
const TRUNCATED_DEVIATION = 0.879_625_661_034_239_8;

/** Options of `varianceScaling`. */
export interface VarianceScalingOptions {
  /** The variance times the fan. Default 1. */
  readonly scale?: number;
  /** What divides the scale: inputs, outputs, or their mean. Default 'fanIn'. */
  readonly mode?: 'fanIn' | 'fanOut' | 'fanAverage';
  /** What the values are drawn from. Default 'truncatedNormal'. */
  readonly distribution?: 'truncatedNormal' | 'normal' | 'uniform';
}

/** Values whose variance is scale / fan, so that signals keep their size through a layer; the others are cases of it. */
export function varianceScaling(options: VarianceScalingOptions = {}): Initializer {
  const {
    scale = 1,
    mode = 'fanIn',
    distribution = 'truncatedNormal',
  } = checkOptions('varianceScaling', options, {
    scale: optional(nonNegative),
    mode: optional(oneOf('fanIn', 'fanOut', 'fanAverage')),
    distribution: optional(oneOf('truncatedNormal', 'normal', 'uniform')),
  });
  return (shape, generator) => {
    const { fanIn, fanOut } = fans(shape);
    const deviation = Math.sqrt(scale / Math.max(1, { fanIn, fanOut, fanAverage: (fanIn + fanOut) / 2 }[mode]));
    const limit = Math.sqrt(3) * deviation;
    const made = {
      truncatedNormal: truncatedNormal(0, deviation / TRUNCATED_DEVIATION),
      normal: randomNormal(0, deviation),
      uniform: randomUniform(-limit, limit),
    };
    return made[distribution](shape, generator);
  };
}

/**
 * A random orthogonal matrix: rows, or columns where there are fewer, are orthonormal. Saxe, McClelland, Ganguli 2014.
 * By Gram-Schmidt of normal vectors in float64, four at a time.
 * @throws TesseraError if the shape is not a matrix's.
 */
export const orthogonal: Initializer = (shape, generator) => {
  const [rows, columns] = matrix('orthogonal', shape);
  const [many, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const basis: Float64Array[] = [];
  while (basis.length < many) {
    const vector = Float64Array.from({ length }, () => generator.normal());
    const before = Math.sqrt(dot(vector, vector));
    subtractProjections(vector, basis);
    // What is left of a vector that lay almost along the others has lost digits: a second time is enough.
    if (Math.sqrt(dot(vector, vector)) < before / 2) subtractProjections(vector, basis);
    const norm = Math.sqrt(dot(vector, vector));
    basis.push(vector.map((value) => value / norm));
  }
  const transposed = columns < rows;
  return Float32Array.from({ length: rows * columns }, (_, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    return transposed ? basis[column][row] : basis[row][column];
  });
};

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index] * b[index];
  return sum;
}

/** Subtracts from a vector its projections on a basis, four at a time for speed. */
function subtractProjections(vector: Float64Array, basis: readonly Float64Array[]): void {
  const wholeFours = basis.length - (basis.length % 4);
  for (let first = 0; first < wholeFours; first += 4) {
    const [a, b, c, d] = basis.slice(first, first + 4);
    let [alongA, alongB, alongC, alongD] = [0, 0, 0, 0];
    for (let index = 0; index < vector.length; index++) {
      const value = vector[index];
      alongA += value * a[index];
      alongB += value * b[index];
      alongC += value * c[index];
      alongD += value * d[index];
    }
    for (let index = 0; index < vector.length; index++)
      vector[index] -= alongA * a[index] + alongB * b[index] + alongC * c[index] + alongD * d[index];
  }
  for (const one of basis.slice(wholeFours)) {
    const along = dot(vector, one);
    for (let index = 0; index < vector.length; index++) vector[index] -= along * one[index];
  }
}

/** Ones on the diagonal, zeros elsewhere. @throws TesseraError if the shape is not a matrix's. */
const identity: Initializer = (shape) => {
  const [rows, columns] = matrix('identity', shape);
  return Float32Array.from({ length: rows * columns }, (_, index) =>
    Number(Math.floor(index / columns) === index % columns),
  );
};

function matrix(name: string, shape: Shape): readonly [number, number] {
  if (shape.length !== 2) throw new TesseraError(`${name}: expected a matrix, got shape [${shape.join(', ')}]`);
  return shape as unknown as readonly [number, number];
}

/** Initialisers by Keras's names, with Keras's settings. */
export const initializers = {
  zeros: constant(0),
  ones: constant(1),
  identity,
  orthogonal,
  randomUniform: randomUniform(),
  randomNormal: randomNormal(),
  truncatedNormal: truncatedNormal(),
  /** Keep the variance through σ and tanh. Glorot and Bengio 2010. */
  glorotUniform: varianceScaling({ mode: 'fanAverage', distribution: 'uniform' }),
  glorotNormal: varianceScaling({ mode: 'fanAverage' }),
  /** Keep the variance through relu. He, Zhang, Ren and Sun 2015. */
  heUniform: varianceScaling({ scale: 2, distribution: 'uniform' }),
  heNormal: varianceScaling({ scale: 2 }),
  /** Keep the variance of a linear layer. LeCun et al. 1998. */
  lecunUniform: varianceScaling({ distribution: 'uniform' }),
  lecunNormal: varianceScaling(),
} as const;

/** An initialiser, or the name of one. */
export type InitializerLike = Initializer | keyof typeof initializers;

/** What draws the values of layers that were given no generator, and how many streams it has given. */
let defaultGenerator = new Generator(0);
let streams = 0;

/**
 * Sets the seed of everything in layers that is random and was given neither generator nor seed: initial values and
 * dropout. Each parameter and each dropout draws from a stream of its own, in the order in which they are made, so that
 * the same program draws the same numbers. The seed is 0 until this is called.
 */
export function setSeed(seed: number): void {
  defaultGenerator = new Generator(seed);
  streams = 0;
}

/** The next stream of the default generator. */
export const nextStream = (): Generator => defaultGenerator.fork(`stream ${streams++}`);

/** A variable with an initialiser. */
export class Parameter extends Variable {
  /** How it is drawn, as long as that was not done by a generator of somebody's choice. */
  #pending: Initializer | undefined;

  /** Without a generator it draws from a stream of its own, see `setSeed`, until `drawFrom` is called. */
  constructor(name: string, shape: Shape, initialize: Initializer, generator?: Generator) {
    super(initialize(shape, generator ?? nextStream()), shape, name);
    this.#pending = generator === undefined ? initialize : undefined;
  }

  /** Draws its initial values, unless its layer was given a generator or they were drawn by this before. */
  drawFrom(generator: Generator): void {
    if (this.#pending === undefined) return;
    this.set(this.#pending(this.shape, generator));
    this.#pending = undefined;
  }
}

/** A parameter with initial values. @throws TesseraError if a size is no positive integer, or no initialiser has the name. */
export function parameter(
  name: string,
  shape: Shape,
  initializer: InitializerLike,
  generator: Generator | undefined,
): Parameter {
  if (!shape.every((size) => Number.isInteger(size) && size > 0))
    throw new TesseraError(`${name}: sizes must be positive integers, got [${shape.join(', ')}]`);
  if (generator !== undefined && !(generator instanceof Generator))
    throw new TesseraError(`${name}: expected a Generator, as \`new Generator(seed)\` makes it`);
  const initialize =
    typeof initializer === 'string' ? lookUp<Initializer>(name, 'initialiser', initializers, initializer) : initializer;
  return new Parameter(name, shape, initialize, generator);
}
