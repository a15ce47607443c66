import { number } from '../data/fields/number.js';
import { type SchemaTarget, targetOf } from '../data/schema.js';
import { transcriptOf, transcriptSettings } from '../data/transcripts.js';
import { TesseraError } from '../tensor/index.js';
import type { RunData } from './data.js';
import type { Target } from './metrics/predictions.js';

/** The target in the terms of metrics and baselines. */
export function taskTarget({ kind, classes = [] }: SchemaTarget): Target {
  if (kind === 'number') return { task: 'regression' };
  if (kind === 'text') return { task: 'transcription' };
  return kind === 'tags' ? { task: 'tags', tags: classes } : { task: 'classification', classes };
}

/** Encoded targets as metrics take them: numbers in the target's unit. */
export function inUnit({ kind, state }: SchemaTarget, targets: Float32Array): Float32Array {
  if (kind !== 'number') return targets;
  const { mean, deviation } = number.parseState(state);
  return targets.map((value) => mean + deviation * value);
}

/** The targets of some rows as metrics take them. @throws TesseraError if the rows have none. */
export async function targetsOf(
  { schema, encoded }: Pick<RunData, 'schema' | 'encoded'>,
  rows: Uint32Array,
): Promise<Float32Array> {
  const target = targetOf(schema);
  const tensor = await encoded.targetsOf(rows);
  if (tensor === undefined) throw new TesseraError(`the rows have no target; expected the column '${target.column}'`);
  return inUnit(target, Float32Array.from(await tensor.data()));
}

/** The transcripts of some rows of symbols (rows, longest), which are followed by 0. */
export function transcriptsOf(
  { settings, classes = [] }: SchemaTarget,
  symbols: ArrayLike<number>,
  rows: number,
): string[] {
  const { symbols: of } = transcriptSettings(settings);
  const longest = symbols.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    const ids = Array.from({ length: longest }, (__, at) => symbols[row * longest + at]);
    return transcriptOf(
      ids.filter((id) => id > 0).map((id) => classes[id - 1]),
      of,
    );
  });
}
