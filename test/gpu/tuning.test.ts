import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { type Choices, decodeTuning, encodeTuning } from '../../src/gpu/tuning.js';
import { readTuning, tuningFile } from '../../src/gpu/webgpu.node.tuning.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'tessera-tuning-'));
const before = process.env.TESSERA_TUNING;
afterEach(() => {
  process.env.TESSERA_TUNING = before;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const choices: Choices = new Map([
  ['matmul m=8', 'tiled'],
  ['__proto__', 'direct'],
]);

let places = 0;
/** An adapter of its own for each test: a file is warned of once. */
const newFingerprint = () => ({
  vendor: 'maker',
  architecture: 'kind',
  device: `device ${places++}`,
  driver: 'driver 1.2',
  tessera: '1.0.0',
  webgpu: '2.0.0',
});

/** What reading a file gives, and what is said of it. */
async function read(fingerprint: ReturnType<typeof newFingerprint>) {
  const warnings: string[] = [];
  const listen = (warning: Error) => warnings.push(warning.message);
  process.on('warning', listen);
  const found = await readTuning(fingerprint);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', listen);
  return { found: [...found], warnings };
}

test('choices are read as they were written, without a word', async () => {
  process.env.TESSERA_TUNING = folder;
  const fingerprint = newFingerprint();
  writeFileSync(tuningFile(fingerprint)!, encodeTuning(fingerprint, choices));
  expect(await read(fingerprint)).toEqual({ found: [...choices], warnings: [] });
});

test('where nothing was measured, nothing is said', async () => {
  process.env.TESSERA_TUNING = folder;
  expect(await read(newFingerprint())).toEqual({ found: [], warnings: [] });
  process.env.TESSERA_TUNING = path.join(folder, 'not there');
  expect(await read(newFingerprint())).toEqual({ found: [], warnings: [] });
});

test("TESSERA_TUNING=off uses and keeps nothing; without it the user's cache does", () => {
  process.env.TESSERA_TUNING = 'off';
  expect(tuningFile(newFingerprint())).toBeUndefined();
  delete process.env.TESSERA_TUNING;
  expect(path.isAbsolute(tuningFile(newFingerprint())!)).toBe(true);
});

const text = (changes: object) => JSON.stringify({ fingerprint: newFingerprint(), choices: {}, ...changes });
test.each<[string, string, string]>([
  ['no JSON', '{ "fingerprint": ', 'it is not valid JSON'],
  ['empty', '', 'it is not valid JSON'],
  ['a list', '[]', 'expected { fingerprint'],
  ['null', 'null', 'expected { fingerprint'],
  ['without choices', text({ choices: undefined }), 'expected { fingerprint'],
  ['with a list of choices', text({ choices: ['tiled'] }), 'expected { fingerprint'],
  ['with a number for a choice', text({ choices: { 'matmul m=8': 3 } }), 'expected { fingerprint'],
  [
    'of a time when choices had a digest',
    text({ choices: { 'matmul m=8': { '0a1b2c3d': 'tiled' } } }),
    '{ key: variant',
  ],
  ['without a fingerprint', text({ fingerprint: undefined }), 'expected { fingerprint'],
  ['too large', `${text({})}${' '.repeat(2 ** 20)}`, 'expected at most 1048576'],
])('a file that is %s is ignored with one warning', async (_, content, message) => {
  process.env.TESSERA_TUNING = folder;
  const fingerprint = newFingerprint();
  writeFileSync(tuningFile(fingerprint)!, content);
  expect(await read(fingerprint)).toEqual({ found: [], warnings: [expect.stringContaining(message)] });
  expect(await read(fingerprint)).toEqual({ found: [], warnings: [] });
});

test('a folder in its place is ignored with a warning', async () => {
  process.env.TESSERA_TUNING = folder;
  const fingerprint = newFingerprint();
  mkdirSync(tuningFile(fingerprint)!);
  expect(await read(fingerprint)).toEqual({ found: [], warnings: [expect.stringContaining('not a file')] });
});

test.each(['vendor', 'device', 'driver', 'tessera', 'webgpu'])('measurements with another %s are not used', (name) => {
  const fingerprint = newFingerprint();
  const kept = encodeTuning({ ...fingerprint, [name]: 'other' }, choices);
  expect(() => decodeTuning(kept, fingerprint)).toThrow(`it was measured with ${name} "other"`);
  const { [name as 'vendor']: _, ...lacking } = fingerprint;
  expect(() => decodeTuning(encodeTuning(lacking, choices), fingerprint)).toThrow(name);
  expect(() => decodeTuning(encodeTuning({ ...fingerprint, more: 'x' }, choices), fingerprint)).toThrow('more');
});
