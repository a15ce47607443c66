import type { Metric } from './metric.js';

/** The rows of a ranking, best score first, and where each run of equal scores ends. */
interface Ranking {
  readonly order: Uint32Array;
  readonly isLastOfTie: Uint8Array;
}

function rank(scores: ArrayLike<number>): Ranking {
  const order = Uint32Array.from({ length: scores.length }, (_, row) => row).sort((a, b) => scores[b] - scores[a]);
  const isLastOfTie = new Uint8Array(order.length);
  for (let at = 0; at < order.length; at++)
    isLastOfTie[at] = at + 1 === order.length || scores[order[at + 1]] !== scores[order[at]] ? 1 : 0;
  return { order, isLastOfTie };
}

/**
 * The area under the ROC curve: the probability that a positive has a higher score than a negative, where ties count
 * half (Hanley and McNeil 1982). NaN without positives or without negatives.
 * @param scores (rows)
 * @param positive (rows) 1 for positives, 0 for negatives.
 */
export function rocAuc(scores: ArrayLike<number>, positive: ArrayLike<number>): Metric {
  const { order, isLastOfTie } = rank(scores);
  return (weights) => {
    let [above, wins] = [0, 0]; // positives with a higher score; pairs in which the positive is ranked higher
    let [tiedPositives, tiedNegatives, negatives] = [0, 0, 0];
    for (let at = 0; at < order.length; at++) {
      const row = order[at];
      if (positive[row] === 1) tiedPositives += weights[row];
      else tiedNegatives += weights[row];
      if (isLastOfTie[at] === 0) continue;
      wins += tiedNegatives * (above + tiedPositives / 2);
      above += tiedPositives;
      negatives += tiedNegatives;
      [tiedPositives, tiedNegatives] = [0, 0];
    }
    return wins / (above * negatives);
  };
}

/**
 * Average precision, the area under the precision-recall curve without interpolation: Σ_n (R_n - R_n-1) P_n over the
 * distinct scores n, from the highest down, as in scikit-learn. NaN without positives.
 * @param scores (rows)
 * @param positive (rows) 1 for positives, 0 for negatives.
 */
export function averagePrecision(scores: ArrayLike<number>, positive: ArrayLike<number>): Metric {
  const { order, isLastOfTie } = rank(scores);
  return (weights) => {
    let [correct, predicted, tied, sum] = [0, 0, 0, 0];
    for (let at = 0; at < order.length; at++) {
      const row = order[at];
      predicted += weights[row];
      if (positive[row] === 1) tied += weights[row];
      if (isLastOfTie[at] === 0) continue;
      correct += tied;
      if (tied > 0) sum += tied * (correct / predicted);
      tied = 0;
    }
    return sum / correct;
  };
}

/** A point of a precision-recall curve. */
export interface PrecisionRecallPoint {
  /** Rows with at least this score count as positive. */
  readonly threshold: number;
  /** The fraction of the rows counted as positive that are. */
  readonly precision: number;
  /** The fraction of the positives that are counted as positive. */
  readonly recall: number;
}

/**
 * The precision-recall curve: a point for each distinct score, the highest threshold first. Without positives it is
 * empty.
 * @param maximumPoints With more distinct scores, points are left out so that recalls stay about evenly spaced.
 */
export function precisionRecallCurve(
  scores: ArrayLike<number>,
  positive: ArrayLike<number>,
  maximumPoints = Number.POSITIVE_INFINITY,
): PrecisionRecallPoint[] {
  const { order, isLastOfTie } = rank(scores);
  const positives = Array.from(positive).filter((value) => value === 1).length;
  const points: PrecisionRecallPoint[] = [];
  if (positives === 0) return points;
  let correct = 0;
  for (let at = 0; at < order.length; at++) {
    correct += positive[order[at]];
    if (isLastOfTie[at] === 1)
      points.push({ threshold: scores[order[at]], precision: correct / (at + 1), recall: correct / positives });
  }
  if (points.length <= maximumPoints) return points;
  const kept: PrecisionRecallPoint[] = [points[0]];
  for (const point of points.slice(1, -1)) {
    const step = Math.abs(point.recall - kept[kept.length - 1].recall);
    if (step >= 1 / (maximumPoints - 2)) kept.push(point);
  }
  return [...kept, points[points.length - 1]];
}
