import { consecutiveWindows, randomWindows, type Windows } from '../data/tokens/windows.js';
import type { GPT } from '../models/index.js';
import type { Generator } from '../tensor/generator.js';
import { type Tensor, tensor } from '../tensor/index.js';

/** The loss of some windows, a scalar: the mean of their tokens, in nats. */
export const lossOf = (model: GPT, { inputs, targets, batch, block }: Windows): Tensor =>
  model.loss(tensor(inputs, [batch, block]), tensor(targets, [batch, block]));

/** The mean loss of random batches of a sequence, as nanoGPT estimates it. The model is in inference mode meanwhile. */
export async function estimateLoss(
  model: GPT,
  tokens: Int32Array,
  { batch, batches, generator, signal }: EstimateOptions,
): Promise<number> {
  return inferring(model, async () => {
    let sum = 0;
    for (let at = 0; at < batches; at++) {
      signal?.throwIfAborted();
      sum += await lossOf(model, randomWindows(tokens, batch, model.options.block, generator)).item();
    }
    return sum / batches;
  });
}

/** Options of `estimateLoss`. */
export interface EstimateOptions {
  readonly batch: number;
  readonly batches: number;
  readonly generator: Generator;
  /** Aborted to stop: the reason is thrown. */
  readonly signal?: AbortSignal;
}

/**
 * The mean loss of all tokens of a sequence but the first, in consecutive blocks. `onTokens` gets the number of tokens
 * done, and may throw to stop.
 */
export async function wholeLoss(
  model: GPT,
  tokens: Int32Array,
  batch: number,
  onTokens?: (done: number) => void,
): Promise<number> {
  return inferring(model, async () => {
    let [sum, done] = [0, 0];
    for (const windows of consecutiveWindows(tokens, batch, model.options.block)) {
      sum += (await lossOf(model, windows).item()) * windows.inputs.length;
      done += windows.inputs.length;
      onTokens?.(done);
    }
    return sum / done;
  });
}

async function inferring<T>(model: GPT, work: () => Promise<T>): Promise<T> {
  const wasTraining = model.training;
  model.eval();
  try {
    return await work();
  } finally {
    if (wasTraining) model.train();
  }
}
