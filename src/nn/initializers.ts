import { Generator } from '../tensor/generator.js';
import { formatShape } from '../tensor/graph/shape.js';
import { type Shape, TesseraError, Variable } from '../tensor/index.js';
import {
  type Check,
  callable,
  checkOptions,
  expectValue,
  finite,
  lookUp,
  nonNegative,
  nonNegativeInteger,
  oneOf,
  optional,
  positiveInteger,
  shown,
  text,
} from '../tensor/options.js';

/** A function that draws the initial values of a parameter of some shape. */
export type Initializer = (shape: Shape, generator: Generator) => Float32Array;

const SHAPE: Check = {
  expected: 'an array of positive integers',
  fits: (value) => Array.isArray(value) && value.every(positiveInteger.fits),
};

const GENERATOR: Check = {
  expected: 'a Generator, such as new Generator(seed)',
  fits: (value) => value instanceof Generator,
};

/** An initializer that checks what it is given, under its name. */
const checked =
  (name: string, initializer: Initializer): Initializer =>
  (shape, generator) => {
    expectValue(name, 'the shape', shape, SHAPE);
    expectValue(name, 'the generator', generator, GENERATOR);
    return initializer(shape, generator);
  };

const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** Fan-in and fan-out of a kernel (..., in, out): the sizes of both axes times the size of the window, as in Keras. */
function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) return { fanIn: shape[0] ?? 1, fanOut: shape[0] ?? 1 };
  const window = sizeOf(shape.slice(0, -2));
  return { fanIn: window * shape[shape.length - 2], fanOut: window * shape[shape.length - 1] };
}

const draw = (shape: Shape, next: () => number): Float32Array => Float32Array.from({ length: sizeOf(shape) }, next);

/** Sets all elements to one value. @throws TesseraError if the value is not a finite number. */
export function constant(value: number): Initializer {
  expectValue('constant', 'the value', value, finite);
  return checked('constant', (shape) => new Float32Array(sizeOf(shape)).fill(value));
}

/** Draws from the uniform distribution over [low, high). @throws TesseraError if a bound is not a finite number. */
export function randomUniform(low = -0.05, high = 0.05): Initializer {
  expectValue('randomUniform', 'low', low, finite);
  expectValue('randomUniform', 'high', high, finite);
  return checked('randomUniform', (shape, generator) => draw(shape, () => low + (high - low) * generator.uniform()));
}

/**
 * Draws from the normal distribution with a mean and a standard deviation.
 * @throws TesseraError if the mean is not finite or the deviation is below 0.
 */
export function randomNormal(mean = 0, deviation = 0.05): Initializer {
  expectValue('randomNormal', 'mean', mean, finite);
  expectValue('randomNormal', 'deviation', deviation, nonNegative);
  return checked('randomNormal', (shape, generator) => draw(shape, () => mean + deviation * generator.normal()));
}

/**
 * Draws from the normal distribution truncated at two standard deviations from the mean.
 * @throws TesseraError if the mean is not finite or the deviation is below 0.
 */
export function truncatedNormal(mean = 0, deviation = 0.05): Initializer {
  expectValue('truncatedNormal', 'mean', mean, finite);
  expectValue('truncatedNormal', 'deviation', deviation, nonNegative);
  return checked('truncatedNormal', (shape, generator) =>
    draw(shape, () => {
      for (;;) {
        const value = generator.normal();
        if (Math.abs(value) <= 2) return mean + deviation * value;
      }
    }),
  );
}

/** The standard deviation of a standard normal distribution truncated at two deviations. */
const TRUNCATED_DEVIATION = 0.879_625_661_034_239_8;

/** Options of `varianceScaling`. */
export interface VarianceScalingOptions {
  /** The numerator of the variance, scale / fan. Default 1. */
  readonly scale?: number;
  /** The fan that divides the scale: fan-in, fan-out, or their mean. Default 'fanIn'. */
  readonly mode?: 'fanIn' | 'fanOut' | 'fanAverage';
  /** The distribution of the values. Default 'truncatedNormal'. */
  readonly distribution?: 'truncatedNormal' | 'normal' | 'uniform';
}

/**
 * Draws values with mean 0 and variance scale / fan, so that activations or gradients keep their variance through a
 * layer. The Glorot, He and LeCun initializers are special cases.
 */
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
  return checked('varianceScaling', (shape, generator) => {
    const { fanIn, fanOut } = fans(shape);
    const deviation = Math.sqrt(scale / Math.max(1, { fanIn, fanOut, fanAverage: (fanIn + fanOut) / 2 }[mode]));
    const limit = Math.sqrt(3) * deviation;
    const initializer = {
      truncatedNormal: truncatedNormal(0, deviation / TRUNCATED_DEVIATION),
      normal: randomNormal(0, deviation),
      uniform: randomUniform(-limit, limit),
    };
    return initializer[distribution](shape, generator);
  });
}

/**
 * Draws a random orthogonal matrix (Saxe, McClelland and Ganguli 2014): its rows, or its columns if there are fewer of
 * them, are orthonormal. Computed by Gram-Schmidt orthogonalization of normal vectors in float64.
 * @throws TesseraError if the shape is not that of a matrix.
 */
export const orthogonal: Initializer = checked('orthogonal', (shape, generator) => {
  const [rows, columns] = matrix('orthogonal', shape);
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const basis: Float64Array[] = [];
  while (basis.length < count) {
    const vector = Float64Array.from({ length }, () => generator.normal());
    const before = Math.sqrt(dot(vector, vector));
    subtractProjections(vector, basis);
    // A vector almost within the span of the others loses digits to cancellation: a second pass restores orthogonality.
    if (Math.sqrt(dot(vector, vector)) < before / 2) subtractProjections(vector, basis);
    const norm = Math.sqrt(dot(vector, vector));
    basis.push(vector.map((value) => value / norm));
  }
  const transposed = columns < rows;
  return Float32Array.from({ length: rows * columns }, (_, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    return transposed ? basis[column][row] : basis[row][column];
  });
});

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index] * b[index];
  return sum;
}

/** Subtracts from a vector its projections onto the basis vectors, four at a time for speed. */
function subtractProjections(vector: Float64Array, basis: readonly Float64Array[]): void {
  const multipleOf4 = basis.length - (basis.length % 4);
  for (let first = 0; first < multipleOf4; first += 4) {
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
  for (const a of basis.slice(multipleOf4)) {
    const alongA = dot(vector, a);
    for (let index = 0; index < vector.length; index++) vector[index] -= alongA * a[index];
  }
}

/** Sets the diagonal to ones and all else to zeros. @throws TesseraError if the shape is not that of a matrix. */
const identity: Initializer = checked('identity', (shape) => {
  const [rows, columns] = matrix('identity', shape);
  return Float32Array.from({ length: rows * columns }, (_, index) =>
    Number(Math.floor(index / columns) === index % columns),
  );
});

/** The rows and columns of a matrix. @throws TesseraError if the shape is not that of a matrix. */
function matrix(name: string, shape: Shape): readonly [number, number] {
  if (shape.length !== 2) throw new TesseraError(`${name}: expected a matrix, got shape ${formatShape(shape)}`);
  const [rows, columns] = shape;
  return [rows, columns];
}

/** Initializers by Keras's names, with Keras's defaults. */
export const initializers = {
  zeros: checked('zeros', constant(0)),
  ones: checked('ones', constant(1)),
  identity,
  orthogonal,
  randomUniform: randomUniform(),
  randomNormal: randomNormal(),
  truncatedNormal: truncatedNormal(),
  /** Uniform with variance 1 / mean(fanIn, fanOut), for sigmoid and tanh (Glorot and Bengio 2010). */
  glorotUniform: checked('glorotUniform', varianceScaling({ mode: 'fanAverage', distribution: 'uniform' })),
  /** Truncated normal with variance 1 / mean(fanIn, fanOut), for sigmoid and tanh (Glorot and Bengio 2010). */
  glorotNormal: checked('glorotNormal', varianceScaling({ mode: 'fanAverage' })),
  /** Uniform with variance 2 / fanIn, for relu (He, Zhang, Ren and Sun 2015). */
  heUniform: checked('heUniform', varianceScaling({ scale: 2, distribution: 'uniform' })),
  /** Truncated normal with variance 2 / fanIn, for relu (He, Zhang, Ren and Sun 2015). */
  heNormal: checked('heNormal', varianceScaling({ scale: 2 })),
  /** Uniform with variance 1 / fanIn (LeCun et al. 1998). */
  lecunUniform: checked('lecunUniform', varianceScaling({ distribution: 'uniform' })),
  /** Truncated normal with variance 1 / fanIn (LeCun et al. 1998). */
  lecunNormal: checked('lecunNormal', varianceScaling()),
} as const;

/** An initializer, or the name of one. */
export type InitializerLike = Initializer | keyof typeof initializers;

/** Checks of the options that layers with parameters have; names of initializers are looked up by `parameter`. */
export const PARAMETER_CHECKS = {
  initializer: optional({
    expected: 'an initializer or the name of one',
    fits: (value) => typeof value === 'function' || typeof value === 'string',
  }),
  generator: optional(GENERATOR),
};

/** The generator behind layers that are given neither a generator nor a seed. */
let defaultGenerator = new Generator(0);
/** The number of streams forked from the default generator. */
let streams = 0;

/**
 * Sets the seed of all randomness in layers that are given neither a generator nor a seed: initial values and dropout.
 * Each parameter and each dropout draws from its own stream, numbered in order of creation, so that the same program
 * draws the same numbers. The seed is 0 until this is called.
 */
export function setSeed(seed: number): void {
  expectValue('setSeed', 'seed', seed, nonNegativeInteger);
  defaultGenerator = new Generator(seed);
  streams = 0;
}

/** Forks the next stream from the default generator. */
export const nextStream = (): Generator => defaultGenerator.fork(`stream ${streams++}`);

/** A variable whose initial values an initializer draws. */
export class Parameter extends Variable {
  /** The initializer, until the values are drawn from a given generator. */
  #pending: Initializer | undefined;

  /** Without a generator the values come from a stream of their own (see `setSeed`), until `drawFrom` is called. */
  constructor(name: string, shape: Shape, initialize: Initializer, generator?: Generator) {
    expectValue('Parameter', 'the initializer', initialize, callable);
    super(initialize(shape, generator ?? nextStream()), shape, name);
    this.#pending = generator === undefined ? initialize : undefined;
  }

  /** Draws the initial values, unless the layer was given a generator or an earlier call has drawn them. */
  drawFrom(generator: Generator): void {
    if (this.#pending === undefined) return;
    this.set(this.#pending(this.shape, generator));
    this.#pending = undefined;
  }
}

/**
 * Makes a parameter with initial values.
 * @throws TesseraError if a size is not a positive integer, or no initializer has the name.
 */
export function parameter(
  name: string,
  shape: Shape,
  initializer: InitializerLike,
  generator: Generator | undefined,
): Parameter {
  expectValue('parameter', 'the name', name, text);
  if (!SHAPE.fits(shape)) throw new TesseraError(`${name}: sizes must be positive integers, got ${shown(shape)}`);
  expectValue(name, 'the initializer', initializer, PARAMETER_CHECKS.initializer);
  expectValue(name, 'the generator', generator, PARAMETER_CHECKS.generator);
  const initialize =
    typeof initializer === 'string' ? lookUp<Initializer>(name, 'initializer', initializers, initializer) : initializer;
  return new Parameter(name, shape, initialize, generator);
}
