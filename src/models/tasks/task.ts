import { Module } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';

/** A task h: the fused vector -> outputs, with the loss that trains it. */
export abstract class Task extends Module {
  /** The size of the fused vector that the task takes. */
  abstract readonly inputs: number;
  /** Computes the raw outputs (batch, outputs), or (batch, tokens, outputs): logits, or standardized numbers. */
  abstract forward(fused: Tensor): Tensor;
  /**
   * The mean loss of a batch: a scalar. `weights` (batch) weighs the rows; where they sum to 0 the loss is 0.
   * @throws TesseraError if outputs, target or weights have another type or shape.
   */
  abstract loss(outputs: Tensor, target: Tensor, weights?: Tensor): Tensor;
  /**
   * Computes the predictions: probabilities, or numbers in the target's unit.
   * @throws TesseraError if the outputs have another type or shape than those of `forward`.
   */
  abstract predict(outputs: Tensor): Tensor;
}

/** The mean of a loss over rows with weights v, Σ v·loss / Σ v; 0 if all weights are. */
export function weightedMean(rows: Tensor, weights: Tensor | undefined): Tensor {
  if (weights === undefined) return rows.mean();
  const total = weights.sum();
  return rows.mul(weights).sum().div(total.equal(0).where(1, total));
}
