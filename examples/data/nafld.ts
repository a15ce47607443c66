/*
 * Makes tables of persons, their measurements and their diagnoses from the data nafld1, nafld2 and nafld3 of R's package
 * survival (GPL-2; Allen, Therneau et al. 2018), as CSV: who of them dies within some years?
 *
 *   npx tsx examples/data/nafld.ts nafld1.csv nafld2.csv nafld3.csv nafld
 *   npx tessera train nafld/persons.csv --target died --split part \
 *     --sequence nafld/measurements.csv:person --sequence nafld/diagnoses.csv:person
 *
 * Rows are persons, at their index date, day 0. Measurements and diagnoses of later days are left out, as they are not
 * known then, and so are persons who were alive when they were last seen, earlier than those years: what became of them
 * is not known. The set of matched persons (case.id) is left out too. One person is in one part.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import papaparse from 'papaparse';
import { openTable, writeFileAtomically } from '../../src/data/node/index.js';
import { Generator } from '../../src/tensor/index.js';

const DAYS_OF_YEAR = 365.25;
const SHARES = { train: 0.7, validation: 0.15 };

const command = new Command('nafld')
  .description('makes tables of persons, and of what was measured and diagnosed before their index date')
  .argument('<persons>', 'nafld1 as CSV, also packed by gzip')
  .argument('<measurements>', 'nafld2')
  .argument('<diagnoses>', 'nafld3')
  .argument('<out>', 'the folder to write: persons.csv, measurements.csv and diagnoses.csv')
  .option('--years <years>', 'who dies within so many years is predicted', Number, 5)
  .option('--seed <seed>', 'the seed of the split', Number, 0)
  .parse();
const [persons, measurements, diagnoses, out] = command.args;
const { years, seed } = command.opts<{ years: number; seed: number }>();
if (!(years > 0)) throw new Error(`--years: expected a number above 0, got ${years}`);
const last = years * DAYS_OF_YEAR;

/** The rows of a file, by the names of their columns. */
async function* rowsOf(file: string, columns: readonly string[]): AsyncGenerator<Record<string, string>> {
  const table = await openTable(file);
  const missing = columns.find((name) => !table.columns.includes(name));
  if (missing !== undefined)
    throw new Error(`${file}: expected a column '${missing}', got ${table.columns.join(', ')}`);
  for await (const rows of table.rows())
    for (const { cells } of rows)
      yield Object.fromEntries(table.columns.map((name, at) => [name, String(cells[at] ?? '')]));
}

async function write(name: string, head: readonly string[], rows: readonly (readonly string[])[]): Promise<void> {
  const csv = papaparse.unparse([head, ...rows], { newline: '\n' });
  await writeFileAtomically(path.join(out, name), `${csv}\n`);
}

/** Writes the events of the persons up to day 0, and returns how many there are. */
async function writeEvents(name: string, file: string, columns: readonly string[]): Promise<number> {
  const events: string[][] = [];
  for await (const row of rowsOf(file, ['id', 'days', ...columns]))
    if (parts.has(row.id) && Number(row.days) <= 0) events.push([row.id, row.days, ...columns.map((one) => row[one])]);
  await write(name, ['person', 'days', ...columns], events);
  return events.length;
}

await mkdir(out, { recursive: true });
const known: string[][] = [];
const parts = new Map<string, string>();
const generator = new Generator(seed);
let [deaths, lost] = [0, 0];
for await (const row of rowsOf(persons, ['id', 'age', 'male', 'weight', 'height', 'bmi', 'futime', 'status'])) {
  const died = row.status === '1' && Number(row.futime) <= last;
  if (!died && Number(row.futime) < last) {
    lost++;
    continue;
  }
  deaths += Number(died);
  const drawn = generator.uniform();
  const part = drawn < SHARES.train ? 'train' : drawn < SHARES.train + SHARES.validation ? 'validation' : 'test';
  parts.set(row.id, part);
  known.push([row.id, row.age, row.male, row.weight, row.height, row.bmi, died ? 'yes' : 'no', part]);
}
await write('persons.csv', ['person', 'age', 'male', 'weight', 'height', 'bmi', 'died', 'part'], known);
const counts = [
  await writeEvents('measurements.csv', measurements, ['test', 'value']),
  await writeEvents('diagnoses.csv', diagnoses, ['event']),
];
console.log(
  `${out}: ${known.length} persons, of whom ${deaths} died within ${years} years; ${lost} left out, whose follow-up is shorter; ${counts[0]} measurements and ${counts[1]} diagnoses before day 0`,
);
