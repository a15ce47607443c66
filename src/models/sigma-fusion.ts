import { concatenate, Linear, Module } from '../nn/index.js';
import { Generator } from '../tensor/generator.js';
import type { Tensor } from '../tensor/index.js';
import { checkOptions, listOf, nonNegativeInteger, optional, positiveInteger } from '../tensor/options.js';
import { expectTensor } from './options.js';

/** Options of `SigmaFusion`. */
export interface SigmaFusionSizes {
  /** The numbers of features of the two inputs. */
  readonly inputs: readonly [number, number];
  /** The numbers of units of the two encoders. Default [64, 64]. */
  readonly encoded?: readonly [number, number];
  /** The number of units of the fusion layer g. Default 64. */
  readonly fused?: number;
  /** The number of classes, the units of the output layer h. */
  readonly classes: number;
  /** The seed of the initial values. Default 0. */
  readonly seed?: number;
}

/**
 * A classifier of two modalities, each encoded, then fused by concatenation, in which each stage is σ(x·W + b):
 *
 *   f1 = σ(x1·W1 + b1)            (batch, encoded[0])
 *   f2 = σ(x2·W2 + b2)            (batch, encoded[1])
 *   g  = σ([f1; f2]·W3 + b3)      (batch, fused)
 *   y  = σ(g·W4 + b4)             (batch, classes)
 *
 * x1 (batch, inputs[0]), x2 (batch, inputs[1]) -> y (batch, classes), each element within (0, 1).
 */
export class SigmaFusion extends Module {
  /** Encoder of x1: W1 (inputs[0], encoded[0]), b1 (encoded[0]). */
  readonly f1: Linear;
  /** Encoder of x2: W2 (inputs[1], encoded[1]), b2 (encoded[1]). */
  readonly f2: Linear;
  /** Fusion layer: W3 (encoded[0] + encoded[1], fused), b3 (fused). */
  readonly g: Linear;
  /** Output layer: W4 (fused, classes), b4 (classes). */
  readonly h: Linear;

  constructor(sizes: SigmaFusionSizes) {
    super();
    const {
      inputs,
      encoded = [64, 64],
      fused = 64,
      classes,
      seed = 0,
    } = checkOptions('SigmaFusion', sizes, {
      inputs: listOf(positiveInteger, 2),
      encoded: optional(listOf(positiveInteger, 2)),
      fused: optional(positiveInteger),
      classes: positiveInteger,
      seed: optional(nonNegativeInteger),
    });
    const options = { activation: 'sigmoid', generator: new Generator(seed) } as const;
    this.f1 = new Linear({ inputs: inputs[0], outputs: encoded[0], ...options });
    this.f2 = new Linear({ inputs: inputs[1], outputs: encoded[1], ...options });
    this.g = new Linear({ inputs: encoded[0] + encoded[1], outputs: fused, ...options });
    this.h = new Linear({ inputs: fused, outputs: classes, ...options });
  }

  /**
   * Computes y (batch, classes). @throws TesseraError if the batch sizes differ, or an input has another number of
   * features.
   */
  forward(x1: Tensor, x2: Tensor): Tensor {
    const [batch] = expectTensor('SigmaFusion', 'x1', x1, 'f32', ['batch', this.f1.inputs]).shape;
    expectTensor('SigmaFusion', 'x2', x2, 'f32', [batch, this.f2.inputs]);
    return this.h.forward(this.g.forward(concatenate(this.f1.forward(x1), this.f2.forward(x2))));
  }
}
