import { type Metric, weightedMean } from './metric.js';
import type { NumberPredictions } from './predictions.js';

/**
 * The headline metrics of a regression:
 *
 *   rmse = √(1/rows Σ (prediction - target)²)
 *   mae  = 1/rows Σ |prediction - target|
 *   r2   = 1 - Σ (prediction - target)² / Σ (target - mean)², not defined where all targets are equal
 */
export function regressionMetrics({ targets, outputs }: NumberPredictions): Record<string, Metric> {
  const errors = Float64Array.from(targets, (target, row) => outputs[row] - target);
  const squares = errors.map((error) => error ** 2);
  const meanSquare = weightedMean(squares);
  const mean = weightedMean(targets);
  const variance: Metric = (weights) => {
    const centre = mean(weights);
    let [sum, total] = [0, 0];
    for (let row = 0; row < targets.length; row++) {
      sum += weights[row] * (targets[row] - centre) ** 2;
      total += weights[row];
    }
    return sum / total;
  };
  return {
    rmse: (weights) => Math.sqrt(meanSquare(weights)),
    mae: weightedMean(errors.map(Math.abs)),
    r2: (weights) => {
      const spread = variance(weights);
      return spread === 0 ? Number.NaN : 1 - meanSquare(weights) / spread;
    },
  };
}
