/**
 * A metric of some rows, as a function of how often each row counts: (rows) -> number. With all weights 1 it is the
 * metric, with 0 and 1 that of a slice, and with the counts of a resample that of the resample. NaN where it is not
 * defined, such as the area under the ROC curve of one class.
 */
export type Metric = (weights: ArrayLike<number>) => number;

/** The mean of one value per row: Σ w v / Σ w. */
export const weightedMean =
  (values: ArrayLike<number>): Metric =>
  (weights) => {
    let [sum, total] = [0, 0];
    for (let row = 0; row < values.length; row++) {
      sum += weights[row] * values[row];
      total += weights[row];
    }
    return sum / total;
  };

/** Weights that count each of some rows once. */
export const allRows = (rows: number): Float64Array => new Float64Array(rows).fill(1);
