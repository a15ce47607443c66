import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import papaparse from 'papaparse';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tableStatistics } from '../../../src/data/columns.js';
import { inferKind } from '../../../src/data/infer.js';
import { decodeImage, emojiData, writeEmojiTable } from '../../../src/data/node/index.js';
import { columnOf } from '../../support/tables.js';

const folder = mkdtempSync(path.join(tmpdir(), 'emoji-'));
afterAll(() => rmSync(folder, { recursive: true }));
const few = { pixels: 8, vendors: ['twemoji'], seed: 3 } as const;
let written: Awaited<ReturnType<typeof writeEmojiTable>>;
beforeAll(async () => {
  written = await writeEmojiTable(folder, few);
});

test('the table has the rows of emojiData, with its labels and its test split, and validation rows beside', async () => {
  const { file, rows } = written;
  const { data } = papaparse.parse<Record<string, string>>(readFileSync(file, 'utf8').trim(), { header: true });
  expect(Object.keys(data[0])).toEqual(['emoji', 'vendor', 'image', 'text', 'label', 'split']);
  expect(data.length).toBe(rows);
  const emoji = await emojiData(few);
  const part = (name: string) => data.filter(({ split }) => split === name);
  expect(part('test').map((row) => row.emoji)).toEqual(emoji.testNames);
  expect(part('test').map(({ label }) => emoji.classes.indexOf(label))).toEqual([...emoji.test.labels]);
  expect(part('train').length + part('validation').length).toBe(emoji.train.labels.length);
  expect(part('validation').length / emoji.train.labels.length).toBeCloseTo(0.125, 2);
  expect((await decodeImage(readFileSync(path.join(folder, data[0].image)), [8, 8, 3])).length).toBe(8 * 8 * 3);
});

test('names are found to be texts, of one vendor and of several', async () => {
  const { data } = papaparse.parse<{ text: string }>(readFileSync(written.file, 'utf8').trim(), { header: true });
  const texts = data.map(({ text }) => text);
  for (const vendors of [1, 3]) {
    const { columns } = await tableStatistics(columnOf('text', Array(vendors).fill(texts).flat()));
    expect(inferKind(columns[0]).kind).toBe('text');
  }
});

test('stopped, it leaves no table', async () => {
  const stopped = path.join(folder, 'stopped');
  const controller = new AbortController();
  const options = { ...few, signal: controller.signal, onProgress: () => controller.abort() };
  await expect(writeEmojiTable(stopped, options)).rejects.toThrow('abort');
  expect(existsSync(path.join(stopped, 'emoji.csv'))).toBe(false);
});

test.each([
  [{ pixel: 8 }, "writeEmojiTable: there is no option 'pixel' (did you mean 'pixels'?)"],
  [{ vendors: ['apple'] }, 'writeEmojiTable: vendors must be an array of twemoji, noto, fluent-emoji-flat, openmoji'],
])('refuses %j', async (options, message) => {
  await expect(writeEmojiTable(folder, options as never)).rejects.toThrow(message);
});
