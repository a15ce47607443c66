import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { inspectTable } from '../../src/data/inspect.js';
import { decodeSound, openTable } from '../../src/data/node/index.js';
import { prepareData } from '../../src/predictor/data.js';
import type { Predictor } from '../../src/predictor/node/index.js';
import { inEmptyFolder, run } from '../support/command-line.js';
import { predictorOf } from '../support/predictor.js';
import { toneOf, wavOf } from '../support/sounds.js';

inEmptyFolder();

const RATE = 8000;
let predictor: Predictor;

/** A run that transcribes sounds, whose model has its initial values. */
beforeAll(async () => {
  const lines = Array.from({ length: 12 }, (_, row) => {
    writeFileSync(`${row}.wav`, wavOf(toneOf({ hertz: 400 + 50 * row, seconds: 0.4, sampleRate: RATE }), RATE));
    return `${row}.wav,${row % 2 ? 'low high' : 'high low low'}`;
  });
  writeFileSync('tones.csv', `${['clip,said', ...lines].join('\n')}\n`);
  const table = await openTable('tones.csv');
  const { schema } = await inspectTable(table, { target: 'said', overrides: { text: ['said'] } });
  const parts = Uint8Array.from({ length: 12 }, (_, row) => row % 3);
  predictor = await predictorOf(
    'run',
    (await prepareData(table, schema, parts, { onError: 'stop', decodeSound })).schema,
  );
});

const SAID = /^(?:(?:low|high)(?: (?:low|high))*)?$/;

test('predicts the transcript of one sound', async () => {
  const { code, out, err } = await run('predict', 'run', '--clip', '0.wav');
  expect(code, err).toBe(0);
  expect(out).toMatch(/^said: .*$/m);
  expect(/^said: (.*)$/m.exec(out)?.[1]).toMatch(SAID);
});

test('writes the transcripts of a table, which have no probabilities', async () => {
  const { code, err } = await run('predict', 'run', 'tones.csv', '--out', 'said.csv');
  expect(code, err).toBe(0);
  const [head, ...lines] = readFileSync('said.csv', 'utf8').trim().split('\n');
  expect(head).toBe('file,row,clip,said,predicted said');
  expect(lines).toHaveLength(12);
});

test('evaluates the words and characters of transcripts', async () => {
  const { code, out, err } = await run('evaluate', 'run', 'tones.csv', '--json');
  expect(code, err).toBe(0);
  const { task, metrics } = JSON.parse(out);
  expect(task).toBe('transcription');
  expect(Object.keys(metrics)).toEqual(['wordErrorRate', 'characterErrorRate', 'exact']);
});

test('explains the probability of the transcript', async () => {
  const { answer, of, fields } = await predictor.explain({ clip: '0.wav' });
  expect(answer).toEqual(await predictor.predict({ clip: '0.wav' }));
  expect(of).toBe(answer.prediction);
  expect(fields.map(({ column }) => column)).toEqual(['clip']);
  const [{ effect, without, parts }] = fields;
  expect(Math.abs(effect)).toBeGreaterThan(0);
  expect(Math.abs(effect)).toBeLessThanOrEqual(1);
  expect(without.prediction).toMatch(SAID);
  expect(parts?.effects).toHaveLength(16);
  expect(parts?.effects.every((own) => Number.isFinite(own))).toBe(true);
});
