import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { Predictor } from '../../src/predictor/node/index.js';
import { Generator } from '../../src/tensor/generator.js';
import { type Ended, inEmptyFolder, interruptAt, run, start } from '../support/command-line.js';

inEmptyFolder();

const PERSONS = 120;

/** Persons, and their visits, of which the value of a test rises or falls. */
function writeTables(): void {
  const generator = new Generator(5);
  const persons = ['person,age,trend'];
  const visits = ['person,days,test,value'];
  for (let person = 0; person < PERSONS; person++) {
    const rises = generator.integer(2);
    persons.push(`P${person},${20 + generator.integer(60)},${['falls', 'rises'][rises]}`);
    for (let at = 1; at <= 3 + generator.integer(4); at++)
      visits.push(
        `P${person},${-10 * at},${['hdl', 'ldl'][at % 2]},${50 + (rises ? -6 : 6) * at + generator.integer(3)}`,
      );
  }
  writeFileSync('persons.csv', `${persons.join('\n')}\n`);
  writeFileSync('visits.csv', `${visits.join('\n')}\n`);
}

const fast = ['--width', '16', '--batch', '16', '--epochs', '6', '--learning-rate', '0.02'];
const join = ['--sequence', 'visits.csv:person'];
const RUN = 'runs/persons-seed0';

let trained: Ended;
beforeAll(async () => {
  writeTables();
  trained = await run('train', 'persons.csv', '--target', 'trend', ...join, ...fast, '--json');
});

test('inspect says what the events are', async () => {
  const { code, out, err } = await run('inspect', 'persons.csv', '--target', 'trend', ...join);
  expect(code, err).toBe(0);
  expect(out.replace(/\s+/g, ' ')).toContain(
    "events of visits.csv by 'person', of 120 rows; time 'days' (number); with test (category), value (number)",
  );
});

test('trains on events, and keeps how they are joined', () => {
  expect(trained.code, trained.err).toBe(0);
  const result = JSON.parse(trained.out);
  expect(result.metrics.test.accuracy).toBeGreaterThan(0.8);
  expect(result.contributions.fields.map(({ name }: { name: string }) => name)).toEqual(['age', 'visits']);
  expect(JSON.parse(readFileSync(`${RUN}/config.json`, 'utf8')).table.sequences).toEqual([
    { file: 'visits.csv', key: 'person', column: 'visits' },
  ]);
  expect(readFileSync(`${RUN}/report.html`, 'utf8')).toMatch(
    /\d\.\d+ events a row, of days, test, value; the latest 8/,
  );
});

test('predicts and evaluates with the events of another table, and says what is missing', async () => {
  const evaluated = await run('evaluate', RUN, 'persons.csv', ...join, '--json');
  expect(evaluated.code, evaluated.err).toBe(0);
  expect(JSON.parse(evaluated.out).metrics.accuracy).toBeGreaterThan(0.8);

  // A file of another name, another column of keys, and fewer events.
  writeFileSync('new.csv', 'age,who\n30,1\n40,2\n');
  writeFileSync('more-visits.csv', 'test,value,days,patient\nhdl,80,-5,1\nhdl,20,-30,1\nhdl,20,-1,2\n');
  const predicted = await run('predict', RUN, 'new.csv', '--sequence', 'more-visits.csv:patient=who', '--json');
  expect(predicted.code, predicted.err).toBe(0);
  expect(JSON.parse(predicted.out).predictions).toMatchObject([{ cells: { who: '1' } }, { cells: { who: '2' } }]);

  writeFileSync('most.csv', `age,who\n30,1\n${'40,9\n'.repeat(3)}`);
  const few = await run('predict', RUN, 'most.csv', '--sequence', 'more-visits.csv:patient=who');
  expect(few.err).toContain('warning: 1 of 4 rows have events');
  const timed = await run('predict', RUN, 'new.csv', '--sequence', 'more-visits.csv:patient=who@value');
  expect(timed.err).toContain("the run has the times of 'visits' in the column 'days', got @value");

  const missing = await run('predict', RUN, 'new.csv');
  expect(missing.err).toContain(
    "new.csv: the model reads 'visits', the events of visits.csv, joined by 'person'; give those of this table: --sequence FILE:person",
  );
  const wrong = await run('evaluate', RUN, 'persons.csv', '--sequence', 'more-visits.csv:patient=person');
  expect(wrong.err).toContain('have no key in common');
  const none = await run('predict', RUN, 'new.csv', '--sequence', 'visit.csv:person');
  expect(none.err).toContain('visit.csv');
  expect([missing.code, wrong.code, none.code]).toEqual([1, 1, 1]);
});

test('one row has its events as JSON, and in code as a list', async () => {
  const visits = [
    { days: -20, test: 'hdl', value: 20 },
    { days: -10, test: 'hdl', value: 70 },
  ];
  const { code, out, err } = await run('predict', RUN, '--age', '50', '--visits', JSON.stringify(visits), '--json');
  expect(code, err).toBe(0);
  const predictor = await Predictor.load(RUN);
  const { probabilities } = await predictor.predict({ age: 50, visits });
  expect(probabilities?.rises).toBeCloseTo(JSON.parse(out).probabilities.rises, 5);
  await expect(predictor.predict({ visits: [{ days: -3, vlue: 3 }] })).rejects.toThrow(
    "predict, row 1, column 'visits': event 1: there is no column 'vlue' (did you mean 'value'?); there are days, test, value",
  );
});

test('a schema keeps what the events are, and says where they are missing', async () => {
  const inspected = await run('inspect', 'persons.csv', '--target', 'trend', ...join, '--out', 'schema.json');
  expect(inspected.code, inspected.err).toBe(0);
  const schema = JSON.parse(readFileSync('schema.json', 'utf8'));
  schema.fields[1].settings.maximumLength = 4;
  writeFileSync('schema.json', JSON.stringify(schema));
  const again = await run('inspect', 'persons.csv', '--schema', 'schema.json', ...join, '--json');
  expect(JSON.parse(again.out).schema.fields[1]).toEqual(schema.fields[1]);
  const without = await run('inspect', 'persons.csv', '--schema', 'schema.json');
  expect([without.code, without.err]).toEqual([
    1,
    expect.stringContaining("'visits' has events of another table; join it: --sequence visits.csv:KEY"),
  ]);
});

test('a stopped run continues with its events', async () => {
  const out = ['--out', 'runs/stopped'];
  const train = ['train', 'persons.csv', '--target', 'trend', ...join, ...fast, ...out];
  const stopped = await start(train, interruptAt(/^epoch 2:/m));
  expect(stopped.code, stopped.err).toBe(130);
  const resumed = await run('train', '--resume', 'runs/stopped', '--json');
  expect(resumed.code, resumed.err).toBe(0);
  expect(JSON.parse(resumed.out).metrics).toEqual(JSON.parse(trained.out).metrics);
});

test('a flag that names no file and key is refused', async () => {
  for (const flag of ['visits.csv', 'visits.csv:', ':person']) {
    const { code, err } = await run('inspect', 'persons.csv', '--sequence', flag);
    expect([code, err]).toEqual([2, expect.stringContaining('expected a file and its column of keys')]);
  }
  const twice = await run('inspect', 'persons.csv', ...join, '--sequence', 'other/visits.csv:person');
  expect([twice.code, twice.err]).toEqual([2, expect.stringContaining("'visits' is given twice")]);
  const unknown = await run('inspect', 'persons.csv', '--sequence', 'visits.csv:persn');
  expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining("did you mean 'person'")]);
});
