import { afterAll, beforeAll, expect, test } from 'vitest';
import { FUSIONS } from '../../src/models/fusion/names.js';
import { scoreOf, studyModels, trainStudied } from '../../src/predictor/study.js';
import { setDefaultDevice } from '../../src/tensor/index.js';
import { reference } from '../support/devices.js';
import { CONFIG, dataOf, TARGETS, TRAINING } from '../support/runs.js';

beforeAll(() => setDefaultDevice(reference));
afterAll(() => setDefaultDevice(undefined));

test('a study has a model for each fusion, with nearly as many parameters, and one for all fields but one and for each alone', async () => {
  const { schema } = await dataOf(TARGETS.category, ['text', 'number', 'category']);
  const models = studyModels(schema, { ...CONFIG.model, width: 32 }, FUSIONS);
  expect(models.map(({ name }) => name)).toEqual([
    ...FUSIONS,
    ...['without title', 'without price', 'without brand'],
    ...['only title', 'only price', 'only brand'],
  ]);
  const [first, ...others] = models.slice(0, FUSIONS.length);
  for (const { name, parameters } of others)
    expect(Math.abs(parameters / first.parameters - 1), name).toBeLessThan(0.08);
  expect(models.at(-1)?.fields).toEqual(['brand']);
});

test('encoders that are chosen for a field or its kind are those of the models that have it', async () => {
  const data = await dataOf(TARGETS.category, ['text', 'number'], 60);
  const config = { ...CONFIG.model, encoders: { title: 'bag', number: 'mlp' } };
  const parametersOf = (encoders: Record<string, string>) =>
    studyModels(data.schema, { ...config, encoders }, ['concatenation']).map(({ parameters }) => parameters);
  const [both, title, price] = parametersOf(config.encoders);
  expect([both, title, price]).not.toEqual(parametersOf({ title: 'bag' }));
  const [, , only] = studyModels(data.schema, config, ['concatenation']);
  expect(parametersOf({ title: 'bag' })[1]).toBe(title);
  expect(parametersOf({ number: 'mlp' })[2]).toBe(price);
  const trained = { model: config, training: { ...TRAINING, epochs: 1 } };
  const { predictions } = await trainStudied({ model: only, seed: 0, noise: 0 }, data, data.test, trained, {});
  expect(predictions.targets.length).toBe(data.test.length);
});

test('a study of one field has no model of it alone', async () => {
  const { schema } = await dataOf(TARGETS.category, ['number']);
  expect(studyModels(schema, CONFIG.model, ['gated']).map(({ name }) => name)).toEqual(['gated']);
});

test('a model is tested with all fields and without each; wrong labels are learned as they are', async () => {
  const data = await dataOf(TARGETS.category, ['number', 'category'], 60);
  const config = { model: CONFIG.model, training: { ...TRAINING, epochs: 12, patience: 12, learningRate: 0.02 } };
  const [model] = studyModels(data.schema, CONFIG.model, ['concatenation']);
  const studied = (noise: number) => trainStudied({ model, seed: 1, noise }, data, data.test, config, {});
  const clean = await studied(0);
  expect(clean.predictions.targets.length).toBe(data.test.length);
  expect(Object.keys(clean.without)).toEqual(['price', 'brand']);
  expect(scoreOf(clean.predictions)).toBeGreaterThan(0.8);
  // Every label is that of another row: there is nothing to learn.
  const noisy = await studied(1);
  expect(scoreOf(noisy.predictions)).toBeLessThan(scoreOf(clean.predictions));
  expect(scoreOf((await studied(0)).predictions)).toBe(scoreOf(clean.predictions));
});
