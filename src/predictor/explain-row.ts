import type { EncodedRows } from '../data/encoded.js';
import { type Schema, type SchemaTarget, targetOf } from '../data/schema.js';
import type { Row } from '../data/table.js';
import { type Multimodal, TranscriptionTask } from '../models/index.js';
import { ctcRows, tensor } from '../tensor/index.js';
import { type Answer, answerOf } from './answers.js';
import { type PartEffects, partEffects } from './part-effects.js';
import { decodeTranscripts } from './predict-rows.js';
import { predictVariants, type Variant } from './variants.js';

/** Which fields of a row, and which of their parts, decided its answer. */
export interface Explanation {
  /** The answer to the row. */
  readonly answer: Answer;
  /** The class, tag or transcript whose probability the effects are of, the most probable one; numbers have none. */
  readonly of?: string;
  /** The fields that the row has, in the order of the schema. */
  readonly fields: readonly FieldEffect[];
}

/** The effect of a field, and of its parts where it is a text, an image or a sound. */
export interface FieldEffect extends PartEffects {
  /** The name of the field's column. */
  readonly column: string;
  /** The effect, s(row) - s(row without the field). */
  readonly effect: number;
  /** The answer to the row without the field. */
  readonly without: Answer;
}

/** The numbers of the row itself, and of a row of which all is absent, among the encoded ones. */
const [WHOLE, ABSENT] = [0, 1];

/**
 * Computes the effects of a row's fields and of their parts by occlusion (Zeiler and Fergus 2014): each is left out, one
 * at a time, and the row is predicted again. With s the probability of the most probable class or tag, that of the most
 * probable transcript to the power of 1 / symbols, or the number that is predicted,
 *
 *   effect = s(row) - s(row without it)
 *
 * A field is left out as absent, which the model has learned to answer; `partEffects` says how parts are.
 *
 * @param encoded no rows yet, with the fields of the schema as columns.
 * @throws CellError if a file cannot be used.
 */
export async function explainRow(
  model: Multimodal,
  schema: Schema,
  encoded: EncodedRows,
  row: Row,
): Promise<Explanation> {
  encoded.add(row);
  encoded.add({ ...row, cells: row.cells.map(() => undefined) });
  for await (const [, error] of encoded.badFiles()) throw error;
  const predict = (variants: readonly Variant[]) => predictVariants(model, encoded, variants);
  const { fields: inputs } = await encoded.batch(Uint32Array.of(WHOLE));
  const present: { readonly column: string; readonly at: number }[] = [];
  for (const [at, { column }] of schema.fields.entries())
    if ((await inputs[column].present.data())[0] === 1) present.push({ column, at });

  const target = targetOf(schema);
  const [outputs, ...without] = await predict([{}, ...present.map(({ column }) => ({ from: { [column]: ABSENT } }))]);
  const { of, answers, scores } = explained(model, target, outputs);
  const [whole] = await scores([outputs]);
  const effects = async (occluded: readonly Float32Array[]) => (await scores(occluded)).map((score) => whole - score);
  const ofFields = await effects(without);
  const fields: FieldEffect[] = [];
  for (const [index, { column, at }] of present.entries())
    fields.push({
      column,
      effect: ofFields[index],
      without: answers(without[index]),
      ...(await partEffects(schema.fields[at], inputs[column], row.cells[at], {
        predict: async (variants) => effects(await predict(variants)),
        encode: (cell) => {
          encoded.add({ ...row, cells: row.cells.map((_, other) => (other === at ? cell : undefined)) });
          return encoded.size - 1;
        },
      })),
    });
  return { answer: answers(outputs), of, fields };
}

/** What is explained. */
interface Explained {
  readonly of?: string;
  /** The answer that outputs are. */
  answers(outputs: Float32Array): Answer;
  /** s of outputs. */
  scores(outputs: readonly Float32Array[]): Promise<readonly number[]>;
}

/** What the outputs of a row, log probabilities (time, classes) for a transcript, explain. */
function explained({ task }: Multimodal, target: SchemaTarget, outputs: Float32Array): Explained {
  if (!(task instanceof TranscriptionTask)) {
    const best = outputs.indexOf(Math.max(...outputs));
    return {
      of: target.classes?.[best],
      answers: (own) => answerOf(target, own),
      scores: async (rows) => rows.map((own) => own[best]),
    };
  }
  const classes = task.symbols + 1;
  const time = outputs.length / classes;
  const decoded = (own: Float32Array) => decodeTranscripts(own, [1, time, classes]);
  const symbols = decoded(outputs);
  const length = symbols.filter((symbol) => symbol > 0).length;
  const answers = (own: Float32Array) => answerOf(target, decoded(own));
  return {
    of: String(answers(outputs).prediction),
    answers,
    async scores(rows) {
      if (rows.length === 0) return [];
      const logits = tensor(Float32Array.from(rows.flatMap((own) => [...own])), [rows.length, time, classes]);
      const targets = tensor(Int32Array.from(rows.flatMap(() => [...symbols])), [rows.length, time]);
      const targetLengths = tensor(new Int32Array(rows.length).fill(length));
      const perSymbol = ctcRows(logits, targets, { targetLengths }).div(-Math.max(1, length));
      return Array.from(await perSymbol.exp().data());
    },
  };
}
