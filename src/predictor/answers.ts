import type { SchemaTarget } from '../data/schema.js';
import { TAG_THRESHOLD } from './metrics/tags.js';
import { transcriptsOf } from './targets.js';

/** The answer of a model to one row. */
export interface Answer {
  /** The most probable class, the number, the tags with a probability of at least a half, or the transcript. */
  readonly prediction: string | number | readonly string[];
  /** The probability of the class; only classes have one. */
  readonly probability?: number;
  /** The probability of each class or tag; numbers and transcripts have none. */
  readonly probabilities?: Readonly<Record<string, number>>;
}

/** The answer that the outputs of one row are: probabilities of classes or tags, a number, or symbols. */
export function answerOf(target: SchemaTarget, outputs: ArrayLike<number>): Answer {
  const { kind, classes = [] } = target;
  if (kind === 'text') return { prediction: transcriptsOf(target, outputs, 1)[0] };
  if (kind === 'number') return { prediction: outputs[0] };
  const probabilities = Object.fromEntries(classes.map((name, at) => [name, outputs[at]]));
  if (kind === 'tags') return { prediction: classes.filter((_, at) => outputs[at] >= TAG_THRESHOLD), probabilities };
  let best = 0;
  for (let at = 1; at < classes.length; at++) if (outputs[at] > outputs[best]) best = at;
  return { prediction: classes[best], probability: outputs[best], probabilities };
}
