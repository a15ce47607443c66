import { symbolsOf } from '../../data/transcripts.js';
import type { Metric } from './metric.js';
import { weightedMean } from './metric.js';
import type { TranscriptPredictions } from './predictions.js';

/** The least number of insertions, deletions and substitutions that make one sequence of another (Levenshtein 1966). */
export function editDistance(from: readonly string[], to: readonly string[]): number {
  let before = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [row, symbol] of from.entries()) {
    const next = [row + 1];
    for (let at = 0; at < to.length; at++)
      next.push(Math.min(before[at] + Number(symbol !== to[at]), before[at + 1] + 1, next[at] + 1));
    before = next;
  }
  return before[to.length];
}

/**
 * The headline metrics of transcripts:
 *
 *   wordErrorRate = Σ_r w[r]·edits of words[r] / Σ_r w[r]·words of the target[r]
 *   characterErrorRate = the same of characters
 *   exact = the fraction of the transcripts without an error
 *
 * Edits are insertions, deletions and substitutions, so that a rate may exceed 1.
 */
export function transcriptMetrics({ targets, outputs }: TranscriptPredictions): Record<string, Metric> {
  const errorRate = (of: 'words' | 'characters'): Metric => {
    const symbols = targets.map((text) => symbolsOf(text, of));
    const edits = symbols.map((target, row) => editDistance(symbolsOf(outputs[row], of), target));
    const [meanEdits, meanLength] = [weightedMean(edits), weightedMean(symbols.map(({ length }) => length))];
    return (weights) => meanEdits(weights) / meanLength(weights);
  };
  return {
    wordErrorRate: errorRate('words'),
    characterErrorRate: errorRate('characters'),
    exact: weightedMean(targets.map((text, row) => Number(text === outputs[row]))),
  };
}
