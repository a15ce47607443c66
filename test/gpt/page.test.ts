import { expect, test } from 'vitest';
import { settingsOf } from '../../src/gpt/config.js';
import { gptPage } from '../../src/gpt/page.js';
import { bitsPerCharacter, type GPTReport, verdictOf } from '../../src/gpt/report.js';

const { model, training } = settingsOf('cpu', {});
const report: GPTReport = {
  run: 'runs/<plays>-seed0',
  date: '2026-01-02T03:04:05.000Z',
  command: 'tessera gpt train <plays>.txt',
  versions: { 'tessera-gpu': '1.0.0', node: '22.0.0' },
  adapter: 'an adapter',
  seed: 0,
  text: {
    files: ['<plays>.txt'],
    characters: 1000,
    unit: 'character',
    vocabulary: 65,
    train: 900,
    validation: 100,
    tokensPerCharacter: 0.5,
  },
  model,
  training,
  parameters: 804_096,
  steps: 500,
  stepMilliseconds: 40,
  keptStep: 250,
  loss: { train: 2.1, validation: 2.2, wholeValidation: 2.3 },
  baselines: { uniform: Math.log(65), unigram: 3.347, bigram: 2.482 },
  history: [250, 500].map((steps) => ({
    steps,
    train: 2.1,
    validation: 2.2,
    learningRate: 1e-3,
    milliseconds: 1,
    sample: `<b>ROMEO</b>\nafter ${steps}`,
  })),
};

test('nats a token become bits a character', () => {
  expect(bitsPerCharacter(Math.LN2, report.text)).toBe(0.5);
});

test('the result is one sentence, whether the model is better than bigrams or not', () => {
  expect(verdictOf(report)).toBe(
    '2.300 nats a token on the held-out text, 0.182 less than bigrams; 1.659 bits a character',
  );
  const worse = { ...report, loss: { ...report.loss, wholeValidation: 2.5 } };
  expect(verdictOf(worse)).toContain('0.018 more than bigrams');
});

test('the page shows losses, baselines, curves and samples, and what it shows is escaped', async () => {
  const page = await gptPage(report);
  for (const part of [
    '2.300 nats a token',
    'bigrams, whole held-out text',
    '2.482',
    '20 random batches of 12 blocks',
    '<svg',
    'After 250 steps',
    '&lt;b&gt;ROMEO&lt;/b&gt;',
    '804,096',
    'tessera gpt train &lt;plays&gt;.txt',
    '900 tokens, are trained on',
  ])
    expect(page).toContain(part);
  expect(page).not.toContain('<plays>');
  const bare = await gptPage({ ...report, history: report.history.map((one) => ({ ...one, sample: '' })) });
  expect(bare).not.toContain('Samples');
});
