import type { EncodedRows } from '../data/encoded.js';
import type { FieldTensors } from '../data/fields/field.js';
import type { Multimodal } from '../models/index.js';
import { tensor } from '../tensor/index.js';
import { filledSize } from './batch-sizes.js';

/** The first of some encoded rows, with a change. */
export interface Variant {
  /** Fields that are read from other encoded rows, by column. */
  readonly from?: Readonly<Record<string, number>>;
  /** A change of the values of this row in a tensor of a field; all variants change the same one. */
  readonly change?: { readonly column: string; readonly tensor: string; apply(values: Float32Array): void };
}

/** The number of rows that are predicted at once. */
const SIZE = 32;

/** The outputs of a model (width) for each variant. */
export async function predictVariants(
  model: Multimodal,
  encoded: EncodedRows,
  variants: readonly Variant[],
): Promise<Float32Array[]> {
  const outputs: Float32Array[] = [];
  for (let begin = 0; begin < variants.length; begin += SIZE) {
    const batch = variants.slice(begin, begin + SIZE);
    const size = filledSize(batch.length);
    const fields = await fieldsOf([...model.fields.keys()], encoded, batch, size);
    const values = Float32Array.from(await model.task.predict(model.forward(fields)).data());
    const width = values.length / size;
    for (const at of batch.keys()) outputs.push(values.slice(at * width, (at + 1) * width));
  }
  return outputs;
}

/** The tensors of a batch of variants, filled up to a size with the first row. */
async function fieldsOf(
  columns: readonly string[],
  encoded: EncodedRows,
  variants: readonly Variant[],
  size: number,
): Promise<Readonly<Record<string, FieldTensors>>> {
  const rows = Uint32Array.from({ length: size }, (_, at) => at);
  const sources = columns.map(
    (column) => [column, Uint32Array.from(rows, (at) => variants[at]?.from?.[column] ?? 0)] as const,
  );
  const { fields } = await encoded.batch(rows, undefined, new Map(sources));
  const change = variants.find((variant) => variant.change !== undefined)?.change;
  if (change === undefined) return fields;
  const { column, tensor: name } = change;
  const whole = fields[column][name];
  const values = Float32Array.from(await whole.data());
  const width = values.length / size;
  for (const [at, variant] of variants.entries()) variant.change?.apply(values.subarray(at * width, (at + 1) * width));
  return { ...fields, [column]: { ...fields[column], [name]: tensor(values, whole.shape) } };
}
