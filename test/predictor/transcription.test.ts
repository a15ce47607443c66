import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectTable } from '../../src/data/inspect.js';
import { decodeSound } from '../../src/data/node/index.js';
import { expectFields, PARTS } from '../../src/data/schema.js';
import { answerOf } from '../../src/predictor/answers.js';
import { mostFrequentTranscript } from '../../src/predictor/baselines.js';
import { buildModel } from '../../src/predictor/build.js';
import { prepareData } from '../../src/predictor/data.js';
import { metricsOf } from '../../src/predictor/metrics.js';
import { surestMistakes } from '../../src/predictor/mistakes.js';
import { predictRows } from '../../src/predictor/predict-rows.js';
import { trainModel } from '../../src/predictor/train-model.js';
import { Generator, setDefaultDevice } from '../../src/tensor/index.js';
import { gpu } from '../support/devices.js';
import { CONFIG, TRAINING } from '../support/runs.js';
import { wavOf } from '../support/sounds.js';
import { tableOf } from '../support/tables.js';

beforeAll(() => setDefaultDevice(gpu));
afterAll(() => setDefaultDevice(undefined));

const TONES = { low: 300, middle: 900, high: 2700 };

/** Two or three tones with pauses between them, and their names. */
function tones(rows: number) {
  const generator = new Generator(3);
  const names = Object.keys(TONES) as (keyof typeof TONES)[];
  const cells = Array.from({ length: rows }, () => {
    const said = Array.from({ length: 2 + generator.integer(2) }, () => names[generator.integer(3)]);
    const samples = said.flatMap((name) => [
      ...new Float32Array(400 + generator.integer(400)),
      ...Array.from({ length: 1200 }, (_, at) => 0.5 * Math.sin((2 * Math.PI * TONES[name] * at) / 8000)),
    ]);
    return [wavOf(Float32Array.from(samples), 8000), said.join(' ')];
  });
  return tableOf(['clip', 'said'], cells, 'tones.csv');
}

const table = tones(120);
const overrides = { sound: ['clip'], text: ['said'] };
const parts = Uint8Array.from({ length: 120 }, (_, row) => (row % 5 < 3 ? 0 : row % 5 === 3 ? 1 : 2));

test('a text beside sounds is a transcript of few words, and the sounds are kept whole', async () => {
  const { schema } = await inspectTable(table, { target: 'said', overrides });
  expect(schema.target).toEqual({
    column: 'said',
    kind: 'text',
    settings: { symbols: 'words' },
    classes: ['high', 'low', 'middle'],
  });
  expect(schema.fields).toEqual([{ column: 'clip', kind: 'sound', settings: { keptWhole: 1, shift: 0 } }]);
  // Without sounds there is nothing to transcribe.
  const silent = await inspectTable(table, { target: 'said', overrides: { ignore: ['clip'], text: ['said'] } });
  expect(() => expectFields({ ...silent.schema, fields: [{ column: 'x', kind: 'number', settings: {} }] })).toThrow(
    "the target 'said' is a text, which is predicted from one column of sounds; there are none",
  );
});

test('learns to transcribe tones, and is measured by its words', async () => {
  const { schema } = await inspectTable(table, { target: 'said', overrides });
  const data = await prepareData(table, schema, parts, { onError: 'stop', decodeSound });
  const target = { ...schema.target! };
  const model = buildModel(
    data.schema,
    { ...CONFIG.model, encoders: { sound: 'conv' }, width: 32, dropout: 0 },
    { seed: 1 },
  );
  const { encoded, train, validation, test: held } = data;
  const training = { ...TRAINING, epochs: 20, batch: 18, learningRate: 0.01, averageDecay: 0 };
  await trainModel(model, { encoded, train, validation, target }, training, { seed: 1 });
  const predictions = await predictRows(model, target, encoded, held);
  expect(predictions.task).toBe('transcription');
  if (predictions.task !== 'transcription') return;
  const { wordErrorRate } = metricsOf(predictions);
  const majority = metricsOf(mostFrequentTranscript(['low low', 'high low', 'low low'], predictions.targets));
  expect(majority.wordErrorRate).toBeGreaterThan(0.5);
  expect(wordErrorRate).toBeLessThan(0.1);
  expect(PARTS.map((part) => data[part].length)).toEqual([72, 24, 24]);
});

test('an answer is a transcript, and mistakes are ordered by their errors', () => {
  const target = { column: 'said', kind: 'text', settings: { symbols: 'words' }, classes: ['high', 'low'] } as const;
  expect(answerOf(target, [2, 1, 1, 0, 0])).toEqual({ prediction: 'low high high' });
  const [first, second, ...rest] = surestMistakes(
    { task: 'transcription', targets: ['low', 'low high', 'high'], outputs: ['low', 'low', 'high low high'] },
    5,
  );
  expect(first).toEqual({ row: 2, expected: 'high', predicted: 'high low high' });
  expect(second).toMatchObject({ row: 1, expected: 'low high', predicted: 'low' });
  expect(rest).toEqual([]);
});
