import type { Tensor } from '../../tensor/index.js';
import {
  absoluteErrorRows,
  binaryCrossEntropyRows,
  categoricalCrossEntropyRows,
  cosineRows,
  hingeRows,
  huberRows,
  klDivergenceRows,
  poissonRows,
  sparseCategoricalCrossEntropyRows,
  squaredErrorRows,
} from '../row-losses.js';

/**
 * A function from a model's output and the targets, both (batch, ...), to a number for each row (batch) or for each
 * step (batch, steps).
 */
export type RowFunction = (output: Tensor, targets: Tensor) => Tensor;

/**
 * Losses by Keras's names; the formulas are in row-losses.ts. Outputs are probabilities, unless the name ends in
 * FromLogits.
 */
export const losses = {
  categoricalCrossentropy: (p, t) => categoricalCrossEntropyRows(p, t),
  categoricalCrossentropyFromLogits: (x, t) => categoricalCrossEntropyRows(x, t, { fromLogits: true }),
  sparseCategoricalCrossentropy: (p, t) => sparseCategoricalCrossEntropyRows(p, t),
  sparseCategoricalCrossentropyFromLogits: (x, t) => sparseCategoricalCrossEntropyRows(x, t, { fromLogits: true }),
  binaryCrossentropy: (p, t) => binaryCrossEntropyRows(p, t),
  binaryCrossentropyFromLogits: (x, t) => binaryCrossEntropyRows(x, t, { fromLogits: true }),
  meanSquaredError: squaredErrorRows,
  meanAbsoluteError: absoluteErrorRows,
  huber: (x, t) => huberRows(x, t),
  klDivergence: (p, t) => klDivergenceRows(p, t),
  poisson: poissonRows,
  hinge: hingeRows,
  /** Negative cosine similarity -x·t / (|x|·|t|) of output x and target t. */
  cosineSimilarity: (x, t) => cosineRows(x, t).neg(),
} as const satisfies Readonly<Record<string, RowFunction>>;

/** Whether the targets of a loss are class indices of i32. */
export const takesClasses = (loss: string): boolean => loss.startsWith('sparse');
