import { Generator, TesseraError } from '../../tensor/index.js';
import {
  type Check,
  checkOptions,
  listOf,
  nonNegative,
  nonNegativeInteger,
  optional,
  positive,
  positiveInteger,
} from '../../tensor/options.js';

/** Options of `tokenProbabilities` and `sampleToken`. */
export interface SamplingOptions {
  /** Divides the logits: below 1 likely tokens become likelier; at 0 the likeliest is certain. Default 1. */
  readonly temperature?: number;
  /** Keeps the so many likeliest tokens (Fan, Lewis and Dauphin 2018). Default: all. */
  readonly topK?: number;
  /** Keeps the fewest tokens whose probabilities add up to this or more (Holtzman et al. 2020). Default 1: all. */
  readonly topP?: number;
  /** Divides positive logits of `previous` tokens and multiplies negative ones (Keskar et al. 2019). Default 1. */
  readonly repetitionPenalty?: number;
  /** The tokens so far, to which `repetitionPenalty` applies. Default: none. */
  readonly previous?: ArrayLike<number>;
}

const share: Check = {
  expected: 'a number within (0, 1]',
  fits: (value) => typeof value === 'number' && value > 0 && value <= 1,
};

/**
 * The probabilities with which the next token is drawn, from the logits of all tokens (vocabulary):
 *
 *   l ← l / penalty where l > 0, else l · penalty    for previous tokens
 *   p = softmax(l / temperature)                     of the topK largest l
 *   p ← p / Σ p                                      over the likeliest tokens that add up to topP
 *
 * in this order, as in Hugging Face's `generate`. Among equal logits those of lower tokens come first. At temperature 0
 * the likeliest token has probability 1. A logit of -∞ has probability 0.
 *
 * @throws TesseraError if there are no logits, one is NaN or ∞, all are -∞, or an option is out of range.
 */
export function tokenProbabilities(logits: ArrayLike<number>, options: SamplingOptions = {}): Float64Array {
  const {
    temperature = 1,
    topK = Number.POSITIVE_INFINITY,
    topP = 1,
    repetitionPenalty = 1,
    previous = [],
  } = checkOptions('tokenProbabilities', options, {
    temperature: optional(nonNegative),
    topK: optional(positiveInteger),
    topP: optional(share),
    repetitionPenalty: optional(positive),
    previous: optional(listOf(nonNegativeInteger)),
  });
  const scores = penalized(expectLogits(logits), repetitionPenalty, previous);
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
  const probabilities = new Float64Array(scores.length);
  const [best] = order;
  if (temperature === 0) {
    probabilities[best] = 1;
    return probabilities;
  }
  let total = 0;
  for (const token of order.slice(0, topK)) {
    probabilities[token] = Math.exp((scores[token] - scores[best]) / temperature);
    total += probabilities[token];
  }
  let kept = 0;
  for (const token of order) {
    if (kept >= topP * total) probabilities[token] = 0;
    kept += probabilities[token];
  }
  return probabilities.map((probability) => probability / kept);
}

/**
 * Draws the next token with the probabilities of `tokenProbabilities`, from a generator whose seed makes it reproducible.
 * @throws TesseraError as `tokenProbabilities` does.
 */
export function sampleToken(logits: ArrayLike<number>, generator: Generator, options: SamplingOptions = {}): number {
  if (!(generator instanceof Generator))
    throw new TesseraError('sampleToken: expected a Generator second, such as new Generator(seed)');
  const probabilities = tokenProbabilities(logits, options);
  // 53 random bits, so that the least likely of many tokens is drawn too.
  const u = (generator.bits() * 2 ** 21 + (generator.bits() >>> 11)) / 2 ** 53;
  let sum = 0;
  let last = 0;
  for (const [token, probability] of probabilities.entries()) {
    if (probability === 0) continue;
    sum += probability;
    last = token;
    if (u < sum) break;
  }
  return last; // where the sum is rounded below u, the last token of all
}

function expectLogits(logits: ArrayLike<number>): Float64Array {
  const isList = Array.isArray(logits) || (ArrayBuffer.isView(logits) && !(logits instanceof DataView));
  if (!isList || logits.length === 0)
    throw new TesseraError('tokenProbabilities: expected the logits of at least one token, as an array of numbers');
  const odd = Array.prototype.findIndex.call(
    logits,
    (value) => typeof value !== 'number' || !(value < Number.POSITIVE_INFINITY),
  );
  if (odd >= 0)
    throw new TesseraError(
      `tokenProbabilities: the logit of token ${odd} is ${String(logits[odd])}; expected a number below infinity`,
    );
  const values = Float64Array.from(logits);
  if (values.every((value) => value === Number.NEGATIVE_INFINITY))
    throw new TesseraError('tokenProbabilities: all logits are -Infinity; expected at least one token that may come');
  return values;
}

function penalized(logits: Float64Array, penalty: number, previous: ArrayLike<number>): Float64Array {
  if (penalty === 1) return logits;
  for (const token of new Set(Array.from(previous))) {
    if (token >= logits.length)
      throw new TesseraError(
        `tokenProbabilities: the previous token ${token} has no logit; expected 0 to ${logits.length - 1}`,
      );
    logits[token] = logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty;
  }
  return logits;
}
