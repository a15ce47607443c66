import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Predictor } from '../../../src/predictor/node/index.js';
import { setDefaultDevice } from '../../../src/tensor/index.js';
import { reference } from '../../support/devices.js';
import { predictorIn, temporaryFolder } from '../../support/predictor.js';
import { TARGETS } from '../../support/runs.js';

const folder = temporaryFolder();
let predictor: Predictor;
let photo: Buffer;

beforeAll(async () => {
  setDefaultDevice(reference);
  predictor = await predictorIn(path.join(folder, 'run'), TARGETS.category, ['text', 'image', 'number', 'tags']);
  photo = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#3020f0' } })
    .png()
    .toBuffer();
});
afterAll(() => setDefaultDevice(undefined));

test('effects are differences to the answers without a field or a word', async () => {
  const row = { title: 'an apple tree', photo, price: 1.5 };
  const { answer, of, fields } = await predictor.explain(row);
  const whole = await predictor.predict(row);
  expect(answer).toEqual(whole);
  expect(of).toBe(whole.prediction);
  expect(fields.map(({ column }) => column)).toEqual(['title', 'photo', 'price']);
  for (const { column, effect, without } of fields) {
    const answer = await predictor.predict({ ...row, [column]: undefined });
    expect(without.prediction).toBe(answer.prediction);
    expect(without.probability).toBeCloseTo(answer.probability!, 5);
    expect(effect).toBeCloseTo(whole.probability! - answer.probabilities![of!], 5);
  }
  const texts = ['an  tree', ' apple tree', 'an apple '].sort();
  const [{ words = [] }, { cells }] = fields;
  expect(words.map(({ begin, end }) => row.title.slice(begin, end))).toEqual(['an', 'apple', 'tree']);
  for (const { begin, end, effect } of words) {
    const title = row.title.slice(0, begin) + row.title.slice(end);
    expect(texts).toContain(title);
    const answer = await predictor.predict({ ...row, title });
    expect(effect).toBeCloseTo(whole.probability! - answer.probabilities![of!], 5);
  }
  expect(cells?.effects.length).toBe(64);
  expect(new Set(cells?.effects).size).toBeGreaterThan(10);
});

test('a row of which all is absent has no effects', async () => {
  expect((await predictor.explain({})).fields).toEqual([]);
});

test('numbers and tags are explained too', async () => {
  const ofNumber = await predictorIn(path.join(folder, 'number'), TARGETS.number, ['number', 'category']);
  const { of, fields } = await ofNumber.explain({ price: 2, brand: 'x' });
  expect(of).toBeUndefined();
  const whole = Number((await ofNumber.predict({ price: 2, brand: 'x' })).prediction);
  expect(fields[0].effect).toBeCloseTo(whole - Number((await ofNumber.predict({ brand: 'x' })).prediction), 4);
  const ofTags = await predictorIn(path.join(folder, 'tags'), TARGETS.tags, ['number', 'boolean']);
  const explained = await ofTags.explain({ price: 2 });
  expect(TARGETS.tags.classes).toContain(explained.of);
});

test('a row that cannot be used is refused as by predict', async () => {
  await expect(predictor.explain({ prize: 2 })).rejects.toThrow("did you mean 'price'?");
  await expect(predictor.explain({ photo: Uint8Array.of(1, 2) })).rejects.toThrow("column 'photo'");
});
