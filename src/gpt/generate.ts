import { type GPT, GPTCache, type SamplingOptions, sampleToken } from '../models/index.js';
import { Generator } from '../tensor/generator.js';

/** Options of `generate`. */
export interface GenerateOptions extends Omit<SamplingOptions, 'previous'> {
  /** The number of tokens of each text. */
  readonly length: number;
  /** Text n is drawn by a generator of this seed and n: others in the batch have no influence. */
  readonly seed: number;
}

/**
 * Writes on from prompts, all in one batch: yields the next token of each, `length` times. Of a text longer than the
 * block, the model sees the last tokens.
 */
export async function* generate(
  model: GPT,
  prompts: readonly Int32Array[],
  { length, seed, ...sampling }: GenerateOptions,
): AsyncGenerator<number[]> {
  const generators = prompts.map((_, row) => new Generator(seed).fork(`text ${row}`));
  const cache = new GPTCache(model, { batch: prompts.length });
  try {
    let tokens: number[] = [];
    for (let drawn = 0; drawn < length; drawn++) {
      const logits = await (drawn === 0 ? cache.start(prompts.map((prompt) => [...prompt])) : cache.append(tokens));
      tokens = logits.map((row, text) => {
        // Checked anew for each token, so given only where it has an effect.
        const previous = sampling.repetitionPenalty === undefined ? {} : { previous: cache.texts[text] };
        return sampleToken(row, generators[text], { ...sampling, ...previous });
      });
      yield tokens;
    }
  } finally {
    cache.dispose();
  }
}
