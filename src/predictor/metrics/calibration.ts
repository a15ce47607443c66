/** The rows whose confidence lies in one interval. */
export interface CalibrationBin {
  /** The interval of confidences; `to` belongs to it, `from` does not (but 0 does). */
  readonly from: number;
  readonly to: number;
  /** The number of rows. */
  readonly rows: number;
  /** Their mean confidence. */
  readonly confidence: number;
  /** The fraction of them that are right. */
  readonly accuracy: number;
}

/** How far confidences are from frequencies. */
export interface Calibration {
  /** Intervals of equal width; those without rows are left out. */
  readonly bins: readonly CalibrationBin[];
  /** The expected calibration error: Σ rows/all · |accuracy - confidence| over the bins. */
  readonly error: number;
}

/**
 * The reliability diagram and the expected calibration error (Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017).
 * @param confidences (rows) The probability that the model gives to what it predicts.
 * @param correct (rows) 1 where it is right, 0 where it is not.
 */
export function calibrationOf(confidences: ArrayLike<number>, correct: ArrayLike<number>, binCount = 10): Calibration {
  const bins = Array.from({ length: binCount }, () => ({ rows: 0, confidence: 0, correct: 0 }));
  for (let row = 0; row < confidences.length; row++) {
    const bin = bins[Math.min(binCount - 1, Math.max(0, Math.ceil(confidences[row] * binCount) - 1))];
    bin.rows++;
    bin.confidence += confidences[row];
    bin.correct += correct[row];
  }
  const means = bins.map(({ rows, confidence, correct }, bin) => ({
    from: bin / binCount,
    to: (bin + 1) / binCount,
    rows,
    confidence: confidence / rows,
    accuracy: correct / rows,
  }));
  const filled = means.filter(({ rows }) => rows > 0);
  const error = filled.reduce(
    (sum, { rows, confidence, accuracy }) => sum + (rows / confidences.length) * Math.abs(accuracy - confidence),
    0,
  );
  return { bins: filled, error };
}
