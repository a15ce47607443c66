import { afterEach, expect, test, vi } from 'vitest';
import { shownTable } from '../../src/cli/reading.js';
import { Terminal } from '../../src/cli/terminal.js';
import { tableOf } from '../../src/data/rows.js';
import type { Table } from '../../src/data/table.js';

const terminal = new Terminal(false);
const lines: string[] = [];
vi.spyOn(terminal, 'note').mockImplementation((line) => void lines.push(line));
let seconds = 0;
vi.spyOn(performance, 'now').mockImplementation(() => seconds * 1000);
afterEach(() => {
  lines.length = 0;
});

test('progress prints a line for every tenth, and one at least every 30 seconds', () => {
  const progress = terminal.progress(100, 'training');
  for (let done = 1; done <= 25; done++) {
    seconds += done > 12 ? 20 : 1;
    progress.update(done, 'loss 1');
  }
  expect(lines.slice(0, 3)).toEqual([
    'training 1/100 loss 1',
    'training 11/100 loss 1, 89 s left',
    'training 14/100 loss 1, 6 min left',
  ]);
  expect(lines.at(-1)).toBe('training 24/100 loss 1, 14 min left');
});

test('on a terminal a bar shows the time left once it is known', () => {
  const { isTTY } = process.stderr;
  let shown = '';
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    shown += text;
    return true;
  });
  process.stderr.isTTY = true;
  const progress = terminal.progress(2, 'measuring');
  progress.update(0, '');
  progress.update(2, 'loss 1');
  progress.stop();
  process.stderr.isTTY = isTTY;
  write.mockRestore();
  expect(shown).toContain('0/2');
  expect(shown).toContain('2/2 loss 1');
  expect(shown).not.toContain('left');
});

test('progress of unknown length prints a line every 30 seconds', () => {
  const progress = terminal.progress(undefined, 'reading');
  for (let done = 1; done <= 70; done++) {
    seconds++;
    progress.update(done, 'rows');
  }
  expect(lines).toEqual(['reading 1 rows', 'reading 31 rows', 'reading 61 rows']);
});

const table = await tableOf(Array.from({ length: 3000 }, (_, row) => ({ row })));

async function read(shown: Table, secondsPerChunk: number): Promise<number> {
  let rows = 0;
  for await (const chunk of shown.rows()) {
    seconds += secondsPerChunk;
    rows += chunk.length;
  }
  return rows;
}

test('a table that takes long to read shows its progress', async () => {
  const { name, columns } = table;
  const unsized: Table = {
    name,
    columns,
    rows: () => table.rows(),
    readFile: (path) => table.readFile(path, { file: '' }),
  };
  const shown = shownTable(unsized, terminal, new AbortController().signal);
  expect(await read(shown, 0.1)).toBe(3000);
  expect(lines).toEqual([]);
  expect(await read(shown, 3)).toBe(3000);
  expect(lines[0]).toBe(`reading ${name} 1000/3000 rows`);
});

test('a table is not read on once its signal is aborted', async () => {
  const controller = new AbortController();
  const reason = new Error('stopped');
  controller.abort(reason);
  await expect(read(shownTable(table, terminal, controller.signal), 1)).rejects.toBe(reason);
});
