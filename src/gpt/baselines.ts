/** The losses of models that see at most one token, in nats a token. */
export interface Baselines {
  /** All tokens alike: ln V. */
  readonly uniform: number;
  /** By the frequency of each token. */
  readonly unigram: number;
  /** By the frequency of each token after the one before it. */
  readonly bigram: number;
}

/**
 * The mean cross-entropy of baselines on held-out tokens, with the frequencies of the training tokens; V is the size of
 * the vocabulary and n counts occurrences. One is added to each count, so that nothing is impossible (Laplace):
 *
 *   uniform  p(b) = 1 / V
 *   unigram  p(b) = (n(b) + 1) / (n + V)
 *   bigram   p(b | a) = (n(a b) + 1) / (n(a) + V)
 */
export function baselinesOf(train: Int32Array, validation: Int32Array, vocabulary: number): Baselines {
  const counts = new Float64Array(vocabulary);
  const pairs = new Map<number, number>();
  train.forEach((token, at) => {
    counts[token]++;
    if (at === 0) return;
    const pair = train[at - 1] * vocabulary + token;
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  });
  const predicted = validation.length - 1;
  let [unigram, bigram] = [0, 0];
  for (let at = 1; at <= predicted; at++) {
    const [a, b] = [validation[at - 1], validation[at]];
    unigram -= Math.log((counts[b] + 1) / (train.length + vocabulary));
    bigram -= Math.log(((pairs.get(a * vocabulary + b) ?? 0) + 1) / (counts[a] + vocabulary));
  }
  return { uniform: Math.log(vocabulary), unigram: unigram / predicted, bigram: bigram / predicted };
}
