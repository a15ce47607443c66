/*
 * Makes a table of ratings of lecturers from InstEval of R's package lme4 (GPL-2 or newer), as CSV: 73,421 ratings from
 * 1 to 5 of 1,128 lecturers by 2,972 students of ETH Zurich.
 *
 *   R -e 'write.csv(lme4::InstEval, "insteval.csv", row.names = FALSE)'
 *   npx tsx examples/data/lecturers.ts insteval.csv lecturers.csv
 *   npx tessera train lecturers.csv --target rating --number rating --split part \
 *     --category student,lecturer,department,semesters,semestersSinceLecture --minutes 3
 *
 * Ratings drawn at random are for training (80%), validation and test (10% each): the question is how a student whom we
 * know rates a lecturer whom we know, but whom he or she has not rated.
 */
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { Command } from 'commander';
import papaparse from 'papaparse';
import { Generator } from '../../src/tensor/index.js';

/** The columns of InstEval, and what they are. */
const NAMES = {
  s: 'student',
  d: 'lecturer',
  studage: 'semesters',
  lectage: 'semestersSinceLecture',
  service: 'service',
  dept: 'department',
  y: 'rating',
} as const;

const command = new Command('lecturers')
  .description('makes a table of ratings of lecturers')
  .argument('<csv>', 'InstEval as CSV, also packed by gzip')
  .argument('<out>', 'the table to write')
  .option('--seed <seed>', 'the seed of the split', Number, 0)
  .parse();
const [file, out] = command.args;

const stream = createReadStream(file);
const content = await text(file.endsWith('.gz') ? stream.pipe(createGunzip()) : stream);
const { data, meta } = papaparse.parse<Record<string, string>>(content, { header: true, skipEmptyLines: true });
const missing = Object.keys(NAMES).find((name) => !meta.fields?.includes(name));
if (missing !== undefined) throw new Error(`${file}: there is no column '${missing}'; got ${meta.fields?.join(', ')}`);

const generator = new Generator(command.opts<{ seed: number }>().seed);
const rows = data.map((rating) => {
  const draw = generator.uniform();
  const part = draw < 0.8 ? 'train' : draw < 0.9 ? 'validation' : 'test';
  return [
    `s${rating.s}`,
    `d${rating.d}`,
    ...Object.keys(NAMES)
      .slice(2)
      .map((name) => rating[name]),
    part,
  ];
});
await writeFile(out, `${papaparse.unparse([[...Object.values(NAMES), 'part'], ...rows], { newline: '\n' })}\n`);
console.log(`${out}: ${rows.length} ratings`);
