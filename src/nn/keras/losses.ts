import type { Tensor } from '../../tensor/index.js';
import { expectAlike } from '../losses.js';
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

/** A loss or metric of targets that have the shape and dtype of the output. */
export const alike =
  (name: string, rows: RowFunction): RowFunction =>
  (output, targets) => {
    expectAlike(name, output, targets);
    return rows(output, targets);
  };

/**
 * Losses by Keras's names; the formulas are in row-losses.ts. Outputs are probabilities, unless the name ends in
 * FromLogits.
 */
export const losses = {
  categoricalCrossentropy: alike('categoricalCrossentropy', (p, t) => categoricalCrossEntropyRows(p, t)),
  categoricalCrossentropyFromLogits: alike('categoricalCrossentropyFromLogits', (x, t) =>
    categoricalCrossEntropyRows(x, t, { fromLogits: true }),
  ),
  sparseCategoricalCrossentropy: (p, t) => sparseCategoricalCrossEntropyRows(p, t),
  sparseCategoricalCrossentropyFromLogits: (x, t) => sparseCategoricalCrossEntropyRows(x, t, { fromLogits: true }),
  binaryCrossentropy: alike('binaryCrossentropy', (p, t) => binaryCrossEntropyRows(p, t)),
  binaryCrossentropyFromLogits: alike('binaryCrossentropyFromLogits', (x, t) =>
    binaryCrossEntropyRows(x, t, { fromLogits: true }),
  ),
  meanSquaredError: alike('meanSquaredError', squaredErrorRows),
  meanAbsoluteError: alike('meanAbsoluteError', absoluteErrorRows),
  huber: alike('huber', (x, t) => huberRows(x, t)),
  klDivergence: alike('klDivergence', (p, t) => klDivergenceRows(p, t)),
  poisson: alike('poisson', poissonRows),
  hinge: alike('hinge', hingeRows),
  /** Negative cosine similarity -x·t / (|x|·|t|) of output x and target t. */
  cosineSimilarity: alike('cosineSimilarity', (x, t) => cosineRows(x, t).neg()),
} as const satisfies Readonly<Record<string, RowFunction>>;

/** Whether the targets of a loss are class indices of i32. */
export const takesClasses = (loss: string): boolean => loss.startsWith('sparse');
