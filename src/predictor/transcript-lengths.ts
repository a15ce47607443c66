import { targetOf } from '../data/schema.js';
import { type Multimodal, TranscriptionTask } from '../models/index.js';
import { TesseraError } from '../tensor/index.js';
import type { RunData } from './data.js';
import { targetsOf } from './targets.js';

/**
 * Says how many transcripts of the training rows are too long for a model, which gives a frame one symbol: they need a
 * frame for each symbol and one between equal ones, and otherwise have no alignment and a loss of 0. Returns `undefined`
 * if there are none, or no transcripts are predicted.
 * @throws TesseraError if all are too long.
 */
export async function tooLongTranscripts(model: Multimodal, data: RunData): Promise<string | undefined> {
  if (!(model.task instanceof TranscriptionTask)) return undefined;
  const { schema, encoded, train } = data;
  const { fields } = await encoded.batch(train.subarray(0, 1));
  const [, frames] = model.eval().forward(fields).shape;
  const symbols = await targetsOf(data, train);
  const longest = symbols.length / train.length;
  const tooLong = Array.from(train.keys()).filter(
    (row) => framesNeeded(symbols.subarray(row * longest, (row + 1) * longest)) > frames,
  ).length;
  if (tooLong === 0) return undefined;
  const what = `the transcripts of ${tooLong} of ${train.length} training rows have more symbols than the longest sound has frames, ${frames}`;
  if (tooLong === train.length)
    throw new TesseraError(
      `the target '${targetOf(schema).column}': ${what}; expected fewer: cut the sounds and their transcripts into shorter pieces, or choose an encoder of more frames, such as transformer`,
    );
  return `${what}, and are not learned from`;
}

/** The frames that symbols (longest), followed by 0, need at least. */
function framesNeeded(symbols: Float32Array): number {
  let frames = 0;
  for (let at = 0; at < symbols.length && symbols[at] > 0; at++)
    frames += at > 0 && symbols[at] === symbols[at - 1] ? 2 : 1;
  return frames;
}
