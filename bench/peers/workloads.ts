import { TextImageClassifier } from '../../src/models/index.js';
import { valuesOf } from '../../src/nn/module.js';
import { Generator } from '../../src/tensor/index.js';
import { gptData, gptFlops, gptOf } from '../gpt.js';
import { trainingData } from '../step-data.js';

/** An array on the host, as it goes from process to process. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}
export type Inputs = Readonly<Record<string, HostTensor>>;

/** What an engine must know how to do; sizes are those of the inputs. */
export type WorkloadKind =
  /** a (..., m, k), b (..., k, n) -> (..., m, n) */
  | 'matmul'
  /** x (batch, height, width, in), w (height, width, in, out), padding 'same' -> (batch, height, width, out) */
  | 'conv2d'
  /** The same and dy (batch, height, width, out) -> the gradient of x. */
  | 'conv2d input gradient'
  /** The same -> the gradient of w. */
  | 'conv2d filter gradient'
  /** x (rows, cols) -> the same shape; along the last axis. */
  | 'softmax'
  /** x (rows, cols), scale (cols), shift (cols) -> x's shape; along the last axis, epsilon 1e-3. */
  | 'layer norm'
  /** relu(x·a + b) · σ(c) */
  | 'elementwise'
  /** x -> (); of all elements */
  | 'sum'
  /** x (batch, time, in), kernel (in, 4·h), recurrent (h, 4·h), bias (4·h), gates i, f, g, o -> (batch, time, h) */
  | 'lstm'
  /** The same and dy (batch, time, h) -> the gradients of x, kernel, recurrent, bias. */
  | 'lstm gradient'
  /** Weights of the Keras model by name, and data for four batches of 32 -> the losses of the first three steps. */
  | 'training step'
  | GptKind;

/** What engines do that were given a GPT. */
export type GptKind =
  /** Weights of `GPT` by name, and four batches of tokens and targets -> the losses of the first three steps. */
  | 'GPT training step'
  /** Weights of `GPT` by name -> the largest logit behind texts of one token, of two, and of three. */
  | 'GPT token';

/** Something that all engines are to compute, from the same inputs. */
export interface Workload {
  readonly name: string;
  readonly kind: WorkloadKind;
  /** Additions and multiplications of the textbook's algorithm. */
  readonly flops: number;
  /** Bytes of what must be read and written at least. */
  readonly bytes: number;
  inputs(): Inputs | Promise<Inputs>;
}

/** Random normal numbers; another stream for each input. */
function normals(shape: readonly number[], stream: number, scale = 1): HostTensor {
  const generator = new Generator(1, stream);
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => scale * generator.normal()) };
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

function matmul(name: string, batch: readonly number[], size: number): Workload {
  const shape = [...batch, size, size];
  return {
    name,
    kind: 'matmul',
    flops: 2 * sizeOf(shape) * size,
    bytes: 3 * 4 * sizeOf(shape),
    inputs: () => ({ a: normals(shape, 1), b: normals(shape, 2) }),
  };
}

function convolution(name: string, kind: WorkloadKind, channels: number): Workload {
  const [x, w, dy] = [
    [8, 32, 32, channels],
    [3, 3, channels, 64],
    [8, 32, 32, 64],
  ] as const;
  return {
    name,
    kind,
    flops: 2 * 9 * channels * sizeOf(dy),
    bytes: 4 * (sizeOf(x) + sizeOf(w) + sizeOf(dy)),
    inputs: () => ({
      x: normals(x, 1),
      w: normals(w, 2),
      ...(kind === 'conv2d' ? {} : { dy: normals(dy, 3) }),
    }),
  };
}

const SQUARE = [1024, 1024] as const;
const MILLION = 1024 * 1024;

function lstm(name: string, kind: 'lstm' | 'lstm gradient'): Workload {
  const [batch, time, size] = [32, 20, 128];
  const forward = 2 * batch * time * 2 * size * 4 * size;
  const weights = 2 * size * 4 * size;
  const sequences = 2 * batch * time * size;
  const all = {
    x: normals([batch, time, size], 1),
    kernel: normals([size, 4 * size], 2, 0.1),
    recurrent: normals([size, 4 * size], 3, 0.1),
    bias: normals([4 * size], 4, 0.1),
  };
  return kind === 'lstm'
    ? { name, kind, flops: forward, bytes: 4 * (weights + sequences), inputs: () => all }
    : {
        name,
        kind,
        flops: 3 * forward,
        bytes: 4 * 2 * (weights + sequences),
        inputs: () => ({ ...all, dy: normals([batch, time, size], 5) }),
      };
}

/** The classifier's sizes, as the Keras model has them; 1.85 million parameters. */
async function trainingInputs(): Promise<Inputs> {
  const weights = await valuesOf(new TextImageClassifier({ seed: 1 }).namedParameters());
  const { size, time, image, tokens, images, labels } = trainingData();
  return {
    ...Object.fromEntries(weights),
    tokens: { shape: [size, time], data: tokens },
    images: { shape: [size, ...image], data: images },
    labels: { shape: [size], data: labels },
  };
}

const gptWeights = async (): Promise<Inputs> => Object.fromEntries(await valuesOf(gptOf().namedParameters()));

/** What is contested, in the order of the table. */
export const WORKLOADS: readonly Workload[] = [
  matmul('matmul 256', [], 256),
  matmul('matmul 512', [], 512),
  matmul('matmul 1024', [], 1024),
  matmul('matmul 32 x 128', [32], 128),
  convolution('conv2d 3 to 64', 'conv2d', 3),
  convolution('conv2d 64 to 64', 'conv2d', 64),
  convolution('conv2d 64 to 64, dX', 'conv2d input gradient', 64),
  convolution('conv2d 64 to 64, dW', 'conv2d filter gradient', 64),
  {
    name: 'softmax 1024 x 1024',
    kind: 'softmax',
    flops: 5 * MILLION,
    bytes: 2 * 4 * MILLION,
    inputs: () => ({ x: normals(SQUARE, 1) }),
  },
  {
    name: 'layer norm 1024 x 1024',
    kind: 'layer norm',
    flops: 8 * MILLION,
    bytes: 2 * 4 * MILLION,
    inputs: () => ({ x: normals(SQUARE, 1), scale: normals([1024], 2), shift: normals([1024], 3) }),
  },
  {
    name: 'elementwise, 5 ops on 1M',
    kind: 'elementwise',
    flops: 8 * MILLION,
    bytes: 5 * 4 * MILLION,
    inputs: () => ({ x: normals(SQUARE, 1), a: normals(SQUARE, 2), b: normals(SQUARE, 3), c: normals(SQUARE, 4) }),
  },
  {
    name: 'sum of 4M',
    kind: 'sum',
    flops: 4 * MILLION,
    bytes: 4 * 4 * MILLION,
    // Not around 0, where rounding would be all there is.
    inputs: () => {
      const { shape, data } = normals([4 * MILLION], 1);
      return { x: { shape, data: data.map((value) => value + 1) } };
    },
  },
  lstm('LSTM 128, 20 steps', 'lstm'),
  lstm('LSTM 128, 20 steps, forward + backward', 'lstm gradient'),
  {
    name: 'training step of the Keras model',
    kind: 'training step',
    flops: 0.66e9,
    bytes: 6 * 4 * 1.85e6,
    inputs: trainingInputs,
  },
  {
    name: 'GPT training step, 4 layers of 128',
    kind: 'GPT training step',
    flops: gptFlops.step,
    bytes: 6 * 4 * 0.8e6,
    inputs: async () => ({ ...(await gptWeights()), ...gptData() }),
  },
  {
    name: 'GPT token with the cache',
    kind: 'GPT token',
    flops: gptFlops.token,
    bytes: 4 * 0.8e6,
    inputs: gptWeights,
  },
];
