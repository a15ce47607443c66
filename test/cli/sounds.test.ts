import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { Predictor } from '../../src/predictor/node/index.js';
import { Generator } from '../../src/tensor/generator.js';
import { type Ended, inEmptyFolder, run } from '../support/command-line.js';
import { toneOf, wavOf } from '../support/sounds.js';

inEmptyFolder();

const PITCHES = { low: 300, middle: 900, high: 2400 };
const RATE = 8000;
const ROWS = 120;
const toneAt = (hertz: number, seconds: number, phase = 0) => toneOf({ hertz, seconds, sampleRate: RATE, phase });

/** Tones of three pitches, of differing lengths and a little out of tune; every tenth row has none. */
function writeTones(): void {
  const generator = new Generator(5);
  const names = Object.keys(PITCHES) as (keyof typeof PITCHES)[];
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const name = names[row % 3];
    const hertz = PITCHES[name] * (0.95 + 0.1 * generator.uniform());
    const wav = wavOf(toneAt(hertz, 0.1 + 0.1 * generator.uniform(), 6 * generator.uniform()), RATE);
    writeFileSync(`${row}.wav`, wav);
    return `${row % 10 === 9 ? '' : `${row}.wav`},${row % 7},${name}`;
  });
  writeFileSync('tones.csv', `${['clip,number,pitch', ...lines].join('\n')}\n`);
}

const small = ['--target', 'pitch', '--width', '8', '--batch', '16', '--learning-rate', '0.02', '--seed', '1'];
const train = (table: string, ...flags: string[]) => run('train', table, ...small, '--json', ...flags);

let trained: Ended;
beforeAll(async () => {
  writeTones();
  trained = await train('tones.csv', '--ignore', 'number', '--epochs', '6');
});

test('trains on sounds, and reports', () => {
  expect(trained.code, trained.err).toBe(0);
  expect(trained.err).toContain('fields: clip (sound); target: pitch');
  const { metrics, baselines, fields } = JSON.parse(trained.out);
  expect(fields).toMatchObject([{ name: 'clip', kind: 'sound' }]);
  expect(metrics.test.accuracy).toBeGreaterThan(0.7);
  expect(baselines.linear.accuracy).toBeGreaterThan(0.7);
  const page = readFileSync('runs/tones-seed1/report.html', 'utf8');
  expect(page).toContain('</html>');
  expect(page).toContain('clip');
  const { fields: state } = JSON.parse(readFileSync('runs/tones-seed1/schema.json', 'utf8'));
  expect(state).toMatchObject([{ column: 'clip', kind: 'sound', state: { sampleRate: RATE } }]);
});

test.each(['crnn', 'wave', 'transformer'])('trains the encoder %s', async (encoder) => {
  const { code, out, err } = await train(
    'tones.csv',
    '--encoder',
    `clip=${encoder}`,
    '--epochs',
    '1',
    '--out',
    encoder,
  );
  expect(code, err).toBe(0);
  expect(JSON.parse(out).fields).toMatchObject([{ name: 'clip' }, { name: 'number' }]);
  expect(JSON.parse(readFileSync(`${encoder}/config.json`, 'utf8')).model.encoders).toEqual({ clip: encoder });
  const predicted = await run('predict', encoder, '--clip', '0.wav', '--json');
  expect(Object.keys(JSON.parse(predicted.out).probabilities), predicted.err).toEqual(['low', 'middle', 'high'].sort());
});

test('predicts a sound by its file, and a table of them', async () => {
  writeFileSync('new.wav', wavOf(toneAt(2300, 0.15), RATE));
  const { code, out, err } = await run('predict', 'runs/tones-seed1', '--clip', 'new.wav', '--json');
  expect(code, err).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ target: 'pitch', row: { clip: 'new.wav' }, prediction: 'high' });
  const table = await run('predict', 'runs/tones-seed1', 'tones.csv', '--out', 'predicted.csv');
  expect(table.code, table.err).toBe(0);
  const lines = readFileSync('predicted.csv', 'utf8').trim().split('\n');
  expect(lines).toHaveLength(ROWS + 1);
  expect(lines[0]).toContain('clip');
  const evaluated = await run('evaluate', 'runs/tones-seed1', 'tones.csv', '--json');
  expect(JSON.parse(evaluated.out).metrics.accuracy, evaluated.err).toBeGreaterThan(0.7);
});

test('a Predictor takes the bytes or the path of a sound, and none', async () => {
  const predictor = await Predictor.load('runs/tones-seed1');
  const bytes = wavOf(toneAt(300, 0.2), RATE);
  writeFileSync('low.wav', bytes);
  const answers = await predictor.predictAll([{ clip: bytes }, { clip: 'low.wav' }, {}]);
  expect(answers.map(({ prediction }) => prediction).slice(0, 2)).toEqual(['low', 'low']);
  expect(answers[1].probability).toBeCloseTo(answers[0].probability ?? Number.NaN, 6);
  const settled = await Promise.allSettled(
    [{ clip: Uint8Array.of(1, 2) }, { clip: 'none.wav' }, { clip: bytes }].map((row) => predictor.predict(row)),
  );
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  expect(settled[0]).toMatchObject({
    reason: { message: expect.stringMatching(/column 'clip': cannot decode 'sound'/) },
  });
});

const NONE = new Float32Array();
/** Files that are no sound that can be used, and why. */
const BAD: Readonly<Record<string, readonly [Uint8Array, string]>> = {
  'nothing.wav': [new Uint8Array(), 'its format is not supported; expected a WAV, Ogg, MP3 or FLAC file'],
  'zero-length.wav': [wavOf(NONE, RATE), 'the file has no samples'],
  'rate-0.wav': [wavOf(toneAt(300, 0.1), 0), 'the header says 0 samples a second; expected 1 to 1000000'],
  'lies.wav': [
    wavOf(toneAt(300, 0.1), RATE, { size: 2 ** 31 }),
    'the file is cut off: 2147483648 bytes of samples were',
  ],
  'ten-hours.wav': [wavOf(new Float32Array(36_000), 1), 'the sound is 36000.0 s long; expected at most 600 s'],
  'nan.wav': [wavOf(Float32Array.of(0, Number.NaN), RATE, { floats: true }), 'sample 1 of channel 0 is NaN'],
  'video.wav': [Uint8Array.from([0, 0, 0, 24, ...Buffer.from('ftypmp42')]), 'its format is not supported'],
};

test('files that are no sounds are named before the training begins, or left out', async () => {
  for (const [name, [bytes]] of Object.entries(BAD)) writeFileSync(name, bytes);
  writeFileSync('one-sample.wav', wavOf(Float32Array.of(0.5), RATE));
  const names = Object.keys(BAD);
  const [, ...tones] = readFileSync('tones.csv', 'utf8').trim().split('\n');
  const lines = [...[...names, 'one-sample.wav', 'none.wav'].map((name) => `${name},0,low`), ...tones];
  writeFileSync('bad.csv', `${['clip,number,pitch', ...lines].join('\n')}\n`);
  const stopped = await train('bad.csv', '--out', 'stopped');
  expect([stopped.code, existsSync('stopped')]).toEqual([1, false]);
  for (const [index, name] of names.entries())
    expect(stopped.err).toContain(`bad.csv, row ${index + 1}, column 'clip': cannot decode '${name}': ${BAD[name][1]}`);
  expect(stopped.err).toContain("there is no file 'none.wav'");
  expect(stopped.err).toContain('--on-error');
  expect(stopped.err).not.toContain('one-sample.wav');
  const { code, out, err } = await train('bad.csv', '--on-error', 'skip', '--epochs', '1', '--out', 'skipped');
  expect(code, err).toBe(0);
  const { rows } = JSON.parse(out);
  expect(rows.train + rows.validation + rows.test).toBe(ROWS + 1);
  rmSync('skipped', { recursive: true });
});

test.each(Object.entries(BAD))('predict refuses %s', async (name, [bytes, message]) => {
  writeFileSync(name, bytes);
  const { code, out, err } = await run('predict', 'runs/tones-seed1', '--clip', name);
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain(`cannot decode '${name}': ${message}`);
});

test('a sample of the sounds without any that can be used is refused', async () => {
  writeFileSync(
    'none.csv',
    `clip,pitch\n${Array.from({ length: 30 }, (_, row) => `${['lies', 'nan'][row % 2]}.wav,${['low', 'high'][row % 2]}`).join('\n')}\n`,
  );
  const { code, err } = await train('none.csv', '--out', 'none', '--on-error', 'skip');
  expect(err).toContain('is a sound that can be used');
  expect([code, existsSync('none')]).toEqual([1, false]);
});
