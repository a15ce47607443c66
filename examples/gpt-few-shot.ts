/**
 * Few-shot prompting, on rules small enough to be learned: a GPT sees k examples of a rule that nobody names, and applies
 * it to three more digits.
 *
 *   472>274; 190>091; 538>     -> 835    two examples of 'reverse'
 *
 *   npx tsx examples/gpt-few-shot.ts
 *
 * It prints the share of right answers by k: for the rules that training drew from, on digits that it need not have seen,
 * and for rules that it never saw.
 */
import { Command } from 'commander';
import { integer } from '../src/cli/integer.js';
import { Generator } from '../src/tensor/index.js';
import { answersOf, trainNano } from './gpt-nano.js';

type Rule = (digits: readonly number[]) => number[];

const LEARNED: Readonly<Record<string, Rule>> = {
  copy: (digits) => [...digits],
  reverse: (digits) => digits.toReversed(),
  sort: (digits) => digits.toSorted((a, b) => a - b),
  'sort descending': (digits) => digits.toSorted((a, b) => b - a),
  'add one': (digits) => digits.map((digit) => (digit + 1) % 10),
};
const NEW: Readonly<Record<string, Rule>> = {
  rotate: ([first, ...others]) => [...others, first],
  'add two': (digits) => digits.map((digit) => (digit + 2) % 10),
};

const LENGTH = 3;
const MOST_EXAMPLES = 5;
const TESTED = 200;
const [ARROW, END] = [10, 11];

const command = new Command('gpt-few-shot')
  .description('trains a small GPT to find a rule from examples in its prompt')
  .option('--steps <number>', 'steps of 64 prompts', integer(1), 4000)
  .option('--seed <number>', 'the seed of the initial weights and of all prompts', integer(0), 0)
  .parse();
const { steps, seed } = command.opts<{ steps: number; seed: number }>();

const drawDigits = (generator: Generator): number[] => Array.from({ length: LENGTH }, () => generator.integer(10));
const example = (rule: Rule, digits: readonly number[]): number[] => [...digits, ARROW, ...rule(digits), END];

const rules = Object.values(LEARNED);
const model = await trainNano({
  vocabulary: 12,
  length: (MOST_EXAMPLES + 1) * (2 * LENGTH + 2),
  steps,
  seed,
  draw(generator) {
    const rule = rules[generator.integer(rules.length)];
    const tokens = Array.from({ length: MOST_EXAMPLES + 1 }, () => example(rule, drawDigits(generator))).flat();
    const place = 2 * LENGTH + 2;
    return { tokens, isAnswer: tokens.map((_, at) => at % place > LENGTH && at % place < place - 1) };
  },
});

const generator = new Generator(seed).fork('test');
console.log(`right answers of ${TESTED}, by the number of examples in the prompt`);
console.log(['rule', ...Array.from({ length: MOST_EXAMPLES + 1 }, (_, count) => count)].join('\t'));
for (const [name, rule] of [...Object.entries(LEARNED), ...Object.entries(NEW)]) {
  const shares: string[] = [];
  for (let count = 0; count <= MOST_EXAMPLES; count++) {
    const queries = Array.from({ length: TESTED }, () => drawDigits(generator));
    const prompts = queries.map((query) => [
      ...Array.from({ length: count }, () => example(rule, drawDigits(generator))).flat(),
      ...query,
      ARROW,
    ]);
    const answers = await answersOf(model, prompts, LENGTH);
    const right = answers.filter((answer, row) => answer.join() === rule(queries[row]).join());
    shares.push(`${((100 * right.length) / TESTED).toFixed(0)}%`);
  }
  console.log([name in NEW ? `${name} (new)` : name, ...shares].join('\t'));
}
