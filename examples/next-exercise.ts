/*
 * Suggests the next exercise for a student: the one that he or she will solve with a probability nearest to 70%, hard
 * enough to learn from and easy enough to succeed (Wilson et al. 2019 find about 85% best for learning by trial and
 * error; the share is an argument).
 *
 *   npx tsx examples/data/exam.ts mathexam.csv exam.csv
 *   npx tessera train exam.csv --target solved --split part --category student
 *   npx tsx examples/next-exercise.ts runs/exam-seed0 --student s12 --done quad,deriv
 */
import { Command } from 'commander';
import type { CategoryState } from '../src/data/fields/category.js';
import { Predictor } from '../src/predictor/node/index.js';
import { openDevice, setDefaultDevice } from '../src/tensor/index.js';

const command = new Command('next-exercise')
  .argument('<run>', 'the folder of a run on a table of examples/data/exam.ts')
  .requiredOption('--student <name>', 'the student, as the table names it')
  .option('--done <names>', 'exercises that are done, separated by commas', (text) => text.split(','), [])
  .option('--share <number>', 'the probability of success that is aimed at', Number, 0.7)
  .parse();
const { student, done, share } = command.opts<{ student: string; done: string[]; share: number }>();

const device = await openDevice();
setDefaultDevice(device);
const predictor = await Predictor.load(command.args[0]);
const state = predictor.schema.fields.find(({ column }) => column === 'exercise')?.state as CategoryState | undefined;
if (state === undefined) throw new Error(`${command.args[0]} is no run on exam answers: it has no column 'exercise'`);
const exercises = state.values.filter((exercise) => !done.includes(exercise));
const answers = await predictor.predictAll(exercises.map((exercise) => ({ student, exercise })));
const chances = exercises.map((exercise, at) => ({ exercise, chance: answers[at].probabilities?.solved ?? 0 }));
chances.sort((a, b) => Math.abs(a.chance - share) - Math.abs(b.chance - share));
for (const { exercise, chance } of chances) console.log(`${(100 * chance).toFixed(0).padStart(3)}%  ${exercise}`);
console.log(`next: ${chances[0].exercise}`);
setDefaultDevice(undefined);
device.close();
