import { concatenate, Linear, Module } from '../nn/index.js';
import { Generator } from '../tensor/generator.js';
import { type Tensor, TesseraError } from '../tensor/index.js';
import { checkOptions, listOf, nonNegativeInteger, optional, positiveInteger } from '../tensor/options.js';

/** Sizes of a `SigmaFusion`. */
export interface SigmaFusionSizes {
  /** Features of the two inputs. */
  readonly inputs: readonly [number, number];
  /** Units of the two encoders. Default [64, 64]. */
  readonly encoded?: readonly [number, number];
  /** Units of g. Default 64. */
  readonly fused?: number;
  /** Units of h. */
  readonly classes: number;
  /** Seed of the initial values. Default 0. */
  readonly seed?: number;
}

/**
 * Two modalities, each encoded, fused by concatenation, and classified, each stage a σ(Wx + b):
 *
 *   f1(x1) = σ(W1·x1 + b1)        f2(x2) = σ(W2·x2 + b2)
 *   g(f1, f2) = σ(W3·[f1; f2] + b3)
 *   y = h(g) = σ(W4·g + b4)
 *
 * x1 (batch, inputs[0]), x2 (batch, inputs[1]) -> y (batch, classes), each element within (0, 1).
 */
export class SigmaFusion extends Module {
  /** Encodes x1. */
  readonly f1: Linear;
  /** Encodes x2. */
  readonly f2: Linear;
  /** Fuses both. */
  readonly g: Linear;
  /** Classifies. */
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

  /** @throws TesseraError if the batches differ, or an input has not its number of features. */
  forward(x1: Tensor, x2: Tensor): Tensor {
    if (x1.shape[0] !== x2.shape[0]) {
      throw new TesseraError(`SigmaFusion: the inputs' batches differ: ${x1.describe()} and ${x2.describe()}`);
    }
    return this.h.forward(this.g.forward(concatenate(this.f1.forward(x1), this.f2.forward(x2))));
  }
}
