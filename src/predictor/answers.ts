import type { SchemaTarget } from '../data/schema.js';
import { TAG_THRESHOLD } from './metrics/tags.js';

/** The answer of a model to one row. */
export interface Answer {
  /** The most probable class, the number, or the tags with a probability of at least a half. */
  readonly prediction: string | number | readonly string[];
  /** The probability of the class; numbers and tags have none. */
  readonly probability?: number;
  /** The probability of each class or tag; numbers have none. */
  readonly probabilities?: Readonly<Record<string, number>>;
}

/** The answer that the outputs (row, width) of one row are: probabilities of classes or tags, or a number. */
export function answerOf({ kind, classes = [] }: SchemaTarget, outputs: ArrayLike<number>): Answer {
  if (kind === 'number') return { prediction: outputs[0] };
  const probabilities = Object.fromEntries(classes.map((name, at) => [name, outputs[at]]));
  if (kind === 'tags') return { prediction: classes.filter((_, at) => outputs[at] >= TAG_THRESHOLD), probabilities };
  let best = 0;
  for (let at = 1; at < classes.length; at++) if (outputs[at] > outputs[best]) best = at;
  return { prediction: classes[best], probability: outputs[best], probabilities };
}
