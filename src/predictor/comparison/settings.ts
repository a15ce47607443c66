import { kinds } from '../../data/fields/index.js';
import { type Schema, targetOf } from '../../data/schema.js';
import { encoderName } from '../build.js';
import type { RunConfig } from '../config.js';

/** The value of a setting; undefined where a run does not have it. */
type Value = string | number | boolean | undefined;

/** A setting of several runs. */
export interface ComparedSetting {
  /** Where it is in `config.json` or `schema.json`, such as `training.learningRate` or `fields.title.encoder`. */
  readonly name: string;
  /** The value of each run. */
  readonly values: readonly Value[];
}

/** What was chosen for a run, or decided by default. */
interface RunSettings {
  readonly config: RunConfig;
  readonly schema: Schema;
}

/** The settings that are not the same in all runs. */
export function differingSettings(runs: readonly RunSettings[]): ComparedSetting[] {
  const settings = runs.map(settingsOf);
  const names = [...new Set(settings.flatMap((own) => [...own.keys()]))];
  return names
    .map((name) => ({ name, values: settings.map((own) => own.get(name)) }))
    .filter(({ values }) => new Set(values).size > 1);
}

/** All settings of a run by name. */
function settingsOf({ config, schema }: RunSettings): Map<string, Value> {
  const { column, kind, settings, classes } = targetOf(schema);
  const { encoders: _, ...model } = config.model;
  const fields = schema.fields.map((field) => [
    field.column,
    {
      kind: field.kind,
      encoder: encoderName(schema, field, config.model),
      ...kinds[field.kind].settings(field.settings),
    },
  ]);
  return new Map(
    flat('', {
      seed: config.seed,
      table: config.table,
      target: { column, kind, classes: classes?.length, ...settings },
      split: schema.split,
      model,
      training: config.training,
      fields: Object.fromEntries(fields),
    }),
  );
}

/** A value of a list: of an object, such as a column of events, what is written in it. */
const words = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? Object.values(value)
        .filter((inside) => typeof inside !== 'object')
        .join(' ')
    : String(value);

/** The values within an object, by their names joined by dots. */
function* flat(name: string, value: unknown): Generator<[string, Value]> {
  if (typeof value !== 'object' || value === null) yield [name, value as Value];
  else if (Array.isArray(value)) yield [name, value.map(words).join(', ')];
  else for (const [key, inside] of Object.entries(value)) yield* flat(name === '' ? key : `${name}.${key}`, inside);
}
