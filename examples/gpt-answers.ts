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
import { Generator } from '../src/tensor/index.js';
import { answersOf, trainNano } from './gpt-nano.js';

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

const model = await trainNano({
  vocabulary,
  length: promptLength + answerLength,
  steps,
  seed,
  draw(generator) {
    const tokens = train(generator);
    return { tokens, isAnswer: tokens.map((_, at) => at >= promptLength) };
  },
});
const prompts = test.map((example) => example.slice(0, promptLength));
const answers = await answersOf(model, prompts, answerLength);
const right = answers.filter((answer, row) => answer.every((token, at) => token === test[row][promptLength + at]));
console.log(`${right.length} of ${test.length} answers to prompts that training never saw are right`);
