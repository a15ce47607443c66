import { type Tensor, TesseraError, Variable, where } from '../tensor/index.js';
import { positive } from './options.js';

/** The first scale, and after how many good steps in a row it doubles. */
const FIRST = 2 ** 15;
const GROWS_AFTER = 2000;

/**
 * What a loss is multiplied by, so that small gradients do not vanish in half precision, which ends at 6e-8
 * (Micikevicius et al., "Mixed precision training", 2018). It is on the device, and so is what becomes of it:
 *
 *   all gradients finite: the scale doubles after 2000 such steps in a row        else: it halves, and the step is skipped
 */
export class LossScale {
  /** (1) */
  readonly #scale: Variable;
  /** Steps since the scale last changed, (1). */
  readonly #steps = new Variable(Float32Array.of(0), [1], 'lossScale.steps');
  readonly #isDynamic: boolean;

  /** @throws TesseraError if a number is not above 0. */
  constructor(given: number | 'dynamic') {
    if (given !== 'dynamic' && !positive.fits(given))
      throw new TesseraError(`lossScale: expected 'dynamic' or a number above 0, got ${given}`);
    this.#isDynamic = given === 'dynamic';
    this.#scale = new Variable(Float32Array.of(given === 'dynamic' ? FIRST : given), [1], 'lossScale');
  }

  /** The loss whose gradients are large enough. */
  scaled(loss: Tensor): Tensor {
    return loss.mul(this.#scale);
  }

  /** The loss's own gradients. To divide by one number is part of the kernel that makes the gradient, where it can be. */
  unscaled(gradients: readonly Tensor[]): Tensor[] {
    return gradients.map((gradient) => gradient.div(this.#scale).reshape(gradient.shape));
  }

  /** Assigns that follow a step, whose gradients were all finite or not. */
  assigns(finite: Tensor): Tensor[] {
    if (!this.#isDynamic) return [];
    const [scale, next] = [this.#scale, this.#steps.add(1)];
    const isDue = next.greaterEqual(GROWS_AFTER);
    const grown = where(isDue, scale.mul(2), scale);
    return [
      scale.assign(where(finite, grown, scale.mul(0.5).maximum(1))),
      this.#steps.assign(where(finite, where(isDue, 0, next), 0)),
    ];
  }

  /** What the next step depends on, by name. */
  state(): [string, Variable][] {
    return this.#isDynamic ? [this.#scale, this.#steps].map((variable) => [variable.name, variable]) : [];
  }
}

/** Whether no element of any tensor is infinite or no number, (1) of bool. */
export function allFinite(tensors: readonly Tensor[]): Tensor {
  const faults = tensors.map((one) => where(one.isFinite(), 0, 1).sum());
  return faults
    .reduce((sum, one) => sum.add(one))
    .equal(0)
    .reshape([1]);
}
