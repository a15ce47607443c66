import { gradOrNone } from '../tensor/autograd.js';
import { startReading } from '../tensor/evaluate.js';
import {
  adagradUpdate,
  adamUpdate,
  momentumUpdate,
  nesterovUpdate,
  rmspropUpdate,
  sgdUpdate,
  Tensor,
  TesseraError,
  tensor,
  Variable,
  where,
  zeros,
} from '../tensor/index.js';
import { updateAll } from '../tensor/ops/optimizers.js';
import { trackedAssigns } from '../tensor/ops/track.js';
import { allFinite, LossScale } from './loss-scale.js';
import { applyState, Counter, valuesOf } from './module.js';
import {
  anything,
  boolean,
  type Check,
  type Checks,
  checkOptions,
  expectValue,
  fraction,
  nonNegative,
  optional,
  positiveInteger,
} from './options.js';
import type { StoredTensor } from './safetensors.js';
import type { Schedule } from './schedules.js';

/** How many steps may be in flight before `step` waits: enough to keep the device busy while the host prepares. */
const IN_FLIGHT = 2;

/** Options of a step. */
export interface StepOptions {
  /** Further tensors to compute on the weights of before the step, such as logits: their values come with the loss. */
  readonly also?: readonly Tensor[];
}

/** Options that all optimizers have. */
export interface OptimizerOptions {
  /** A number of 0 or above, or a schedule of the step. */
  readonly learningRate?: number | Schedule;
  /** Parameters shrink by learningRate · weightDecay of themselves at each step, apart from the gradient. Default 0. */
  readonly weightDecay?: number;
  /** Gradients are clipped to [-clipValue, clipValue]. */
  readonly clipValue?: number;
  /** Where the global norm √Σ|g|² of all gradients is larger, they are scaled down to this norm. */
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

const rateCheck: Check = {
  expected: 'a finite number of 0 or above, or a schedule',
  fits: (value) => value === undefined || typeof value === 'function' || nonNegative.fits(value),
};

const tensors: Check = {
  expected: 'an array of tensors',
  fits: (value) => Array.isArray(value) && value.every((one) => one instanceof Tensor),
};

const CHECKS: Checks<OptimizerOptions> = {
  learningRate: rateCheck,
  weightDecay: optional(nonNegative),
  clipValue: {
    expected: 'a number of 0 or above',
    fits: (value) => value === undefined || (typeof value === 'number' && value >= 0),
  },
  clipNorm: optional(nonNegative),
  accumulate: optional(positiveInteger),
  averageDecay: optional(fraction),
  lossScale: anything,
};

/** How an optimizer changes a parameter: an op, the names of its moments, and what they start from. */
interface Rule {
  readonly update: typeof adamUpdate;
  readonly moments: readonly string[];
  readonly start?: number;
  /** The op's numbers beside rate and decay, at step t (from 1). */
  numbers(t: number): Readonly<Record<string, number>>;
}

/** What an optimizer keeps for a parameter. */
interface Slot {
  readonly parameter: Variable;
  /** Names it in the state; unique in the optimizer, and fixed when it is made. */
  readonly name: string;
  readonly moments: readonly Variable[];
  /** The sum of gradients, where several steps make one change. */
  readonly sum: Variable | undefined;
  readonly average: Variable | undefined;
}

/** A slot with the gradient of its parameter. */
interface Gradient {
  readonly slot: Slot;
  readonly gradient: Tensor;
}

/** Changes parameters so that a loss falls. A step is one plan and one submission: gradients, updates and loss. */
export abstract class Optimizer {
  /** What it changes. */
  readonly parameters: readonly Variable[];
  #learningRate: number | Schedule;
  readonly #rule: Rule;
  readonly #slots: readonly Slot[];
  readonly #options: OptimizerOptions;
  readonly #lossScale: LossScale | undefined;
  readonly #steps = new Counter();
  readonly #inFlight: Promise<void>[] = [];

  /** `checks` are those of the options that a kind of optimizer adds. */
  protected constructor(
    parameters: readonly Variable[],
    rule: Rule,
    rate: number | Schedule,
    options: OptimizerOptions,
    checks: Readonly<Record<string, Check>> = {},
  ) {
    const where = new.target.name;
    checkOptions(where, options, { ...CHECKS, ...checks });
    if (!Array.isArray(parameters) || !parameters.every((parameter) => parameter instanceof Variable))
      throw new TesseraError(`${where}: expected an array of variables first, such as model.parameters()`);
    if (parameters.length === 0) throw new TesseraError(`${where}: expected at least one parameter, got none`);
    const twice = parameters.find((parameter, index) => parameters.indexOf(parameter) !== index);
    if (twice !== undefined)
      throw new TesseraError(
        `${where}: '${twice.name}' is given twice; give each parameter once, as [...new Set(all)]`,
      );
    const { accumulate = 1, averageDecay } = options;
    this.parameters = parameters;
    this.#learningRate = rate;
    this.#rule = rule;
    this.#options = options;
    this.#lossScale = options.lossScale === undefined ? undefined : new LossScale(options.lossScale);
    const names = uniqueNames(parameters);
    this.#slots = parameters.map((parameter, index) => {
      const beside = (what: string, start = 0) =>
        new Variable(new Float32Array(parameter.size).fill(start), parameter.shape, `${parameter.name}.${what}`);
      return {
        parameter,
        name: names[index],
        moments: rule.moments.map((moment) => beside(moment, rule.start)),
        sum: accumulate === 1 ? undefined : beside('sum'),
        average: averageDecay === undefined ? undefined : beside('average'),
      };
    });
  }

  /** The rate, or its schedule. May be changed between steps; it is data, so the plan stays. */
  get learningRate(): number | Schedule {
    return this.#learningRate;
  }

  /** @throws TesseraError if it is neither a schedule nor a finite number of 0 or above. */
  set learningRate(rate: number | Schedule) {
    expectValue(this.constructor.name, 'learningRate', rate, rateCheck);
    this.#learningRate = rate;
  }

  /** How many steps were taken, those that only gathered gradients included. */
  get steps(): number {
    return this.#steps.value;
  }

  /** How often the parameters were changed. */
  get updates(): number {
    return Math.floor(this.steps / (this.#options.accumulate ?? 1));
  }

  /**
   * One step: gradients of the loss, updates of all parameters. Afterwards `loss.item()` and the `also` tensors bring
   * the values they had before the update. A parameter that the loss does not depend on stays as it is, with its moments
   * (as in PyTorch). A step that fails does not count.
   *
   * @throws TesseraError if the loss depends on none of the parameters.
   */
  step(loss: Tensor, options: StepOptions = {}): Promise<void> {
    return Optimizer.stepAll(loss, [this], options);
  }

  /**
   * One step of several optimizers on one loss, such as two with different learning rates: all take the gradients at the
   * values of before the step.
   *
   * @throws TesseraError if two of them change the same parameter, or the loss depends on no parameter of one of them.
   */
  static async stepAll(loss: Tensor, optimizers: readonly Optimizer[], options: StepOptions = {}): Promise<void> {
    const { also = [] } = checkOptions('step', options, { also: optional(tensors) });
    const parameters = optimizers.flatMap((optimizer) => optimizer.parameters);
    const twice = parameters.find((parameter, index) => parameters.indexOf(parameter) !== index);
    if (twice !== undefined) throw new TesseraError(`step: two optimizers change '${twice.name}'`);
    const updates = optimizers.flatMap((optimizer) => optimizer.#updates(loss));
    await startReading([loss, ...also, ...updates, ...trackedAssigns([loss])]);
    for (const optimizer of optimizers) optimizer.#steps.value++;
    const { 0: first } = optimizers;
    if (first === undefined) return;
    first.#inFlight.push(loss.pending ?? Promise.resolve());
    if (first.#inFlight.length > IN_FLIGHT) await first.#inFlight.shift();
  }

  /**
   * What `step` would evaluate beside the loss: to be looked at with `explain`. Who evaluates it counts the step with
   * `resumeAt(steps + 1)`.
   */
  assigns(loss: Tensor): Tensor[] {
    return [...this.#updates(loss), ...trackedAssigns([loss])];
  }

  /** Assigns of a step on a loss. */
  #updates(loss: Tensor): Tensor[] {
    const { accumulate = 1 } = this.#options;
    const scaled = this.#lossScale === undefined ? loss : this.#lossScale.scaled(loss);
    const found = gradOrNone(scaled, this.parameters);
    const used = this.#slots.flatMap((slot, index) => {
      const gradient = found[index];
      return gradient === undefined ? [] : [{ slot, gradient }];
    });
    if (used.length === 0) {
      const names = this.#slots.slice(0, 3).map(({ name }) => `'${name}'`);
      throw new TesseraError(
        `${this.constructor.name}: the loss depends on none of the ${this.#slots.length} parameters ` +
          `(${names.join(', ')}${this.#slots.length > names.length ? ', ...' : ''}), or only through ops without gradient`,
      );
    }
    const own = this.#unscaled(used);
    if (accumulate === 1) return this.#changes(own);
    const sums = own.map(({ slot, gradient }) => {
      const share = gradient.div(accumulate);
      return { slot, gradient: slot.sum === undefined ? share : slot.sum.add(share) };
    });
    if ((this.steps + 1) % accumulate !== 0)
      return sums.flatMap(({ slot, gradient }) => (slot.sum === undefined ? [] : [slot.sum.assign(gradient)]));
    // Those whose gradients came with earlier steps only take part in the change as well.
    const earlier = this.#slots.filter((slot) => !own.some((one) => one.slot === slot));
    const gathered = earlier.flatMap((slot) => (slot.sum === undefined ? [] : [{ slot, gradient: slot.sum.mul(1) }]));
    const cleared = this.#slots.flatMap(({ sum }) => (sum === undefined ? [] : [sum.assign(zeros(sum.shape))]));
    return [...this.#changes([...sums, ...gathered]), ...cleared];
  }

  #unscaled(gradients: readonly Gradient[]): readonly Gradient[] {
    if (this.#lossScale === undefined) return gradients;
    const unscaled = this.#lossScale.unscaled(gradients.map(({ gradient }) => gradient));
    return gradients.map(({ slot }, index) => ({ slot, gradient: unscaled[index] }));
  }

  /** Assigns that change parameters, moments and averages by gradients. */
  #changes(gradients: readonly Gradient[]): Tensor[] {
    const { update, numbers } = this.#rule;
    const { weightDecay = 0, averageDecay = 0, clipValue = Number.POSITIVE_INFINITY } = this.#options;
    const own = gradients.map(({ gradient }) => gradient);
    const finite = this.#lossScale === undefined ? undefined : allFinite(own);
    const whole = scaleOf(own, this.#options);
    // A scale of 0 leaves everything as it is.
    const scale = finite === undefined ? whole : where(finite, whole, 0);
    const settings = { rate: this.#rateNow(), decay: weightDecay, limit: clipValue, ...numbers(this.updates + 1) };
    const states = gradients.map(({ slot: { parameter, moments }, gradient }) => ({ parameter, gradient, moments }));
    const results = updateAll(update, scale, states, settings);
    const next = new Map<Slot, readonly Tensor[]>(gradients.map(({ slot }, index) => [slot, results[index]]));
    // The first average is the parameter itself.
    const kept = this.updates === 0 ? 0 : averageDecay;
    const assigns = this.#slots.flatMap((slot) => {
      const { parameter, moments, average } = slot;
      const values = next.get(slot) ?? [];
      const changes = values.map((value, output) => [parameter, ...moments][output].assign(value));
      if (average === undefined) return changes;
      return [...changes, average.assign(average.mul(kept).add((values[0] ?? parameter).mul(1 - kept)))];
    });
    return finite === undefined || this.#lossScale === undefined
      ? assigns
      : [...assigns, ...this.#lossScale.assigns(finite)];
  }

  /** @throws TesseraError if a schedule gives no rate. */
  #rateNow(): number {
    const rate = this.#learningRate;
    if (typeof rate === 'number') return rate;
    const now = rate(this.updates);
    expectValue(this.constructor.name, `the schedule's learning rate at step ${this.updates}`, now, nonNegative);
    return now;
  }

  /**
   * Exchanges parameters and their moving averages: once before the model is evaluated, once more before it trains on.
   * @throws TesseraError if it keeps none, or no step was taken.
   */
  async swapAverages(): Promise<void> {
    const pairs = this.#slots.flatMap(({ parameter, average }) =>
      average === undefined ? [] : [{ parameter, average }],
    );
    if (pairs.length === 0 || this.updates === 0)
      throw new TesseraError('swapAverages: there are no averages; give averageDecay, and take a step first');
    await startReading(
      pairs.flatMap(({ parameter, average }) => [parameter.assign(average), average.assign(parameter)]),
    );
  }

  /** What it keeps on the device beside the parameters, by name: moments, sums of gradients, averages. */
  variables(): Map<string, Variable> {
    const named = this.#slots.flatMap(({ name, moments, sum, average }): [string, Variable][] => [
      ...moments.map((moment, index): [string, Variable] => [`${name}.${this.#rule.moments[index]}`, moment]),
      ...(sum === undefined ? [] : [[`${name}.sum`, sum] as [string, Variable]]),
      ...(average === undefined ? [] : [[`${name}.average`, average] as [string, Variable]]),
    ]);
    return new Map([...(this.#lossScale?.state() ?? []), ...named]);
  }

  /**
   * Everything that the next step depends on, beside the parameters, by name: its variables, and `steps`. Names are those
   * that the parameters had when it was made, with `_1`, `_2` behind the later ones of equal names.
   */
  async state(): Promise<Map<string, StoredTensor>> {
    return new Map([...(await valuesOf(this.variables())), ['steps', this.#steps.stored()]]);
  }

  /**
   * Goes on from a state, as `state` gave it.
   * @throws TesseraError if a name is missing or left over, or a shape differs; then nothing has changed.
   */
  loadState(values: ReadonlyMap<string, StoredTensor>): void {
    const { variables, counters } = { variables: this.variables(), counters: new Map([['steps', this.#steps]]) };
    if (!values.has('steps')) throw new TesseraError("loadState: the state has no 'steps'; is it an optimizer's?");
    applyState(values, variables, counters, true);
  }

  /** Gives back the memory of what it keeps; its parameters stay. */
  dispose(): void {
    for (const variable of this.variables().values()) variable.dispose();
  }

  /** Counts steps that were taken by evaluating `assigns`: goes on as after `steps` steps. */
  resumeAt(steps: number): void {
    this.#steps.value = steps;
  }
}

/** The parameters' names, the later of equal ones with a number behind. */
function uniqueNames(parameters: readonly Variable[]): string[] {
  const taken = new Set<string>();
  for (const { name } of parameters) {
    let unique = name;
    for (let number = 1; taken.has(unique); number++) unique = `${name}_${number}`;
    taken.add(unique);
  }
  return [...taken];
}

const WHOLE = tensor([1]);

/** What scales all gradients down together, after they were clipped: clipNorm / √Σ|g|² where that is below 1, else 1; (1). */
function scaleOf(gradients: readonly Tensor[], { clipValue, clipNorm }: OptimizerOptions): Tensor {
  if (clipNorm === undefined) return WHOLE;
  const clipped =
    clipValue === undefined ? gradients : gradients.map((gradient) => gradient.clip(-clipValue, clipValue));
  const norm = clipped
    .map((gradient) => gradient.square().sum())
    .reduce((sum, one) => sum.add(one))
    .sqrt();
  return where(norm.greater(clipNorm), norm.reciprocal().mul(clipNorm), 1).reshape([1]);
}

/** Options of `SGD`. */
export interface SGDOptions extends OptimizerOptions {
  /** How much of the velocity is kept. Default 0: none. */
  readonly momentum?: number;
  /** Nesterov's momentum. Default false. */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent. With rate η, gradient g and, where there is one, momentum μ:
 *
 *   θ ← θ - η·g                       without momentum
 *   v ← μ·v - η·g;  θ ← θ + v         with momentum
 *   v ← μ·v - η·g;  θ ← θ + μ·v - η·g with `nesterov`
 */
export class SGD extends Optimizer {
  /** @throws TesseraError if an option is not what it may be, or `nesterov` has no momentum. */
  constructor(parameters: readonly Variable[], options: SGDOptions = {}) {
    const { learningRate = 0.01, momentum = 0, nesterov = false } = options ?? {};
    const moving = {
      update: nesterov ? nesterovUpdate : momentumUpdate,
      moments: ['velocity'],
      numbers: () => ({ momentum }),
    };
    const plain = { update: sgdUpdate, moments: [], numbers: () => ({}) };
    const checks = { momentum: optional(nonNegative), nesterov: optional(boolean) };
    super(parameters, momentum === 0 ? plain : moving, learningRate, options, checks);
    if (nesterov && momentum === 0) throw new TesseraError('SGD: nesterov needs a momentum above 0');
  }
}

/** Options of `Adam` and `AdamW`. */
export interface AdamOptions extends OptimizerOptions {
  /** How much of the mean gradient is kept, within [0, 1). Default 0.9. */
  readonly beta1?: number;
  /** How much of the mean square gradient is kept, within [0, 1). Default 0.999. */
  readonly beta2?: number;
  /** Keeps it from dividing by zero. Default 1e-7. */
  readonly epsilon?: number;
}

/**
 * Adam (Kingma and Ba 2015), with the defaults of Keras. At update t, with rate η and gradient g:
 *
 *   m ← β₁·m + (1 - β₁)·g;   v ← β₂·v + (1 - β₂)·g²
 *   θ ← θ - η · (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε)
 */
export class Adam extends Optimizer {
  constructor(parameters: readonly Variable[], options: AdamOptions = {}) {
    const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options ?? {};
    const numbers = (t: number) => {
      const corrections = { correction1: 1 - beta1 ** t, correction2: 1 - beta2 ** t };
      return { beta1, beta2, epsilon, ...corrections };
    };
    const checks = { beta1: optional(fraction), beta2: optional(fraction), epsilon: optional(nonNegative) };
    super(parameters, { update: adamUpdate, moments: ['m', 'v'], numbers }, learningRate, options, checks);
  }
}

/** Adam with decoupled weight decay, θ ← θ - η·weightDecay·θ; 0.004 by default as in Keras (Loshchilov and Hutter 2019). */
export class AdamW extends Adam {
  constructor(parameters: readonly Variable[], options: AdamOptions = {}) {
    const { weightDecay = 0.004 } = options ?? {};
    super(parameters, typeof options === 'object' ? { ...options, weightDecay } : options);
  }
}

/** Options of `RMSprop`. */
export interface RMSpropOptions extends OptimizerOptions {
  /** How much of the mean square gradient is kept, within [0, 1). Default 0.9. */
  readonly rho?: number;
  /** Keeps it from dividing by zero. Default 1e-7. */
  readonly epsilon?: number;
}

/** RMSprop (Hinton 2012), with the defaults of Keras: v ← ρ·v + (1 - ρ)·g²;  θ ← θ - η·g / (√v + ε). */
export class RMSprop extends Optimizer {
  constructor(parameters: readonly Variable[], options: RMSpropOptions = {}) {
    const { learningRate = 1e-3, rho = 0.9, epsilon = 1e-7 } = options ?? {};
    const rule = { update: rmspropUpdate, moments: ['v'], numbers: () => ({ rho, epsilon }) };
    const checks = { rho: optional(fraction), epsilon: optional(nonNegative) };
    super(parameters, rule, learningRate, options, checks);
  }
}

/** Options of `Adagrad`. */
export interface AdagradOptions extends OptimizerOptions {
  /** Keeps it from dividing by zero. Default 1e-7. */
  readonly epsilon?: number;
  /** What v starts from. Default 0.1. */
  readonly initialAccumulator?: number;
}

/** Adagrad (Duchi et al. 2011), with the defaults of Keras: v ← v + g²;  θ ← θ - η·g / √(v + ε). */
export class Adagrad extends Optimizer {
  constructor(parameters: readonly Variable[], options: AdagradOptions = {}) {
    const { learningRate = 1e-3, epsilon = 1e-7, initialAccumulator = 0.1 } = options ?? {};
    const rule = { update: adagradUpdate, moments: ['v'], start: initialAccumulator, numbers: () => ({ epsilon }) };
    const checks = { epsilon: optional(nonNegative), initialAccumulator: optional(nonNegative) };
    super(parameters, rule, learningRate, options, checks);
  }
}
