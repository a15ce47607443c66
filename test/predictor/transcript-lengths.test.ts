import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeSound } from '../../src/data/node/index.js';
import type { Schema } from '../../src/data/schema.js';
import { buildModel, checkModel } from '../../src/predictor/build.js';
import { prepareData } from '../../src/predictor/data.js';
import { tooLongTranscripts } from '../../src/predictor/transcript-lengths.js';
import { setDefaultDevice } from '../../src/tensor/index.js';
import { reference } from '../support/devices.js';
import { CONFIG, dataOf, schemaOf, TARGETS } from '../support/runs.js';
import { toneOf, wavOf } from '../support/sounds.js';
import { tableOf } from '../support/tables.js';

beforeAll(() => setDefaultDevice(reference));
afterAll(() => setDefaultDevice(undefined));

/** Sounds of 0.4 seconds, which `crnn` gives 6 frames of 80 ms, or 11 of 40 ms for characters, with transcripts. */
async function transcribed(said: readonly string[], symbols: 'words' | 'characters' = 'words') {
  const wav = wavOf(toneOf({ hertz: 440, seconds: 0.4, sampleRate: 8000 }), 8000);
  const cells = [...said, 'a b', 'b a'].map((text) => [wav, text]);
  const table = tableOf(['clip', 'said'], cells, 'clips.csv');
  const settings = { symbols };
  const classes = symbols === 'words' ? ['a', 'b'] : [' ', 'a', 'b'];
  const schema: Schema = {
    ...schemaOf({ column: 'said', kind: 'text', settings, classes }, []),
    fields: [{ column: 'clip', kind: 'sound', settings: {} }],
  };
  const parts = Uint8Array.from([...said.map(() => 0), 1, 2]);
  const data = await prepareData(table, schema, parts, { onError: 'stop', decodeSound });
  return { data, model: buildModel(data.schema, CONFIG.model, { seed: 0 }) };
}

const words = (count: number) => Array.from({ length: count }, (_, at) => 'ab'[at % 2]).join(' ');

test('a transcript needs a frame for each symbol, and one between equal ones', async () => {
  const fitting = await transcribed([words(6), 'a a a', 'b b a a']);
  expect(await tooLongTranscripts(fitting.model, fitting.data)).toBeUndefined();
  const some = await transcribed([words(7), 'a a a a', 'a']);
  expect(await tooLongTranscripts(some.model, some.data)).toBe(
    'the transcripts of 2 of 3 training rows have more symbols than the longest sound has frames, 6, and are not learned from',
  );
});

test('characters have twice as many frames as words', async () => {
  const { model, data } = await transcribed([words(6), words(7)], 'characters');
  expect(await tooLongTranscripts(model, data)).toBe(
    'the transcripts of 1 of 2 training rows have more symbols than the longest sound has frames, 11, and are not learned from',
  );
});

test('a table of which no transcript can be learned is refused', async () => {
  const { model, data } = await transcribed([words(7), words(8)]);
  await expect(tooLongTranscripts(model, data)).rejects.toThrow(
    "the target 'said': the transcripts of 2 of 2 training rows have more symbols than the longest sound has frames, 6",
  );
});

test('other targets have no lengths', async () => {
  const data = await dataOf(TARGETS.category, ['number']);
  expect(await tooLongTranscripts(buildModel(data.schema, CONFIG.model, { seed: 0 }), data)).toBeUndefined();
});

test('a transcript is fused by concatenation alone', async () => {
  const { data } = await transcribed(['a']);
  expect(() => checkModel(data.schema, { ...CONFIG.model, fusion: 'gated' })).toThrow(
    '--fusion gated: a target of texts is predicted by concatenation',
  );
});
