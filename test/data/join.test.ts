import { expect, test } from 'vitest';
import { CellErrors } from '../../src/data/cell-errors.js';
import { type InspectOptions, inspectTable } from '../../src/data/inspect.js';
import { type Join, type JoinedTable, joinEvents } from '../../src/data/join.js';
import type { Cell } from '../../src/data/table.js';
import { allCells, tableOf } from '../support/tables.js';

const personRows = Array.from({ length: 60 }, (_, at): Cell[] => [
  String(at + 100),
  20 + ((at * 7) % 50),
  at % 2 === 0 ? 'yes' : 'no',
]);
const persons = (rows = personRows, columns = ['id', 'age', 'ill']) => tableOf(columns, rows, 'persons.csv');
/** Three events of each person, the latest first. */
const visitRows = Array.from({ length: 180 }, (_, at): Cell[] => [
  String((at % 60) + 100),
  -1 - at,
  at % 2 === 0 ? 'hdl' : 'glucose',
  at % 9 === 0 ? undefined : at + 0.5,
  `note ${at} about that visit, with words`,
]);
const visits = (rows = visitRows, columns = ['id', 'days', 'test', 'value', 'note']) =>
  tableOf(columns, rows, 'visits.csv');
const join: Join = { column: 'visits', key: 'id' };
const joined = async (rows?: Cell[][], options: Partial<Join> = {}, errors?: CellErrors) =>
  joinEvents(persons(), visits(rows), { ...join, ...options }, errors);

const inspected = ({ table, sequence }: JoinedTable, options: InspectOptions) =>
  inspectTable(table, { ...options, sequences: [sequence] });

test('a row gets the events of its key in the order of time', async () => {
  const { table, sequence } = await joined();
  expect(table.columns).toEqual(['id', 'age', 'ill', 'visits']);
  const cells = await allCells(table);
  expect(cells[3].slice(0, 3)).toEqual(personRows[3]);
  expect(cells[3][3]).toEqual([
    { days: -124, test: 'glucose', value: 123.5 },
    { days: -64, test: 'glucose' },
    { days: -4, test: 'glucose', value: 3.5 },
  ]);
  expect(sequence).toMatchObject({
    settings: {
      time: { column: 'days', kind: 'number' },
      columns: [
        { column: 'test', kind: 'category' },
        { column: 'value', kind: 'number' },
      ],
    },
    ignored: [{ column: 'note', reason: expect.stringContaining('a text, which events do not have') }],
    counts: { events: 180, strayEvents: 0, rows: 60, matchedRows: 60, repeatedRows: 0 },
  });
});

test('a row gets no more events than a model may keep, and the one before', async () => {
  const many = Array.from({ length: 400 }, (_, at): Cell[] => ['100', at, 'hdl', at, '']);
  const [[, , , cell]] = await allCells((await joined([...many, ...visitRows])).table);
  expect((cell as { days: number }[]).map(({ days }) => days)).toEqual(
    Array.from({ length: 257 }, (_, at) => 143 + at),
  );
});

test('a key may have another name in each table, and be a number in one and a text in the other', async () => {
  const rows = personRows.map(([id, ...rest]) => [Number(id), ...rest]);
  const { sequence } = await joinEvents(persons(rows, ['person', 'age', 'ill']), visits(), {
    ...join,
    rowKey: 'person',
  });
  expect(sequence.counts.matchedRows).toBe(60);
});

test('the time is a column of dates, or of numbers with the name of a time, or the one that is named', async () => {
  const timeOf = async (columns: string[], cells: (at: number) => Cell[], time?: string) => {
    const rows = visitRows.map(([id], at) => [id, ...cells(at)]);
    const { sequence } = await joinEvents(persons(), visits(rows, ['id', ...columns]), { ...join, time });
    return sequence.settings.time;
  };
  const day = (at: number) => `2026-11-${String(1 + (at % 28)).padStart(2, '0')}`;
  expect(await timeOf(['days', 'seen'], (at) => [at, day(at)])).toMatchObject({ column: 'seen', kind: 'date' });
  expect(await timeOf(['value', 'week'], (at) => [at, at])).toMatchObject({ column: 'week', kind: 'number' });
  expect(await timeOf(['at', 'test'], (at) => [at, 'x'])).toMatchObject({ column: 'at', kind: 'number' });
  expect(await timeOf(['a', 'b'], (at) => [at, at], 'b')).toMatchObject({ column: 'b', kind: 'number' });
  await expect(timeOf(['a', 'b'], (at) => [at, at])).rejects.toThrow(
    "visits.csv: the times of its events may be in 'a' or 'b'; name the column by @, such as --sequence visits.csv:KEY@a",
  );
  await expect(timeOf(['test'], () => ['x'])).rejects.toThrow('no column has the times of its events');
  await expect(timeOf(['a', 'test'], (at) => [at, 'x'], 'test')).rejects.toThrow(
    "the times of events are dates or numbers, which 'test' has not",
  );
  await expect(timeOf(['days'], (at) => [at], 'day')).rejects.toThrow("did you mean 'days'");
});

test('columns that are missing or there already, and tables without a key in common, are errors', async () => {
  await expect(joined(undefined, { key: 'ide' })).rejects.toThrow(
    "visits.csv: there is no column 'ide' (did you mean 'id'?)",
  );
  await expect(joined(undefined, { rowKey: 'agee' })).rejects.toThrow(
    "persons.csv, to which visits.csv is joined: there is no column 'agee' (did you mean 'age'?)",
  );
  await expect(joined(undefined, { column: 'age' })).rejects.toThrow("persons.csv has a column 'age' already");
  const others = visitRows.map(([id, ...rest]) => [`P0${id}`, ...rest]);
  await expect(joined(others)).rejects.toThrow(
    "visits.csv and persons.csv have no key in common: 'id' of visits.csv is 'P0100', 'P0101', 'P0102', 'id' of persons.csv '100', '101', '102'",
  );
  await expect(inspected(await joined(), { target: 'visits' })).rejects.toThrow('which cannot be predicted');
});

test('cells of events that cannot be used are named by file, row and column, and left out or absent as asked', async () => {
  const bad = visitRows.map((row) => [...row]);
  bad[3][3] = 'high';
  bad[5][1] = 'soon';
  bad[7][0] = '';
  const { settings } = (await joined()).sequence;
  const stop = joined(bad, { settings });
  await expect(stop).rejects.toThrow("visits.csv, row 4, column 'value': expected a finite number, got 'high'");
  await expect(stop).rejects.toThrow("visits.csv, row 6, column 'days': expected a finite number, got 'soon'");
  await expect(stop).rejects.toThrow("visits.csv, row 8, column 'id': it is absent; every event has a key");
  const eventsOf = async (onError: 'skip' | 'missing', row: number) => {
    const { table } = await joined(bad, { settings }, new CellErrors(onError));
    return (await allCells(table))[row][3] as unknown[];
  };
  expect(await eventsOf('missing', 3)).toHaveLength(3);
  expect(await eventsOf('skip', 3)).toHaveLength(2);
  for (const row of [5, 7]) expect(await eventsOf('missing', row)).toHaveLength(2);
});

test('the key is not read, and the schema knows the events', async () => {
  const { schema, reasons, warnings } = await inspected(await joined(), { target: 'ill' });
  expect(schema.fields.map(({ column, kind }) => [column, kind])).toEqual([
    ['age', 'number'],
    ['visits', 'sequence'],
  ]);
  expect(reasons.get('id')).toBe('visits.csv is joined by it');
  expect(reasons.get('visits')).toMatch(
    /^180 events of visits.csv by 'id', of 60 rows; time 'days' \(number\); with test \(category\), value \(number\); ignored are note/,
  );
  expect(warnings.filter(({ column }) => column === 'visits')).toEqual([]);
  const numbered = await inspected(await joined(), { target: 'ill', overrides: { number: ['id'] } });
  expect(numbered.schema.fields.map(({ column }) => column)).toContain('id');
});

test('few matches, and keys of several rows, are warnings', async () => {
  const warningsOf = async (rows: Cell[][], options: InspectOptions = {}) => {
    const { warnings } = await inspected(await joinEvents(persons(rows), visits(), join), {
      target: 'ill',
      ...options,
    });
    return warnings.filter(({ column }) => column === 'visits').map(({ code, message }) => [code, message]);
  };
  const strange = personRows.map(([id, ...rest], at) => [at % 3 === 0 ? id : `x${at}`, ...rest]);
  expect(await warningsOf(strange)).toEqual(
    expect.arrayContaining([
      [
        'few matches',
        "20 of 60 rows have events: the 'id' of visits.csv is rarely a 'id'; 120 of 180 events are of no row",
      ],
    ]),
  );
  const repeated = personRows.map(([, ...rest], at) => [String(100 + (at % 50)), ...rest]);
  expect(await warningsOf(repeated)).toEqual([
    ['repeated keys', expect.stringContaining("10 rows have the 'id' of an earlier one, and so its events")],
  ]);
  const table = visits(undefined, ['id', 'days', 'ill', 'value', 'note']);
  const { warnings } = await inspected(await joinEvents(persons(), table, join), { target: 'ill' });
  expect(warnings.find(({ column }) => column === 'visits')?.message).toContain(
    "visits.csv has a column 'ill', as the",
  );
  const fractions = { train: 0.8, validation: 0.1, test: 0.1 };
  expect(await warningsOf(repeated, { split: { by: 'group', column: 'id', fractions, seed: 0 } })).toEqual([]);
});
