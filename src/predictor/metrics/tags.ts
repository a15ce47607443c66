import type { Metric } from './metric.js';
import type { TagPredictions } from './predictions.js';
import { averagePrecision } from './ranking.js';

/** A tag is predicted from this probability on. */
export const TAG_THRESHOLD = 0.5;

/** One column of row-major values: (rows). */
export const columnOf = (values: ArrayLike<number>, column: number, width: number): Float64Array =>
  Float64Array.from({ length: values.length / width }, (_, row) => values[row * width + column]);

/**
 * The headline metrics of tags, of which each is predicted from probability 0.5 on:
 *
 *   microF1 = 2 TP / (2 TP + FP + FN), with the counts of all tags added up
 *   macroF1 = the mean of each tag's F1, over the tags that occur as targets or predictions
 *   meanAveragePrecision = the mean of each tag's average precision, over the tags that occur as targets
 */
export function tagMetrics({ tags, targets, outputs }: TagPredictions): Record<string, Metric> {
  const width = tags.length;
  const perTag = (weights: ArrayLike<number>) => {
    const [hits, either] = [new Float64Array(width), new Float64Array(width)];
    for (let at = 0, row = 0; at < targets.length; row++)
      for (let tag = 0; tag < width; tag++, at++) {
        const predicted = outputs[at] >= TAG_THRESHOLD ? 1 : 0;
        either[tag] += weights[row] * (predicted + targets[at]);
        hits[tag] += weights[row] * predicted * targets[at];
      }
    return { hits, either };
  };
  const precisions = tags.map((_, tag) =>
    averagePrecision(columnOf(outputs, tag, width), columnOf(targets, tag, width)),
  );
  return {
    microF1: (weights) => {
      const { hits, either } = perTag(weights);
      return (2 * hits.reduce(add, 0)) / either.reduce(add, 0);
    },
    macroF1: (weights) => {
      const { hits, either } = perTag(weights);
      return meanOfDefined(Array.from(hits, (hit, tag) => (2 * hit) / either[tag]));
    },
    meanAveragePrecision: (weights) => meanOfDefined(precisions.map((precision) => precision(weights))),
  };
}

const add = (a: number, b: number): number => a + b;

function meanOfDefined(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.reduce(add, 0) / defined.length;
}
