/**
 * Adds numbers that are given as texts, such as '535+61': Keras's addition_rnn, translated line by line
 * (keras.io/examples/nlp/addition_rnn). An LSTM reads the question, reversed, and a second one writes the answer.
 *
 *   npx tsx examples/addition-rnn.ts
 *
 * It prints the share of right characters among 5,000 questions that training does not see, after each epoch.
 */
import { Command } from 'commander';
import { integer } from '../src/cli/integer.js';
import { oneHot, type Tensor, tensor } from '../src/index.js';
import { input, layers, Model } from '../src/nn/index.js';
import { Generator } from '../src/tensor/index.js';

const command = new Command('addition-rnn')
  .description('learns to add numbers of up to three digits, given as texts')
  .option('--epochs <number>', 'passes over 45,000 questions', integer(1), 30)
  .option('--seed <number>', 'the seed of the questions, their order and the initial weights', integer(0), 0)
  .parse();
const { epochs, seed } = command.opts<{ epochs: number; seed: number }>();

const QUESTIONS = 50_000;
const DIGITS = 3;
const CHARACTERS = '0123456789+ ';
const [QUESTION_LENGTH, ANSWER_LENGTH] = [2 * DIGITS + 1, DIGITS + 1];

const generator = new Generator(seed).fork('questions');
const draw = (): number =>
  Number(Array.from({ length: 1 + generator.integer(DIGITS) }, () => generator.integer(10)).join(''));

const seen = new Set<string>();
const [questions, answers]: [string[], string[]] = [[], []];
while (questions.length < QUESTIONS) {
  const [a, b] = [draw(), draw()];
  const key = `${Math.min(a, b)}+${Math.max(a, b)}`;
  if (seen.has(key)) continue;
  seen.add(key);
  questions.push([...`${a}+${b}`.padEnd(QUESTION_LENGTH)].reverse().join(''));
  answers.push(`${a + b}`.padEnd(ANSWER_LENGTH));
}

/** Texts of one length as one-hot characters: (texts, length, 12). */
function encode(texts: readonly string[]): Tensor {
  const indices = texts.flatMap((text) => [...text].map((character) => CHARACTERS.indexOf(character)));
  return oneHot(tensor(Int32Array.from(indices), [texts.length, texts[0].length]), CHARACTERS.length);
}

const question = input({ shape: [QUESTION_LENGTH, CHARACTERS.length] });
const summary = layers.lstm({ units: 128 })(question);
const decoded = layers.lstm({ units: 128, returnSequences: true })(layers.repeatVector(ANSWER_LENGTH)(summary));
const answer = layers.dense({ units: CHARACTERS.length, activation: 'softmax' })(decoded);

const model = new Model({ inputs: question, outputs: answer, seed });
model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
await model.fit(encode(questions), encode(answers), {
  epochs,
  batchSize: 32,
  seed,
  validationSplit: 0.1,
  callbacks: [
    {
      onEpochEnd(epoch, logs) {
        const { accuracy, val_accuracy } = logs;
        console.log(
          `epoch ${epoch + 1}: accuracy ${accuracy.toFixed(4)}, validation accuracy ${val_accuracy.toFixed(4)}`,
        );
        return undefined;
      },
    },
  ],
});
