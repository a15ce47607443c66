import type { GPTOptions } from './gpt.js';

/** A model's sizes and how it is trained. */
export interface GPTPreset {
  /** Options of the `GPT`, but for what the text decides. */
  readonly model: Omit<GPTOptions, 'vocabulary' | 'block' | 'seed'>;
  /** The most tokens that are seen at once. */
  readonly block: number;
  /** The number of sequences of a step. */
  readonly batch: number;
  /** The number of steps. */
  readonly steps: number;
  /** The learning rate after the warm-up, and at the end of the cosine. */
  readonly learningRate: readonly [first: number, last: number];
  /** The number of steps in which the learning rate rises. */
  readonly warmUp: number;
  /** The decay of AdamW's mean of squared gradients; that of the mean is 0.9. */
  readonly beta2: number;
  /** The decay of matrices. */
  readonly weightDecay: number;
  /** The norm to which gradients are clipped. */
  readonly clipNorm: number;
}

const training = { beta2: 0.99, weightDecay: 0.1, clipNorm: 1, warmUp: 100, learningRate: [1e-3, 1e-4] } as const;

/**
 * Sizes and settings that others published results for: nanoGPT's for characters on a CPU and on a GPU
 * (github.com/karpathy/nanoGPT, config/train_shakespeare_char.py and the README), and minGPT's gpt-nano as its demo sorts
 * with it (github.com/karpathy/minGPT, demo.ipynb).
 */
export const GPT_PRESETS = {
  cpu: {
    model: { layers: 4, heads: 4, width: 128, dropout: 0, bias: false },
    ...training,
    block: 64,
    batch: 12,
    steps: 2000,
  },
  gpu: {
    model: { layers: 6, heads: 6, width: 384, dropout: 0.2, bias: false },
    ...training,
    block: 256,
    batch: 64,
    steps: 5000,
  },
  'gpt-nano': {
    model: { layers: 3, heads: 3, width: 48, dropout: 0.1, bias: true, gelu: 'tanh' },
    ...training,
    block: 11,
    batch: 64,
    steps: 2000,
    learningRate: [5e-4, 5e-4],
    warmUp: 0,
    beta2: 0.95,
  },
} as const satisfies Readonly<Record<string, GPTPreset>>;
