import type { EncodedRows } from '../data/encoded.js';
import type { BatchSource } from '../data/loader.js';
import { type Schema, targetOf } from '../data/schema.js';
import type { FusionName } from '../models/fusion/names.js';
import type { Multimodal } from '../models/index.js';
import { Generator, zerosLike } from '../tensor/index.js';
import { buildModel, type ModelConfig } from './build.js';
import type { TrainingConfig } from './config.js';
import type { RunData } from './data.js';
import { allRows } from './metrics/metric.js';
import { type Predictions, rowCount } from './metrics/predictions.js';
import { DEFAULT_METRIC, metricFunction } from './metrics.js';
import { predictRows } from './predict-rows.js';
import { type TrainingOptions, trainModel } from './train-model.js';
import { bestOf } from './training-state.js';

/*
 * A study of what fusion brings: models of the same encoders and nearly the same number of parameters, trained for the
 * same number of steps from the same seeds, on all fields by each fusion, on all but one and on each alone.
 */

/** A model of a study. */
export interface StudyModel {
  /** `gated`, `without photo` or `only photo`. */
  readonly name: string;
  /** The columns that it reads. */
  readonly fields: readonly string[];
  readonly fusion: FusionName;
  /** The size of its fused vector. */
  readonly fusionWidth: number;
  /** The number of its parameters. */
  readonly parameters: number;
}

/** What is trained: a model from a seed, on labels of which a share is wrong. */
export interface StudyTraining {
  readonly model: StudyModel;
  readonly seed: number;
  /** The share of the training rows that have the target of another training row. */
  readonly noise: number;
}

/** How well a trained model does on the test rows. */
export interface StudyResult {
  readonly predictions: Predictions;
  /** The metric without each field, by its column; empty where the model reads one field. */
  readonly without: Readonly<Record<string, number>>;
}

/** The widest fused vector that is tried, in multiples of 4. */
const WIDEST = 1024;

/**
 * The models of a study: all fields by each fusion, and by the first one all fields but one and each alone. The fused
 * vectors of the other fusions are as wide as gives these about as many parameters as the first has at its usual width.
 */
export function studyModels(schema: Schema, config: ModelConfig, fusions: readonly FusionName[]): StudyModel[] {
  const all = schema.fields.map(({ column }) => column);
  const modelOf = (name: string, fields: readonly string[], fusion: FusionName, fusionWidth: number): StudyModel => ({
    name,
    fields,
    fusion,
    fusionWidth,
    parameters: parametersOf(buildStudied({ fields, fusion, fusionWidth }, schema, config, 0)),
  });
  const first = modelOf(fusions[0], all, fusions[0], config.width);
  const others = fusions.slice(1).map((fusion) => {
    // The number of parameters grows with the width.
    let [low, high] = [1, WIDEST / 4];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (modelOf(fusion, all, fusion, 4 * middle).parameters < first.parameters) low = middle + 1;
      else high = middle;
    }
    const [wide, narrow] = [low, Math.max(1, low - 1)].map((width) => modelOf(fusion, all, fusion, 4 * width));
    const distance = ({ parameters }: StudyModel) => Math.abs(parameters - first.parameters);
    return distance(narrow) < distance(wide) ? narrow : wide;
  });
  const some = (name: string, fields: readonly string[]) => modelOf(name, fields, fusions[0], config.width);
  const without = (field: string) => all.filter((other) => other !== field);
  // Of two fields, what is left without one is the other alone.
  const butOne = all.length > 2 ? all.map((field) => some(`without ${field}`, without(field))) : [];
  const alone = all.length > 1 ? all.map((field) => some(`only ${field}`, [field])) : [];
  return [first, ...others, ...butOne, ...alone];
}

/** Builds a model of some fields, with the encoders that are chosen for these. */
function buildStudied(
  { fields, fusion, fusionWidth }: Pick<StudyModel, 'fields' | 'fusion' | 'fusionWidth'>,
  schema: Schema,
  config: ModelConfig,
  seed: number,
): Multimodal {
  const own = schema.fields.filter(({ column }) => fields.includes(column));
  const names = own.flatMap(({ column, kind }) => [column, kind]);
  const encoders = Object.fromEntries(Object.entries(config.encoders).filter(([name]) => names.includes(name)));
  return buildModel({ ...schema, fields: own }, { ...config, encoders, fusion }, { seed, fusionWidth });
}

const parametersOf = (model: Multimodal): number => model.parameters().reduce((sum, { size }) => sum + size, 0);

/** Trains a model of a study, and tests the best parameters on `test` rows, with all fields and without each. */
export async function trainStudied(
  { model: studied, seed, noise }: StudyTraining,
  data: RunData,
  test: Uint32Array,
  config: { readonly model: ModelConfig; readonly training: TrainingConfig },
  options: Pick<TrainingOptions, 'signal' | 'onStep'>,
): Promise<StudyResult> {
  const { encoded, train, validation } = data;
  const target = targetOf(data.schema);
  const { fields } = studied;
  const model = buildStudied(studied, data.schema, config.model, seed);
  const source = noise === 0 ? encoded : withWrongTargets(encoded, train, noise, seed);
  const state = await trainModel(model, { encoded: source, target, train, validation }, config.training, {
    seed,
    ...options,
  });
  options.signal?.throwIfAborted();
  model.loadState(bestOf(state));
  const stop = () => options.signal?.throwIfAborted();
  const predictions = await predictRows(model, target, encoded, test, stop);
  const without: Record<string, number> = {};
  if (fields.length > 1)
    for (const field of fields)
      without[field] = scoreOf(await predictRows(model, target, withoutField(encoded, field), test, stop));
  return { predictions, without };
}

/** The headline metric. */
export const scoreOf = (predictions: Predictions): number =>
  metricFunction(predictions, DEFAULT_METRIC[predictions.task])(allRows(rowCount(predictions)));

/** The rows with a field absent. */
const withoutField = (encoded: EncodedRows, field: string): BatchSource => ({
  lengthOf: (row) => encoded.lengthOf(row),
  async batch(rows, generator) {
    const { fields, ...rest } = await encoded.batch(rows, generator);
    const own = fields[field];
    return { ...rest, fields: { ...fields, [field]: { ...own, present: zerosLike(own.present) } } };
  },
});

/**
 * The rows with a share of the training rows having the target of another one. All models of a seed learn the same wrong
 * targets, and those of another seed others.
 */
function withWrongTargets(encoded: EncodedRows, train: Uint32Array, share: number, seed: number): BatchSource {
  const generator = new Generator(seed).fork('wrong targets');
  const wrong = generator.permutation(train.length).subarray(0, Math.round(share * train.length));
  const donors = new Map(Array.from(wrong, (at) => [train[at], train[generator.integer(train.length)]]));
  return {
    lengthOf: (row) => encoded.lengthOf(row),
    async batch(rows, augmentation) {
      const target = await encoded.targetsOf(rows.map((row) => donors.get(row) ?? row));
      return { ...(await encoded.batch(rows, augmentation)), ...(target && { target }) };
    },
  };
}
