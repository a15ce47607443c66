/**
 * Trains minGPT's gpt-nano on a task with one right answer, and counts the answers to prompts that training never saw:
 *
 *   npx tsx examples/gpt-answers.ts sorting    # 6 digits from 0 to 2 -> the same, sorted (minGPT's demo.ipynb)
 *   npx tsx examples/gpt-answers.ts adder      # two numbers of 2 digits -> their sum, last digit first (projects/adder)
 *
 * The loss is that of the answer alone. Unlike minGPT, the head is tied to the embedding, which decays too.
 */
import { Argument, Command } from 'commander';
import { integer } from '../src/cli/integer.js';
import { GPT, GPT_PRESETS, GPTCache } from '../src/models/index.js';
import { AdamW } from '../src/nn/index.js';
import { Generator, tensor } from '../src/tensor/index.js';

/** Examples are a prompt and its answer, as tokens. */
interface Task {
  readonly vocabulary: number;
  readonly promptLength: number;
  readonly answerLength: number;
  train(generator: Generator): number[];
  readonly test: readonly number[][];
}

/** The last digits of a number in a base, the highest first. */
const digitsOf = (number: number, base: number, count: number): number[] =>
  Array.from({ length: count }, (_, at) => Math.floor(number / base ** (count - 1 - at)) % base);

function sorting(generator: Generator): Task {
  const [base, length] = [3, 6];
  const order = generator.permutation(base ** length);
  const [test, train] = [order.subarray(0, order.length / 4), order.subarray(order.length / 4)];
  const draw = (inputs: Uint32Array, from: Generator): number[] => {
    const digits = digitsOf(inputs[from.integer(inputs.length)], base, length);
    return [...digits, ...digits.toSorted((a, b) => a - b)];
  };
  return {
    vocabulary: base,
    promptLength: length,
    answerLength: length,
    train: (from) => draw(train, from),
    test: Array.from({ length: 5000 }, () => draw(test, generator)),
  };
}

function adder(generator: Generator): Task {
  const order = generator.permutation(100 ** 2);
  const example = (pair: number): number[] => {
    const [a, b] = digitsOf(pair, 100, 2);
    return [...digitsOf(a, 10, 2), ...digitsOf(b, 10, 2), ...digitsOf(a + b, 10, 3).reverse()];
  };
  const train = order.subarray(500);
  return {
    vocabulary: 10,
    promptLength: 4,
    answerLength: 3,
    train: (from) => example(train[from.integer(train.length)]),
    test: [...order.subarray(0, 500)].map(example),
  };
}

const TASKS = { sorting, adder };
const REPORT_EVERY = 250;

const command = new Command('gpt-answers')
  .description('trains a small GPT on a task with one right answer')
  .addArgument(new Argument('<task>', 'what to learn').choices(Object.keys(TASKS)))
  .option('--steps <number>', 'steps of 64 examples', integer(1), 2000)
  .option('--seed <number>', 'the seed of the split, the initial weights and the examples', integer(0), 0)
  .parse();
const { steps, seed } = command.opts<{ steps: number; seed: number }>();
const { vocabulary, promptLength, answerLength, train, test } = TASKS[command.args[0] as keyof typeof TASKS](
  new Generator(seed).fork('task'),
);

const { model: sizes, batch, learningRate, beta2, weightDecay, clipNorm } = GPT_PRESETS['gpt-nano'];
const block = promptLength + answerLength - 1;
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
  const examples = Array.from({ length: batch }, () => train(generator));
  const inputs = examples.flatMap((example) => example.slice(0, -1));
  const targets = examples.flatMap((example) =>
    example.slice(1).map((token, at) => (at < promptLength - 1 ? -1 : token)),
  );
  const [x, y] = [inputs, targets].map((tokens) => tensor(Int32Array.from(tokens), [batch, block]));
  const loss = model.loss(x, y);
  await optimizer.step(loss);
  if (step % REPORT_EVERY === 0) console.log(`step ${step}: loss ${(await loss.item()).toFixed(4)}`);
}

const cache = new GPTCache(model.eval(), { batch: test.length });
const answers = test.map((): number[] => []);
let logits = await cache.start(test.map((example) => example.slice(0, promptLength)));
for (let at = 0; at < answerLength; at++) {
  const next = logits.map((row) => row.indexOf(Math.max(...row)));
  for (const [row, token] of next.entries()) answers[row].push(token);
  if (at + 1 < answerLength) logits = await cache.append(next);
}
const right = answers.filter((answer, row) => answer.every((token, at) => token === test[row][promptLength + at]));
console.log(`${right.length} of ${test.length} answers to prompts that training never saw are right`);
