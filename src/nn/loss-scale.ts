import { type Tensor, TesseraError, Variable, where } from '../tensor/index.js';
import { positive } from '../tensor/options.js';

/** The initial dynamic scale. */
const INITIAL_SCALE = 2 ** 15;
/** The number of consecutive steps with finite gradients after which the dynamic scale doubles. */
const GROWTH_INTERVAL = 2000;

/**
 * Loss scaling: the loss is multiplied by a scale so that small gradients do not underflow in f16, whose smallest
 * positive value is 6e-8 (Micikevicius et al., "Mixed precision training", 2018). The scale lives on the device. A
 * dynamic scale is updated there after each step:
 *
 *   all gradients finite     scale ← 2 · scale after 2000 such steps in a row
 *   otherwise                scale ← scale / 2, and the step is skipped
 */
export class LossScale {
  /** The current scale, (1). */
  readonly #scale: Variable;
  /** Number of steps since the scale last changed, (1). */
  readonly #steps = new Variable(Float32Array.of(0), [1], 'lossScale.steps');
  readonly #isDynamic: boolean;

  /** @throws TesseraError if the scale is neither 'dynamic' nor a number above 0. */
  constructor(scale: number | 'dynamic') {
    if (scale !== 'dynamic' && !positive.fits(scale))
      throw new TesseraError(`lossScale: expected 'dynamic' or a number above 0, got ${scale}`);
    this.#isDynamic = scale === 'dynamic';
    this.#scale = new Variable(Float32Array.of(scale === 'dynamic' ? INITIAL_SCALE : scale), [1], 'lossScale');
  }

  /** The loss multiplied by the scale. */
  scaled(loss: Tensor): Tensor {
    return loss.mul(this.#scale);
  }

  /**
   * The gradients divided by the scale. The division is fused into the kernels that compute the gradients where
   * possible.
   */
  unscaled(gradients: readonly Tensor[]): Tensor[] {
    return gradients.map((gradient) => gradient.div(this.#scale).reshape(gradient.shape));
  }

  /** The assigns that update a dynamic scale after a step; `finite` (1) says whether all gradients were finite. */
  assigns(finite: Tensor): Tensor[] {
    if (!this.#isDynamic) return [];
    const [scale, next] = [this.#scale, this.#steps.add(1)];
    const isDue = next.greaterEqual(GROWTH_INTERVAL);
    const grown = where(isDue, scale.mul(2), scale);
    return [
      scale.assign(where(finite, grown, scale.mul(0.5).maximum(1))),
      this.#steps.assign(where(finite, where(isDue, 0, next), 0)),
    ];
  }

  /** The variables of a dynamic scale by name; a fixed scale has no state. */
  state(): [string, Variable][] {
    return this.#isDynamic ? [this.#scale, this.#steps].map((variable) => [variable.name, variable]) : [];
  }
}

/** Whether all elements of all tensors are finite, (1) of bool. */
export function allFinite(tensors: readonly Tensor[]): Tensor {
  const counts = tensors.map((tensor) => where(tensor.isFinite(), 0, 1).sum());
  return counts
    .reduce((sum, count) => sum.add(count))
    .equal(0)
    .reshape([1]);
}
