import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { Generator } from '../../src/tensor/generator.js';
import { type Ended, inEmptyFolder, run } from '../support/command-line.js';

inEmptyFolder();

/** Rows whose label follows from the sum of two numbers, so that neither is enough. */
function writeTable(file: string, rows: number): void {
  const generator = new Generator(5);
  const lines = ['left,right,label'];
  for (let row = 0; row < rows; row++) {
    const [left, right] = [generator.normal(), generator.normal()];
    lines.push(`${left.toFixed(3)},${right.toFixed(3)},${left + right > 0 ? 'above' : 'below'}`);
  }
  writeFileSync(file, `${lines.join('\n')}\n`);
}

const small = ['--width', '16', '--hidden', '0', '--batch', '16', '--epochs', '4', '--learning-rate', '0.02'];
const studied = [
  'study',
  'sums.csv',
  '--target',
  'label',
  ...small,
  '--fusions',
  'concatenation,addition',
  '--seeds',
  '2',
];
const trainings = () => readFileSync('studies/sums/trainings.jsonl', 'utf8');

let first: Ended;
beforeAll(async () => {
  writeTable('sums.csv', 200);
  first = await run(...studied, '--noise', '0', '--json');
});

test('compares fusions and single fields over seeds', () => {
  expect(first.code, first.err).toBe(0);
  const { models, seeds, metric, rows } = JSON.parse(first.out);
  expect([seeds, metric, rows]).toEqual([[0, 1], 'accuracy', { train: 160, validation: 20, test: 20 }]);
  expect(models.map(({ name }: { name: string }) => name)).toEqual([
    'concatenation',
    'addition',
    'only left',
    'only right',
  ]);
  const [all, addition, left] = models;
  expect(all.score.mean).toBeGreaterThan(left.score.mean);
  expect(addition.difference.interval).toHaveLength(2);
  expect(all.withoutOne.mean).toBeLessThan(all.score.mean);
  expect(left.noisy).toBeUndefined();
  expect(JSON.parse(readFileSync('studies/sums/summary.json', 'utf8'))).toEqual(JSON.parse(first.out));
});

test('a study that was cut off is continued, and ends with the same result', async () => {
  const whole = trainings();
  const lines = whole.split('\n');
  writeFileSync('studies/sums/trainings.jsonl', `${lines.slice(0, 6).join('\n')}\n${lines[6].slice(0, 40)}`);
  const again = await run(...studied, '--noise', '0', '--json');
  expect(again.err).toContain('6 of 8 trainings are done already');
  expect(again.out).toBe(first.out);
  expect(trainings()).toBe(whole);
});

test('prints a table, and which differences are real', async () => {
  const { code, out } = await run(...studied, '--noise', '0');
  expect(code).toBe(0);
  expect(out).toMatch(/^only left .*%/m);
  expect(out).toContain('a difference is real if its interval for all 3 comparisons together excludes 0');
});

test.each([
  [['--noise', '0.1'], "'studies/sums' has a study of another table or with other settings"],
  [['--fusions', 'adding'], "'adding' is no fusion; there are concatenation"],
  [['--fusions', 'film,film'], 'a fusion is named twice'],
  [['--ignore', 'right'], "expected two fields or more, got 'left'"],
  [['--minutes', '3'], "unknown option '--minutes'"],
  [['--out', '.'], "'.' has other files"],
])('%j is refused', async (flags, message) => {
  const { code, err } = await run(...studied, '--noise', '0', ...flags);
  expect(code).not.toBe(0);
  expect(err).toContain(message);
});
