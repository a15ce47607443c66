import { median } from '../src/gpu/statistics.js';
import { GPT, GPT_PRESETS, GPTCache } from '../src/models/index.js';
import { AdamW, type StoredTensor } from '../src/nn/index.js';
import { type Device, Generator, tensor } from '../src/tensor/index.js';
import { measureInTurn, type Row, statistics } from './measure.js';
import type { Inputs } from './peers/workloads.js';
import type { StepOptions } from './step.js';

/** nanoGPT's preset for a CPU, on as many characters as its text has. */
const PRESET = GPT_PRESETS.cpu;
const VOCABULARY = 65;
/** Steps rotate over this many batches. */
const BATCHES = 4;
const ROUNDS = 15;

/** The model of the benchmark, with given weights or its initial ones. */
export function gptOf(weights?: ReadonlyMap<string, StoredTensor>): GPT {
  const model = new GPT({ ...PRESET.model, vocabulary: VOCABULARY, block: PRESET.block, seed: 1 });
  if (weights !== undefined) model.loadState(weights);
  return model;
}

/** Tokens and targets of all batches: (BATCHES · batch, block) of i32 each. */
interface Batches {
  readonly tokens: StoredTensor;
  readonly targets: StoredTensor;
}

/** Random tokens and targets. */
export function gptData(): Batches & Inputs {
  const generator = new Generator(1);
  const shape = [BATCHES * PRESET.batch, PRESET.block];
  const draw = () => ({
    shape,
    data: Int32Array.from({ length: shape[0] * shape[1] }, () => generator.integer(VOCABULARY)),
  });
  return { tokens: draw(), targets: draw() };
}

/** Floating-point operations of a training step and of a token: two per weight forward, four backward. */
export const gptFlops = (() => {
  const { layers, width } = PRESET.model;
  const { batch, block } = PRESET;
  const products = 2 * (12 * layers * width ** 2 + VOCABULARY * width);
  const attention = 4 * layers * block * width;
  return { step: 3 * batch * block * (products + attention), token: products + attention };
})();

/** Takes steps of training, each from a batch on the host to the loss on the host. */
export function gptTrainer(model: GPT, { tokens, targets }: Batches): () => Promise<number> {
  const optimizer = new AdamW(model.parameters(), {
    learningRate: PRESET.learningRate[0],
    beta2: PRESET.beta2,
    epsilon: 1e-8,
    weightDecay: PRESET.weightDecay,
    decayed: model.decayedParameters(),
    clipNorm: PRESET.clipNorm,
  });
  const size = PRESET.batch * PRESET.block;
  return async () => {
    const first = (optimizer.steps % BATCHES) * size;
    const part = ({ data }: StoredTensor) => tensor(data.slice(first, first + size), [PRESET.batch, PRESET.block]);
    const loss = model.loss(part(tokens), part(targets));
    await optimizer.step(loss);
    return loss.item();
  };
}

/** Reads a token behind a text, again and again, and gives the largest logit of the next; a full text begins anew. */
export function gptReader(model: GPT): () => Promise<number> {
  const cache = new GPTCache(model.eval());
  return async () => {
    const [text] = cache.texts;
    const isFull = text.length === 0 || text.length === PRESET.block;
    const [logits] = await (isFull ? cache.start([[0]]) : cache.append([(7 * text.length) % VOCABULARY]));
    return Math.max(...logits);
  };
}

/** Times a training step and a token of nanoGPT's preset for a CPU. */
export async function benchGpt({ device, note }: StepOptions): Promise<Row[]> {
  const step = gptTrainer(gptOf(), gptData());
  const read = gptReader(gptOf());
  const [steps, tokens] = [await timesOf(step, ROUNDS), await timesOf(read, 2 * PRESET.block)];
  note(`${(1000 / median(tokens)).toFixed(0)} tokens a second`);
  return [
    row('GPT training step, 4 layers of 128, batch 12 of 64', steps, device),
    row('GPT token with the cache, 4 layers of 128, block 64', tokens, device),
  ];
}

const timesOf = async (run: () => Promise<number>, rounds: number): Promise<number[]> =>
  (await measureInTurn([{ engine: 'Tessera', run }], rounds))[0];

const row = (name: string, times: readonly number[], { name: adapter }: Device): Row => ({
  case: name,
  engine: 'Tessera',
  adapter,
  ...statistics(times),
});
