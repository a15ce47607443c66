import { Generator } from '../tensor/generator.js';
import { type Shape, TesseraError, Variable } from '../tensor/index.js';

/** Makes a parameter's first values from its shape. */
export type Initializer = (shape: Shape, generator: Generator) => Float32Array;

const count = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** Inputs and outputs of one unit: for kernels (..., in, out) the window counts on both sides, as in Keras. */
function fans(shape: Shape): { fanIn: number; fanOut: number } {
  const window = count(shape.slice(0, -2));
  return { fanIn: window * (shape.at(-2) ?? 1), fanOut: window * (shape.at(-1) ?? 1) };
}

const draw = (shape: Shape, next: () => number): Float32Array => Float32Array.from({ length: count(shape) }, next);

/** Uniform within ±limit. */
const uniformWithin = (shape: Shape, limit: number, generator: Generator): Float32Array =>
  draw(shape, () => (2 * generator.uniform() - 1) * limit);

export const zerosInitializer: Initializer = (shape) => new Float32Array(count(shape));
export const onesInitializer: Initializer = (shape) => new Float32Array(count(shape)).fill(1);

/** Uniform within ±limit; Keras's default for embeddings is 0.05. */
export const uniformInitializer =
  (limit = 0.05): Initializer =>
  (shape, generator) =>
    uniformWithin(shape, limit, generator);

/** Uniform within ±√(6 / (in + out)): keeps the variance through σ and tanh. Glorot and Bengio 2010. */
export const glorotUniform: Initializer = (shape, generator) => {
  const { fanIn, fanOut } = fans(shape);
  return uniformWithin(shape, Math.sqrt(6 / (fanIn + fanOut)), generator);
};

/** Normal with variance 2 / in: keeps the variance through relu. He, Zhang, Ren, Sun 2015. */
export const heNormal: Initializer = (shape, generator) => {
  const deviation = Math.sqrt(2 / fans(shape).fanIn);
  return draw(shape, () => deviation * generator.normal());
};

/** Uniform within ±√(6 / in). He, Zhang, Ren, Sun 2015. */
export const heUniform: Initializer = (shape, generator) =>
  uniformWithin(shape, Math.sqrt(6 / fans(shape).fanIn), generator);

/**
 * A random orthogonal matrix: rows, or columns where there are fewer, are orthonormal. Saxe, McClelland, Ganguli 2014.
 * By modified Gram-Schmidt of normal vectors in float64.
 */
export const orthogonal: Initializer = (shape, generator) => {
  if (shape.length !== 2) throw new TesseraError(`orthogonal: expected a matrix, got shape [${shape.join(', ')}]`);
  const [rows, columns] = shape as [number, number];
  const [many, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const basis: Float64Array[] = [];
  while (basis.length < many) {
    const vector = Float64Array.from({ length }, () => generator.normal());
    // Twice is enough to be orthogonal to working precision.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of basis) {
        const along = vector.reduce((sum, value, index) => sum + value * other[index]!, 0);
        vector.forEach((_, index) => {
          vector[index]! -= along * other[index]!;
        });
      }
    }
    const norm = Math.hypot(...vector);
    basis.push(vector.map((value) => value / norm));
  }
  const transposed = columns < rows;
  return Float32Array.from({ length: rows * columns }, (_, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    return transposed ? basis[column]![row]! : basis[row]![column]!;
  });
};

/** A parameter with first values. */
export function parameter(name: string, shape: Shape, initializer: Initializer, generator: Generator): Variable {
  return new Variable(initializer(shape, generator), shape, name);
}

/** Layers made without a generator draw from this seed. */
export const defaultGenerator = (): Generator => new Generator(0);
