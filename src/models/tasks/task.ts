import { Module } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';

/** A task h: the fused vector -> outputs, with the loss that trains it. */
export abstract class Task extends Module {
  /** Computes the raw outputs (batch, outputs): logits, or standardized numbers. */
  abstract forward(fused: Tensor): Tensor;
  /** The mean loss of a batch: a scalar. `weights` (batch) weighs the rows. */
  abstract loss(outputs: Tensor, target: Tensor, weights?: Tensor): Tensor;
  /** What the outputs say: probabilities, or numbers in the target's unit. */
  abstract predict(outputs: Tensor): Tensor;
}
