/** What examples of small tasks share: training minGPT's gpt-nano on answers alone, and the answers that it gives. */
import { GPT, GPT_PRESETS, GPTCache } from '../src/models/index.js';
import { AdamW } from '../src/nn/index.js';
import { Generator, tensor } from '../src/tensor/index.js';

/** A sequence of tokens, and which of them are answers: the loss is that of these. */
export interface Sequence {
  readonly tokens: readonly number[];
  readonly isAnswer: readonly boolean[];
}

/** What a model is trained on. */
export interface Training {
  readonly vocabulary: number;
  /** The number of tokens of each sequence. */
  readonly length: number;
  readonly steps: number;
  readonly seed: number;
  draw(generator: Generator): Sequence;
}

const REPORT_EVERY = 250;

/** Trains a gpt-nano on 64 sequences a step, and prints the loss now and then. */
export async function trainNano({ vocabulary, length, steps, seed, draw }: Training): Promise<GPT> {
  const { model: sizes, batch, learningRate, beta2, weightDecay, clipNorm } = GPT_PRESETS['gpt-nano'];
  const block = length - 1;
  const model = new GPT({ ...sizes, vocabulary, block, seed });
  const optimizer = new AdamW(model.parameters(), {
    learningRate: learningRate[0],
    beta2,
    epsilon: 1e-8,
    weightDecay,
    decayed: model.decayedParameters(),
    clipNorm,
  });
  const generator = new Generator(seed).fork('examples');
  for (let step = 1; step <= steps; step++) {
    const sequences = Array.from({ length: batch }, () => draw(generator));
    const inputs = sequences.flatMap(({ tokens }) => tokens.slice(0, -1));
    const targets = sequences.flatMap(({ tokens, isAnswer }) =>
      tokens.map((token, at) => (isAnswer[at] ? token : -1)).slice(1),
    );
    const [x, y] = [inputs, targets].map((tokens) => tensor(Int32Array.from(tokens), [batch, block]));
    const loss = model.loss(x, y);
    await optimizer.step(loss);
    if (step % REPORT_EVERY === 0) console.log(`step ${step}: loss ${(await loss.item()).toFixed(4)}`);
  }
  return model.eval();
}

/** The likeliest next tokens, one after the other, of prompts of one length. */
export async function answersOf(
  model: GPT,
  prompts: readonly (readonly number[])[],
  length: number,
): Promise<number[][]> {
  const cache = new GPTCache(model, { batch: prompts.length });
  const answers = prompts.map((): number[] => []);
  let logits = await cache.start(prompts);
  for (let at = 0; at < length; at++) {
    const next = logits.map((row) => row.indexOf(Math.max(...row)));
    for (const [row, token] of next.entries()) answers[row].push(token);
    if (at + 1 < length) logits = await cache.append(next);
  }
  cache.dispose();
  return answers;
}
