import {
  adagradUpdate,
  adamUpdate,
  grad,
  momentumUpdate,
  nesterovUpdate,
  rmspropUpdate,
  sgdUpdate,
  startReading,
  type Tensor,
  TesseraError,
  tensor,
  trackedAssigns,
  updateAll,
  Variable,
  where,
  zeros,
} from '../tensor/index.js';

import { allFinite, LossScale } from './loss-scale.js';
import type { Schedule } from './schedules.js';

/** How many steps may be on their way before `step` waits: enough to keep the device busy while the host prepares. */
const IN_FLIGHT = 2;

/** What else a step brings. */
export interface StepOptions {
  /** Further tensors to compute on the weights of before the step, such as logits: their values come with the loss. */
  readonly also?: readonly Tensor[];
}

/** Settings that all optimizers have. */
export interface OptimizerOptions {
  /** A number, or a schedule of the step. */
  readonly learningRate?: number | Schedule;
  /** Parameters shrink by learningRate · weightDecay of themselves at each step, apart from the gradient. Default 0. */
  readonly weightDecay?: number;
  /** Gradients are cut to [-clipValue, clipValue]. */
  readonly clipValue?: number;
  /** All gradients together are scaled down to this length, where they are longer. */
  readonly clipNorm?: number;
  /** Averages the gradients of so many steps before the parameters change: a larger batch than fits. Default 1. */
  readonly accumulate?: number;
  /**
   * Keeps a moving average of each parameter, average ← a · average + (1 - a) · parameter, for `swapAverages`
   * (Polyak and Juditsky 1992). a lies within [0, 1).
   */
  readonly averageDecay?: number;
  /**
   * For products in half precision: the loss is multiplied by it before gradients are computed, and they are divided by it
   * afterwards. 'dynamic' finds it: it begins at 2^15, halves where a gradient is not finite, and doubles after 2000 other
   * steps. A step with gradients that are not finite leaves parameters and moments as they were, but counts as a step.
   * Default: none.
   */
  readonly lossScale?: number | 'dynamic';
}

/** How an optimizer changes a parameter: an op, the names of its moments, and what they start from. */
interface Rule {
  readonly update: typeof adamUpdate;
  readonly moments: readonly string[];
  readonly start?: number;
  /** The op's numbers beside rate and decay, at step t (from 1). */
  numbers(t: number): Readonly<Record<string, number>>;
}

/** Changes parameters so that a loss falls. A step is one plan and one submission: gradients, updates and loss. */
export abstract class Optimizer {
  /** May be changed between steps; it is data, so the plan stays. */
  learningRate: number | Schedule;
  /** What it changes. */
  readonly parameters: readonly Variable[];
  readonly #rule: Rule;
  readonly #moments: readonly (readonly Variable[])[];
  /** Sums of gradients, where several steps make one change. */
  readonly #sums: readonly Variable[];
  readonly #averages: readonly Variable[];
  readonly #options: OptimizerOptions;
  readonly #lossScale: LossScale | undefined;
  #steps = 0;
  readonly #inFlight: Promise<void>[] = [];

  protected constructor(
    parameters: readonly Variable[],
    rule: Rule,
    rate: number | Schedule,
    options: OptimizerOptions,
  ) {
    const name = new.target.name;
    if (parameters.length === 0) throw new TesseraError(`${name}: expected at least one parameter, got none`);
    if (typeof rate === 'number' && !(rate > 0))
      throw new TesseraError(`${name}: the learning rate must be above 0, got ${rate}`);
    for (const key of ['weightDecay', 'clipValue', 'clipNorm'] as const) {
      const value = options[key];
      if (value !== undefined && !(value >= 0))
        throw new TesseraError(`${name}: ${key} must be 0 or above, got ${value}`);
    }
    const { accumulate = 1, averageDecay } = options;
    if (!Number.isInteger(accumulate) || accumulate < 1)
      throw new TesseraError(`${name}: accumulate must be a whole number from 1, got ${accumulate}`);
    if (averageDecay !== undefined && !(averageDecay >= 0 && averageDecay < 1))
      throw new TesseraError(`${name}: averageDecay must lie within [0, 1), got ${averageDecay}`);
    this.parameters = parameters;
    this.learningRate = rate;
    this.#rule = rule;
    this.#options = options;
    this.#lossScale = options.lossScale === undefined ? undefined : new LossScale(options.lossScale);
    const beside = (parameter: Variable, what: string, start = 0) =>
      new Variable(new Float32Array(parameter.size).fill(start), parameter.shape, `${parameter.name}.${what}`);
    this.#moments = parameters.map((parameter) => rule.moments.map((moment) => beside(parameter, moment, rule.start)));
    this.#sums = accumulate === 1 ? [] : parameters.map((parameter) => beside(parameter, 'sum'));
    this.#averages = averageDecay === undefined ? [] : parameters.map((parameter) => beside(parameter, 'average'));
  }

  /** How many steps were taken, those that only gathered gradients included. */
  get steps(): number {
    return this.#steps;
  }

  /** How often the parameters were changed. */
  get updates(): number {
    return Math.floor(this.#steps / (this.#options.accumulate ?? 1));
  }

  /**
   * One step: gradients of the loss, updates of all parameters. Afterwards `loss.item()` and the `also` tensors bring
   * the values they had before the update.
   *
   * @throws TesseraError if a parameter has no part in the loss.
   */
  async step(loss: Tensor, { also = [] }: StepOptions = {}): Promise<void> {
    const assigns = this.assigns(loss);
    this.#steps++;
    await startReading([loss, ...also, ...assigns]);
    this.#inFlight.push(loss.pending ?? Promise.resolve());
    if (this.#inFlight.length > IN_FLIGHT) await this.#inFlight.shift();
  }

  /** What `step` would evaluate beside the loss: to be looked at with `explain`. */
  assigns(loss: Tensor): Tensor[] {
    const { accumulate = 1 } = this.#options;
    const tracked = trackedAssigns([loss]);
    const own =
      this.#lossScale === undefined
        ? grad(loss, this.parameters)
        : this.#lossScale.unscaled(grad(this.#lossScale.scaled(loss), this.parameters));
    const sums = this.#sums.map((sum, index) => sum.add(own[index].div(accumulate)));
    if ((this.#steps + 1) % accumulate !== 0)
      return [...this.#sums.map((sum, index) => sum.assign(sums[index])), ...tracked];
    const cleared = this.#sums.map((sum) => sum.assign(zeros(sum.shape)));
    return [...this.#changes(accumulate === 1 ? own : sums), ...cleared, ...tracked];
  }

  /** Assigns that change parameters, moments and averages by gradients. */
  #changes(gradients: readonly Tensor[]): Tensor[] {
    const { update, numbers } = this.#rule;
    const { weightDecay = 0, averageDecay = 0, clipValue = Number.POSITIVE_INFINITY } = this.#options;
    const finite = this.#lossScale === undefined ? undefined : allFinite(gradients);
    const whole = scaleOf(gradients, this.#options);
    // A scale of 0 leaves everything as it is.
    const scale = finite === undefined ? whole : where(finite, whole, 0);
    const rate = typeof this.learningRate === 'number' ? this.learningRate : this.learningRate(this.updates);
    const settings = { rate, decay: weightDecay, limit: clipValue, ...numbers(this.updates + 1) };
    // The first average is the parameter itself.
    const kept = this.updates === 0 ? 0 : averageDecay;
    const states = this.parameters.map((parameter, index) => ({
      ...{ parameter, gradient: gradients[index], moments: this.#moments[index] },
    }));
    const results = updateAll(update, scale, states, settings);
    const updates = states.flatMap(({ parameter, moments }, index) => {
      const next = results[index];
      const changes = [parameter, ...moments].map((variable, output) => variable.assign(next[output]));
      const average = this.#averages[index];
      return average === undefined
        ? changes
        : [...changes, average.assign(average.mul(kept).add(next[0].mul(1 - kept)))];
    });
    return finite === undefined ? updates : [...updates, ...this.#lossScale!.assigns(finite)];
  }

  /**
   * Exchanges parameters and their moving averages: once before the model is judged, once more before it trains on.
   * @throws TesseraError if it keeps none, or no step was taken.
   */
  async swapAverages(): Promise<void> {
    if (this.#averages.length === 0 || this.updates === 0)
      throw new TesseraError('swapAverages: there are no averages; give averageDecay, and take a step first');
    const pairs = this.parameters.map((parameter, index) => [parameter, this.#averages[index]] as const);
    await startReading(pairs.flatMap(([parameter, average]) => [parameter.assign(average), average.assign(parameter)]));
  }

  /** Everything that the next step depends on, beside the parameters, by name. */
  state(): Map<string, Variable> {
    return new Map([
      ...(this.#lossScale?.state() ?? []),
      ...this.parameters.flatMap(({ name }, index) => [
        ...this.#moments[index].map((moment, at) => [`${name}.${this.#rule.moments[at]}`, moment] as const),
        ...this.#sums.slice(index, index + 1).map((sum) => [`${name}.sum`, sum] as const),
        ...this.#averages.slice(index, index + 1).map((average) => [`${name}.average`, average] as const),
      ]),
    ]);
  }

  /** Goes on as after `steps` steps. */
  resumeAt(steps: number): void {
    this.#steps = steps;
  }
}

const WHOLE = tensor([1]);

/** What shortens all gradients together, after they were cut: min(1, clipNorm / √Σ|g|²), (1). */
function scaleOf(gradients: readonly Tensor[], { clipValue, clipNorm }: OptimizerOptions): Tensor {
  if (clipNorm === undefined) return WHOLE;
  const cut = clipValue === undefined ? gradients : gradients.map((gradient) => gradient.clip(-clipValue, clipValue));
  const squares = cut.map((gradient) => gradient.square().sum());
  const length = squares.reduce((sum, one) => sum.add(one)).sqrt();
  return length.maximum(clipNorm).reciprocal().mul(clipNorm).reshape([1]);
}

/** Settings of stochastic gradient descent. */
export interface SGDOptions extends OptimizerOptions {
  /** How much of the velocity is kept. Default 0: none. */
  readonly momentum?: number;
  /** Nesterov's momentum. */
  readonly nesterov?: boolean;
}

/** Stochastic gradient descent: θ ← θ - rate·g; with momentum, velocity ← momentum·velocity - rate·g, θ ← θ + velocity. */
export class SGD extends Optimizer {
  constructor(
    parameters: readonly Variable[],
    { learningRate = 0.01, momentum = 0, nesterov = false, ...options }: SGDOptions = {},
  ) {
    const moving = {
      update: nesterov ? nesterovUpdate : momentumUpdate,
      moments: ['velocity'],
      numbers: () => ({ momentum }),
    };
    const plain = { update: sgdUpdate, moments: [], numbers: () => ({}) };
    super(parameters, momentum === 0 ? plain : moving, learningRate, options);
  }
}

/** Settings of Adam. */
export interface AdamOptions extends OptimizerOptions {
  /** How much of the mean gradient is kept. Default 0.9. */
  readonly beta1?: number;
  /** How much of the mean square gradient is kept. Default 0.999. */
  readonly beta2?: number;
  /** Keeps it from dividing by zero. Default 1e-7. */
  readonly epsilon?: number;
}

/** Adam (Kingma and Ba 2015), with the defaults of Keras. */
export class Adam extends Optimizer {
  constructor(
    parameters: readonly Variable[],
    { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, ...options }: AdamOptions = {},
  ) {
    const numbers = (t: number) => ({
      ...{ beta1, beta2, epsilon },
      ...{ correction1: 1 - beta1 ** t, correction2: 1 - beta2 ** t },
    });
    super(parameters, { update: adamUpdate, moments: ['m', 'v'], numbers }, learningRate, options);
  }
}

/** Adam with decoupled weight decay, 0.004 by default as in Keras (Loshchilov and Hutter 2019). */
export class AdamW extends Adam {
  constructor(parameters: readonly Variable[], { weightDecay = 0.004, ...options }: AdamOptions = {}) {
    super(parameters, { weightDecay, ...options });
  }
}

/** Divides by a running root mean square of the gradient (Hinton 2012), with the defaults of Keras. */
export class RMSprop extends Optimizer {
  constructor(
    parameters: readonly Variable[],
    {
      learningRate = 1e-3,
      rho = 0.9,
      epsilon = 1e-7,
      ...options
    }: OptimizerOptions & { readonly rho?: number; readonly epsilon?: number } = {},
  ) {
    const rule = { update: rmspropUpdate, moments: ['v'], numbers: () => ({ rho, epsilon }) };
    super(parameters, rule, learningRate, options);
  }
}

/** Divides by the root of the sum of all squared gradients (Duchi et al. 2011), with the defaults of Keras. */
export class Adagrad extends Optimizer {
  constructor(
    parameters: readonly Variable[],
    {
      learningRate = 1e-3,
      epsilon = 1e-7,
      initialAccumulator = 0.1,
      ...options
    }: OptimizerOptions & { readonly epsilon?: number; readonly initialAccumulator?: number } = {},
  ) {
    const rule = { update: adagradUpdate, moments: ['v'], start: initialAccumulator, numbers: () => ({ epsilon }) };
    super(parameters, rule, learningRate, options);
  }
}
