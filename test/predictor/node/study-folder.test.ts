import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { StudyFolder } from '../../../src/predictor/node/study-folder.js';
import { temporaryFolder } from '../../support/predictor.js';

const parent = temporaryFolder();
const settings = { seeds: 2 };
const record = { model: 'gated', seed: 1, noise: 0.2, outputs: [0.25, 0.75], without: { photo: 0.5 } };

/** A study with one training. */
async function begun(name: string): Promise<{ study: StudyFolder; trainings: string }> {
  const study = new StudyFolder(path.join(parent, name));
  expect(await study.begin(settings)).toEqual([]);
  await study.append(record);
  return { study, trainings: path.join(parent, name, 'trainings.jsonl') };
}

test('a study is continued with the trainings that have ended', async () => {
  const { study } = await begun('whole');
  expect(await study.begin(settings)).toEqual([record]);
  await expect(study.begin({ seeds: 3 })).rejects.toThrow('has a study of another table or with other settings');
});

test('a line that was cut off counts as none, and is removed', async () => {
  const { study, trainings } = await begun('cut');
  appendFileSync(trainings, '{"model":"ga');
  expect(await study.begin(settings)).toEqual([record]);
  expect(readFileSync(trainings, 'utf8')).toBe(`${JSON.stringify(record)}\n`);
});

test('a metric that is not defined is read as it was', async () => {
  const { study } = await begun('undefined');
  const odd = { ...record, seed: 2, without: { photo: Number.NaN } };
  await study.append(odd);
  expect(await study.begin(settings)).toEqual([record, odd]);
});

test.each([
  ['{', /line 2 is no training: .*JSON.*; remove the line, and it is trained again/],
  ['null', 'line 2 is no training: training: expected an object'],
  ['{}', 'training: model must be a string'],
  [JSON.stringify({ ...record, outputs: [1, null] }), 'outputs must be an array of elements, each a finite number'],
  [JSON.stringify({ ...record, without: { photo: 'x' } }), 'training.without: photo must be a number'],
])('the line %s is refused', async (line, message) => {
  const { study, trainings } = await begun(`line ${line.length}`);
  appendFileSync(trainings, `${line}\n`);
  await expect(study.begin(settings)).rejects.toThrow(message);
});

test('a folder with other files, and a file of trainings that cannot be read, are refused', async () => {
  const other = path.join(parent, 'other');
  mkdirSync(other);
  writeFileSync(path.join(other, 'notes.txt'), '');
  await expect(new StudyFolder(other).begin(settings)).rejects.toThrow("has other files, such as 'notes.txt'");
  const study = new StudyFolder(path.join(parent, 'unreadable'));
  await study.begin(settings);
  mkdirSync(path.join(parent, 'unreadable', 'trainings.jsonl'));
  await expect(study.begin(settings)).rejects.toThrow('cannot read');
});
