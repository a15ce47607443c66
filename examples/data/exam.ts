/*
 * Makes a table of exam answers from MathExam14W of R's package psychotools (GPL-2 or GPL-3), as CSV: one row for each
 * student and exercise, and whether it was solved.
 *
 *   npx tsx examples/data/exam.ts mathexam.csv exam.csv
 *   npx tessera train exam.csv --target solved --split part --category student --epochs 12
 *
 * The CSV has a row for each student: `tests`, `gender` and the other columns, and for each column of the matrix `solved`
 * one such as `solved_quad`, 1 or 0.
 *
 * Of each student two answers drawn at random are for the test, one for validation, and the others are trained on: the
 * question is which of the exercises that are left a student will solve.
 */
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { Command } from 'commander';
import papaparse from 'papaparse';
import { Generator } from '../../src/tensor/index.js';

const command = new Command('exam')
  .description('makes a row for each student and exercise of an exam')
  .argument('<csv>', 'MathExam14W as CSV, also packed by gzip: one row a student, columns solved_*')
  .argument('<out>', 'the table to write')
  .option('--seed <seed>', 'the seed of the split', Number, 0)
  .parse();
const [file, out] = command.args;
const { seed } = command.opts<{ seed: number }>();

const stream = createReadStream(file);
const content = await text(file.endsWith('.gz') ? stream.pipe(createGunzip()) : stream);
const { data, meta } = papaparse.parse<Record<string, string>>(content, { header: true, skipEmptyLines: true });
const exercises = (meta.fields ?? []).filter((name) => name.startsWith('solved_'));
if (exercises.length < 4)
  throw new Error(`${file}: expected columns such as solved_quad, got ${meta.fields?.join(', ')}`);

/** What is known of a student before the exam. */
const KNOWN = ['tests', 'gender', 'study', 'semester', 'attempt', 'group'];
const generator = new Generator(seed);
const rows = data.flatMap((student, at) => {
  const order = generator.permutation(exercises.length);
  return exercises.map((exercise, index) => [
    `s${at}`,
    exercise.slice('solved_'.length),
    ...KNOWN.map((name) => student[name]),
    order[index] < 2 ? 'test' : order[index] < 3 ? 'validation' : 'train',
    student[exercise] === '1' ? 'solved' : 'not solved',
  ]);
});
const head = ['student', 'exercise', ...KNOWN, 'part', 'solved'];
await writeFile(out, `${papaparse.unparse([head, ...rows], { newline: '\n' })}\n`);
console.log(`${out}: ${rows.length} answers of ${data.length} students to ${exercises.length} exercises`);
