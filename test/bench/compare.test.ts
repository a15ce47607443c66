import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { Row } from '../../bench/measure.js';
import { changeCells, compare, readRows } from '../../bench/report/compare.js';

const row = (name: string, milliseconds: number, spread: number, engine = 'naive'): Row => ({
  case: name,
  engine,
  adapter: 'an adapter, software',
  milliseconds,
  quartiles: [milliseconds - spread, milliseconds + spread],
});

test('a change is one beyond what the quartiles leave open', () => {
  const before = [row('a', 10, 1), row('b', 10, 1), row('c', 10, 1), row('gone', 1, 0.1)];
  const after = [row('new', 1, 0.1), row('c', 10.5, 1), row('b', 20, 1), row('a', 5, 0.5), row('a', 5, 0.5, 'tiled')];
  const changes = compare(before, after);
  expect(changes.map((change) => [change.case, change.verdict])).toEqual([
    ['a', 'faster'],
    ['b', 'slower'],
    ['c', 'within noise'],
    ['gone', 'only before'],
    ['new', 'only after'],
    ['a', 'only after'],
  ]);
  expect(changes[0].ratio).toBeCloseTo(0.5);
  expect(changes[0].interval![0]).toBeCloseTo(4.5 / 11);
  expect(changes[0].interval![1]).toBeCloseTo(5.5 / 9);
  const { rows } = changeCells(changes);
  expect(rows[0]).toEqual(['a', 'naive', '10.0', '5.00', '0.50', '0.41 - 0.61', 'faster', 'an adapter, software']);
  expect(rows[4].slice(2, 6)).toEqual(['', '1.00', '', '']);
});

const folder = mkdtempSync(path.join(os.tmpdir(), 'tessera-bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a file of rows is read back', async () => {
  const file = path.join(folder, 'rows.json');
  writeFileSync(file, JSON.stringify([row('a', 10, 1)]));
  expect(await readRows(file)).toEqual([row('a', 10, 1)]);
  writeFileSync(file, JSON.stringify({ adapter: 'an adapter', roofs: { flops: 1 }, rows: [row('a', 10, 1)] }));
  expect(await readRows(file)).toEqual([row('a', 10, 1)]);
});

const results = fileURLToPath(new URL('../../bench/results/', import.meta.url));
test.each(readdirSync(results))('%s, which is kept, is readable', async (name) => {
  expect((await readRows(path.join(results, name))).length).toBeGreaterThan(0);
});

test.each([
  ['half', '[{"case": "a"', 'is not JSON'],
  ['an object', '{}', 'holds no list of rows'],
  ['nothing', 'null', 'holds no list of rows'],
  ['an object of an object', '{"rows": {}}', 'holds no list of rows'],
  ['a number among rows', JSON.stringify([row('a', 1, 0), 3]), 'row 1: expected case, engine, adapter'],
  ['a time of 0', JSON.stringify([row('a', 0, 0)]), 'row 0: expected'],
  ['one quartile', JSON.stringify([{ ...row('a', 1, 0), quartiles: [1] }]), 'row 0: expected'],
])('%s is refused with what was expected', async (name, text, message) => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  await expect(readRows(file)).rejects.toThrow(message);
});

test('a missing file is an error', async () => {
  await expect(readRows(path.join(folder, 'none'))).rejects.toThrow('there is no such file');
});
