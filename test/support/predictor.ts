import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import type { Schema, SchemaTarget } from '../../src/data/schema.js';
import { buildModel } from '../../src/predictor/build.js';
import { Predictor } from '../../src/predictor/node/predictor.js';
import { RunFolder } from '../../src/predictor/node/run-folder.js';
import { CONFIG, dataOf, type ThingKind } from './runs.js';

/** Makes a folder for a file's tests; it is removed afterwards. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tessera-run-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The predictor of a run in a folder, whose model has its initial values. */
export async function predictorIn(
  folder: string,
  target: SchemaTarget,
  kinds: readonly ThingKind[],
): Promise<Predictor> {
  return predictorOf(folder, (await dataOf(target, kinds)).schema);
}

/** The predictor of a run in a folder, whose model for a schema has its initial values. */
export async function predictorOf(folder: string, schema: Schema): Promise<Predictor> {
  const run = new RunFolder(folder);
  await run.lock();
  await run.begin(CONFIG);
  await run.writeSchema(schema);
  await run.writeModel(await buildModel(schema, CONFIG.model, { seed: CONFIG.seed }).state());
  await run.unlock();
  return Predictor.load(folder);
}
