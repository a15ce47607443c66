import { afterAll, beforeAll, expect, test } from 'vitest';
import { targetOf } from '../../src/data/schema.js';
import { FUSIONS } from '../../src/models/fusion/names.js';
import { Adam } from '../../src/nn/index.js';
import { buildModel, checkModel, encodersOf, type ModelConfig } from '../../src/predictor/build.js';
import type { RunData } from '../../src/predictor/data.js';
import { setDefaultDevice } from '../../src/tensor/index.js';
import { reference } from '../support/devices.js';
import { CONFIG, dataOf, FIELDS, schemaOf, TARGETS, type ThingKind } from '../support/runs.js';

beforeAll(() => setDefaultDevice(reference));
afterAll(() => setDefaultDevice(undefined));

const build = (data: RunData, config: Partial<ModelConfig> = {}, classWeights?: readonly number[]) =>
  buildModel(
    data.schema,
    { ...CONFIG.model, dropout: 0, modalityDropout: 0, ...config },
    { seed: 1, ...(classWeights === undefined ? {} : { classWeights }) },
  );

const STEPS = 5;

/** Trains a model on some rows, and expects the loss to fall. */
async function expectLearns(data: RunData, config: Partial<ModelConfig> = {}): Promise<void> {
  const model = build(data, config);
  const { fields, target } = await data.encoded.batch(data.train);
  if (target === undefined) throw new Error('no target');
  const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const loss = model.task.loss(model.forward(fields), target);
    await optimizer.step(loss);
    losses.push(await loss.item());
  }
  expect(losses[STEPS - 1]).toBeLessThan(losses[0]);
}

const { category } = TARGETS;

test.each(FUSIONS)('fuses fields by %s', async (fusion) => {
  await expectLearns(await dataOf(category, ['text', 'number', 'category']), { fusion });
});

const encoders = (Object.keys(FIELDS) as ThingKind[]).flatMap((kind) =>
  encodersOf(kind).map((encoder): [ThingKind, string] => [kind, encoder]),
);
test.each(encoders)('encodes fields of kind %s by %s', async (kind, encoder) => {
  await expectLearns(await dataOf(category, [kind], 10), { encoders: { [kind]: encoder } });
});

test.each(Object.values(TARGETS))('predicts a target of kind $kind', async (target) => {
  await expectLearns(await dataOf(target, ['number', 'category']));
});

test('an encoder is chosen by column or kind, and otherwise is the default of the kind', async () => {
  const data = await dataOf(category, ['text', 'number']);
  const nameOf = (encoders: Record<string, string>) =>
    build(data, { encoders }).fields.get('title')?.encoder.constructor.name;
  expect(nameOf({})).toBe('TextLSTM');
  expect(nameOf({ text: 'bag' })).toBe('TextBag');
  expect(nameOf({ text: 'bag', title: 'gru' })).toBe('TextGRU');
});

test('the seed decides the initial values', async () => {
  const data = await dataOf(category, ['number', 'category']);
  const valuesOf = async () => [...(await build(data).state()).values()].map(({ data }) => [...data]);
  expect(await valuesOf()).toEqual(await valuesOf());
});

test('the weights of classes weigh in the loss', async () => {
  const data = await dataOf(category, ['number']);
  const { fields, target } = await data.encoded.batch(data.train);
  const lossOf = async (weights?: number[]) => {
    const model = build(data, {}, weights);
    return target === undefined ? 0 : model.task.loss(model.forward(fields), target).item();
  };
  expect(await lossOf([5, 1, 1])).not.toBeCloseTo(await lossOf(), 3);
});

test.each<[string, Record<string, string>, string]>([
  [
    'a field',
    { titel: 'gru' },
    "--encoder titel=gru: there is no field or kind 'titel' (did you mean 'title'?); there are title, text, price, number",
  ],
  [
    'an encoder',
    { title: 'vit' },
    "--encoder title=vit: there is no text encoder 'vit'; there are lstm, gru, cnn, transformer, bag",
  ],
])('refuses %s that does not exist', (_, encoders, message) => {
  const schema = schemaOf(category, ['text', 'number']);
  expect(() => checkModel(schema, { ...CONFIG.model, encoders })).toThrow(message);
});

test('refuses a schema without a target', async () => {
  const { target: _, ...schema } = (await dataOf(category, ['number'])).schema;
  expect(() => buildModel(schema, CONFIG.model, { seed: 0 })).toThrow('there is no target');
  expect(targetOf((await dataOf(category, ['number'])).schema).column).toBe('label');
});
