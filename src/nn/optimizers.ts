import { gradOrNone } from '../tensor/autograd.js';
import { startReading } from '../tensor/evaluate.js';
import { checkTensors } from '../tensor/graph/graph.js';
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
} from '../tensor/options.js';
import { allFinite, LossScale } from './loss-scale.js';
import { applyState, Counter, uniqueNames, valuesOf } from './module.js';
import type { StoredTensor } from './safetensors.js';
import type { Schedule } from './schedules.js';

/** The number of steps in flight beyond which `step` waits: enough to keep the device busy while the host prepares. */
const IN_FLIGHT = 2;

/** Options of `Optimizer.step`. */
export interface StepOptions {
  /** Further tensors, such as logits, to evaluate together with the loss at the parameters' values before the step. */
  readonly also?: readonly Tensor[];
}

/** Options that all optimizers have. */
export interface OptimizerOptions {
  /** The learning rate: a number of 0 or above, or a schedule. The default is that of the optimizer. */
  readonly learningRate?: number | Schedule;
  /** Decoupled weight decay: θ ← θ - learningRate · weightDecay · θ in each step. Default 0. */
  readonly weightDecay?: number;
  /** The parameters that weight decay applies to, such as the matrices. Default: all. */
  readonly decayed?: readonly Variable[];
  /** Clips each element of the gradients to [-clipValue, clipValue]. Default: not clipped. */
  readonly clipValue?: number;
  /** Scales the gradients down to this global norm √Σ|g|² where theirs is larger. Default: not scaled. */
  readonly clipNorm?: number;
  /** Number of steps whose gradients are averaged into one update, for batches that do not fit in memory. Default 1. */
  readonly accumulate?: number;
  /**
   * Decay a, within [0, 1), of an exponential moving average of each parameter, average ← a · average + (1 - a) · θ,
   * for `swapAverages` (Polyak and Juditsky 1992). After the first t updates a is at most t / (t + 9), so that the
   * average soon forgets the initial values. Default: no averages are kept.
   */
  readonly averageDecay?: number;
  /**
   * Loss scale for mixed precision: the loss is multiplied by it before the gradients are computed, and the gradients
   * are divided by it afterwards. A 'dynamic' scale starts at 2^15, is halved whenever a gradient is not finite, and
   * doubles after 2000 consecutive finite steps. A step with non-finite gradients changes neither parameters nor
   * moments, but counts as a step. Default: no scaling.
   */
  readonly lossScale?: number | 'dynamic';
}

const rateCheck: Check = {
  expected: 'a finite number of 0 or above, or a schedule',
  fits: (value) => value === undefined || typeof value === 'function' || nonNegative.fits(value),
};

const OPTIMIZERS: Check = {
  expected: 'a list of optimizers',
  fits: (value) => Array.isArray(value) && value.length > 0 && value.every((one) => one instanceof Optimizer),
};

const tensors: Check = {
  expected: 'an array of tensors',
  fits: (value) => Array.isArray(value) && value.every((element) => element instanceof Tensor),
};

const CHECKS: Checks<OptimizerOptions> = {
  learningRate: rateCheck,
  weightDecay: optional(nonNegative),
  decayed: {
    expected: 'an array of variables',
    fits: (value) =>
      value === undefined || (Array.isArray(value) && value.every((element) => element instanceof Variable)),
  },
  clipValue: {
    expected: 'a number of 0 or above',
    fits: (value) => value === undefined || (typeof value === 'number' && value >= 0),
  },
  clipNorm: optional(nonNegative),
  accumulate: optional(positiveInteger),
  averageDecay: optional(fraction),
  lossScale: anything,
};

/** The update rule of an optimizer. */
interface UpdateRule {
  /** The op that computes the new parameter and moments. */
  readonly update: typeof adamUpdate;
  /** The names of the moments kept for each parameter. */
  readonly moments: readonly string[];
  /** The initial value of the moments. Default 0. */
  readonly initialMoment?: number;
  /** The op's hyperparameters other than learning rate and weight decay, at update t, counted from 1. */
  hyperparameters(t: number): Readonly<Record<string, number>>;
}

/** A parameter with the state that the optimizer keeps for it. */
interface Slot {
  readonly parameter: Variable;
  /** The parameter's name in the optimizer's state: unique, and fixed by the constructor. */
  readonly name: string;
  readonly moments: readonly Variable[];
  /** The sum of the gradients so far, if they are accumulated over several steps. */
  readonly sum: Variable | undefined;
  /** The moving average of the parameter, if `averageDecay` is given. */
  readonly average: Variable | undefined;
}

/** The gradient of the loss with respect to the parameter of a slot. */
interface Gradient {
  readonly slot: Slot;
  readonly gradient: Tensor;
}

/** The base class of optimizers. A step (gradients, updates and loss) is one plan and one submission to the device. */
export abstract class Optimizer {
  /** The parameters that the optimizer updates. */
  readonly parameters: readonly Variable[];
  #learningRate: number | Schedule;
  readonly #rule: UpdateRule;
  readonly #slots: readonly Slot[];
  readonly #options: OptimizerOptions;
  readonly #lossScale: LossScale | undefined;
  readonly #steps = new Counter();
  readonly #inFlight: Promise<void>[] = [];

  /** `checks` holds the checks of the options that the subclass adds to `OptimizerOptions`. */
  protected constructor(
    parameters: readonly Variable[],
    rule: UpdateRule,
    learningRate: number | Schedule,
    options: OptimizerOptions,
    checks: Readonly<Record<string, Check>> = {},
  ) {
    const where = new.target.name;
    checkOptions(where, options, { ...CHECKS, ...checks });
    if (!Array.isArray(parameters) || !parameters.every((parameter) => parameter instanceof Variable))
      throw new TesseraError(`${where}: expected an array of variables first, such as model.parameters()`);
    if (parameters.length === 0)
      throw new TesseraError(
        `${where}: expected at least one parameter, got none; a module has those of its public fields that are not frozen`,
      );
    const repeated = firstRepeated(parameters);
    if (repeated !== undefined)
      throw new TesseraError(
        `${where}: '${repeated.name}' is given twice; give each parameter once, as [...new Set(all)]`,
      );
    const stranger = options.decayed?.find((variable) => !parameters.includes(variable));
    if (stranger !== undefined)
      throw new TesseraError(`${where}: '${stranger.name}' is to decay, but is none of the parameters given first`);
    const { accumulate = 1, averageDecay } = options;
    this.parameters = parameters;
    this.#learningRate = learningRate;
    this.#rule = rule;
    this.#options = options;
    this.#lossScale = options.lossScale === undefined ? undefined : new LossScale(options.lossScale);
    const names = uniqueNames(parameters.map(({ name }) => name));
    this.#slots = parameters.map((parameter, index) => {
      const stateVariable = (suffix: string, initial = 0) =>
        new Variable(new Float32Array(parameter.size).fill(initial), parameter.shape, `${parameter.name}.${suffix}`);
      return {
        parameter,
        name: names[index],
        moments: rule.moments.map((moment) => stateVariable(moment, rule.initialMoment)),
        sum: accumulate === 1 ? undefined : stateVariable('sum'),
        average: averageDecay === undefined ? undefined : stateVariable('average'),
      };
    });
  }

  /** The learning rate or its schedule. It may be changed between steps: it is data, so the plan is reused. */
  get learningRate(): number | Schedule {
    return this.#learningRate;
  }

  /** @throws TesseraError if it is neither a schedule nor a finite number of 0 or above. */
  set learningRate(rate: number | Schedule) {
    expectValue(this.constructor.name, 'learningRate', rate, rateCheck);
    this.#learningRate = rate;
  }

  /** The number of steps taken, including those that only accumulated gradients. */
  get steps(): number {
    return this.#steps.value;
  }

  /** The number of times the parameters were updated. */
  get updates(): number {
    return Math.floor(this.steps / (this.#options.accumulate ?? 1));
  }

  /**
   * Computes the gradients of the loss and updates all parameters. The values of the loss and of the `also` tensors,
   * available afterwards, are those before the update. A parameter that the loss does not depend on keeps its value and
   * its moments, as in PyTorch. A step that fails does not count.
   *
   * @throws TesseraError if the loss depends on none of the parameters.
   */
  step(loss: Tensor, options: StepOptions = {}): Promise<void> {
    return Optimizer.stepAll(loss, [this], options);
  }

  /**
   * Takes one step of several optimizers on one loss, such as two with different learning rates. All use the gradients
   * at the parameters' values before the step.
   *
   * @throws TesseraError if two of them change the same parameter, or the loss depends on no parameter of one of them.
   */
  static async stepAll(loss: Tensor, optimizers: readonly Optimizer[], options: StepOptions = {}): Promise<void> {
    checkTensors('step', [loss]);
    expectValue('step', 'optimizers', optimizers, OPTIMIZERS);
    const { also = [] } = checkOptions('step', options, { also: optional(tensors) });
    const repeated = firstRepeated(optimizers.flatMap((optimizer) => optimizer.parameters));
    if (repeated !== undefined) throw new TesseraError(`step: two optimizers update '${repeated.name}'`);
    const updates = optimizers.flatMap((optimizer) => optimizer.#updates(loss));
    await startReading([loss, ...also, ...updates, ...trackedAssigns([loss])]);
    for (const optimizer of optimizers) optimizer.#steps.value++;
    const [first] = optimizers;
    first.#inFlight.push(loss.pending ?? Promise.resolve());
    if (first.#inFlight.length > IN_FLIGHT) await first.#inFlight.shift();
  }

  /**
   * The tensors that `step` evaluates besides the loss, for `explain` and `profile`. To take the step by evaluating
   * them, call `resumeAt(steps + 1)` afterwards.
   */
  assigns(loss: Tensor): Tensor[] {
    return [...this.#updates(loss), ...trackedAssigns([loss])];
  }

  /** The assigns of one step: those of an update, or those that accumulate gradients towards one. */
  #updates(loss: Tensor): Tensor[] {
    const { accumulate = 1 } = this.#options;
    const scaled = this.#lossScale === undefined ? loss : this.#lossScale.scaled(loss);
    const gradients = gradOrNone(scaled, this.parameters);
    const used = this.#slots.flatMap((slot, index) => {
      const gradient = gradients[index];
      return gradient === undefined ? [] : [{ slot, gradient }];
    });
    if (used.length === 0) {
      const names = this.#slots.slice(0, 3).map(({ name }) => `'${name}'`);
      throw new TesseraError(
        `${this.constructor.name}: the loss depends on none of the ${this.#slots.length} parameters ` +
          `(${names.join(', ')}${this.#slots.length > names.length ? ', ...' : ''}), or only through ops without gradient`,
      );
    }
    const unscaled = this.#unscaled(used);
    if (accumulate === 1) return this.#changes(unscaled);
    const sums = unscaled.map(({ slot, gradient }) => {
      const term = gradient.div(accumulate);
      return { slot, gradient: slot.sum === undefined ? term : slot.sum.add(term) };
    });
    if ((this.steps + 1) % accumulate !== 0)
      return sums.flatMap(({ slot, gradient }) => (slot.sum === undefined ? [] : [slot.sum.assign(gradient)]));
    // Parameters that only earlier steps accumulated gradients for are updated too.
    const earlier = this.#slots.filter((slot) => !unscaled.some((gradient) => gradient.slot === slot));
    const accumulated = earlier.flatMap((slot) =>
      slot.sum === undefined ? [] : [{ slot, gradient: slot.sum.mul(1) }],
    );
    const cleared = this.#slots.flatMap(({ sum }) => (sum === undefined ? [] : [sum.assign(zeros(sum.shape))]));
    return [...this.#changes([...sums, ...accumulated]), ...cleared];
  }

  /** Divides gradients by the loss scale, if there is one. */
  #unscaled(gradients: readonly Gradient[]): readonly Gradient[] {
    if (this.#lossScale === undefined) return gradients;
    const unscaled = this.#lossScale.unscaled(gradients.map(({ gradient }) => gradient));
    return gradients.map(({ slot }, index) => ({ slot, gradient: unscaled[index] }));
  }

  /** The assigns that update parameters, moments, averages and the loss scale. */
  #changes(gradients: readonly Gradient[]): Tensor[] {
    const { update, hyperparameters } = this.#rule;
    const { weightDecay = 0, decayed, averageDecay = 0, clipValue = Number.POSITIVE_INFINITY } = this.#options;
    const values = gradients.map(({ gradient }) => gradient);
    const finite = this.#lossScale === undefined ? undefined : allFinite(values);
    const clipScale = clipScaleOf(values, this.#options);
    // The update op changes nothing where the scale is 0.
    const scale = finite === undefined ? clipScale : where(finite, clipScale, 0);
    const settings = {
      rate: this.#rateNow(),
      limit: clipValue,
      ...hyperparameters(this.updates + 1),
    };
    const next = new Map<Slot, readonly Tensor[]>();
    const updateSome = (some: readonly Gradient[], decay: number) => {
      const states = some.map(({ slot: { parameter, moments }, gradient }) => ({ parameter, gradient, moments }));
      const results = updateAll(update, scale, states, { ...settings, decay });
      for (const [index, { slot }] of some.entries()) next.set(slot, results[index]);
    };
    const isDecayed = ({ slot: { parameter } }: Gradient) => decayed?.includes(parameter) ?? true;
    updateSome(gradients.filter(isDecayed), weightDecay);
    updateSome(
      gradients.filter((gradient) => !isDecayed(gradient)),
      0,
    );
    // The average starts as the parameter itself.
    const decay = Math.min(averageDecay, this.updates / (this.updates + 9));
    const assigns = this.#slots.flatMap((slot) => {
      const { parameter, moments, average } = slot;
      const values = next.get(slot) ?? [];
      const changes = values.map((value, output) => [parameter, ...moments][output].assign(value));
      if (average === undefined) return changes;
      return [...changes, average.assign(average.mul(decay).add((values[0] ?? parameter).mul(1 - decay)))];
    });
    return finite === undefined || this.#lossScale === undefined
      ? assigns
      : [...assigns, ...this.#lossScale.assigns(finite)];
  }

  /**
   * The learning rate of the next update.
   * @throws TesseraError if the schedule does not give a finite number of 0 or above.
   */
  #rateNow(): number {
    const rate = this.#learningRate;
    if (typeof rate === 'number') return rate;
    const now = rate(this.updates);
    expectValue(this.constructor.name, `the schedule's learning rate at step ${this.updates}`, now, nonNegative);
    return now;
  }

  /**
   * Swaps the parameters with their moving averages: call it before evaluating the model, and again before training on.
   * @throws TesseraError if no averages are kept, or no step was taken.
   */
  async swapAverages(): Promise<void> {
    const pairs = this.#slots.flatMap(({ parameter, average }) =>
      average === undefined ? [] : [{ parameter, average }],
    );
    if (pairs.length === 0 || this.updates === 0)
      throw new TesseraError('swapAverages: there are no averages; pass averageDecay, and take a step first');
    await startReading(
      pairs.flatMap(({ parameter, average }) => [parameter.assign(average), average.assign(parameter)]),
    );
  }

  /** The optimizer's own variables by name: moments, accumulated gradients, averages and the loss scale. */
  variables(): Map<string, Variable> {
    const variables = new Map(this.#lossScale?.state());
    for (const { name, moments, sum, average } of this.#slots) {
      for (const [index, moment] of moments.entries()) variables.set(`${name}.${this.#rule.moments[index]}`, moment);
      if (sum !== undefined) variables.set(`${name}.sum`, sum);
      if (average !== undefined) variables.set(`${name}.average`, average);
    }
    return variables;
  }

  /**
   * The optimizer's complete state by name: its variables and `steps`. The names are those that the parameters had when
   * the optimizer was created; of parameters with equal names, later ones end in `_1`, `_2` and so on.
   */
  async state(): Promise<Map<string, StoredTensor>> {
    return new Map([...(await valuesOf(this.variables())), ['steps', this.#steps.stored()]]);
  }

  /**
   * Restores a state, as `state` returned it.
   * @throws TesseraError if a name is missing or unexpected, or a shape differs. The optimizer is then unchanged.
   */
  loadState(values: ReadonlyMap<string, StoredTensor>): void {
    if (!(values instanceof Map) || !values.has('steps'))
      throw new TesseraError("loadState: the state has no 'steps'; is it an optimizer's?");
    applyState(values, this.variables(), new Map([['steps', this.#steps]]), true);
  }

  /** Frees the memory of the optimizer's own variables; the parameters are kept. */
  dispose(): void {
    for (const variable of this.variables().values()) variable.dispose();
  }

  /** Sets the number of steps taken, such as after steps taken by evaluating `assigns`. */
  resumeAt(steps: number): void {
    this.#steps.value = steps;
  }
}

/** The first parameter that occurs a second time, if any. */
const firstRepeated = (parameters: readonly Variable[]): Variable | undefined =>
  parameters.find((parameter, index) => parameters.indexOf(parameter) !== index);

const ONE = tensor([1]);

/** The factor (1) that clips the global norm of gradients already clipped by value: min(1, clipNorm / √Σ|g|²). */
function clipScaleOf(gradients: readonly Tensor[], { clipValue, clipNorm }: OptimizerOptions): Tensor {
  if (clipNorm === undefined) return ONE;
  const clipped =
    clipValue === undefined ? gradients : gradients.map((gradient) => gradient.clip(-clipValue, clipValue));
  const norm = clipped
    .map((gradient) => gradient.square().sum())
    .reduce((sum, square) => sum.add(square))
    .sqrt();
  return where(norm.greater(clipNorm), norm.reciprocal().mul(clipNorm), 1).reshape([1]);
}

/** Options of `SGD`. */
export interface SGDOptions extends OptimizerOptions {
  /** The momentum μ. Default 0: no velocity is kept. */
  readonly momentum?: number;
  /** Whether to use Nesterov momentum. Default false. */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent with learning rate η = 0.01 by default, gradient g and optional momentum μ, as in Keras:
 *
 *   θ ← θ - η·g                       without momentum
 *   v ← μ·v - η·g;  θ ← θ + v         with momentum
 *   v ← μ·v - η·g;  θ ← θ + μ·v - η·g with `nesterov`
 */
export class SGD extends Optimizer {
  /** @throws TesseraError if an option is out of range, or `nesterov` is set without momentum. */
  constructor(parameters: readonly Variable[], options: SGDOptions = {}) {
    const { learningRate = 0.01, momentum = 0, nesterov = false } = options ?? {};
    const withMomentum = {
      update: nesterov ? nesterovUpdate : momentumUpdate,
      moments: ['velocity'],
      hyperparameters: () => ({ momentum }),
    };
    const plain = { update: sgdUpdate, moments: [], hyperparameters: () => ({}) };
    const checks = { momentum: optional(nonNegative), nesterov: optional(boolean) };
    super(parameters, momentum === 0 ? plain : withMomentum, learningRate, options, checks);
    if (nesterov && momentum === 0) throw new TesseraError('SGD: nesterov needs a momentum above 0');
  }
}

/** Options of `Adam` and `AdamW`. */
export interface AdamOptions extends OptimizerOptions {
  /** The decay β₁ of the mean of the gradient, within [0, 1). Default 0.9. */
  readonly beta1?: number;
  /** The decay β₂ of the mean of the squared gradient, within [0, 1). Default 0.999. */
  readonly beta2?: number;
  /** The term ε that keeps the denominator from being zero. Default 1e-7. */
  readonly epsilon?: number;
}

/**
 * Adam (Kingma and Ba 2015) with the defaults of Keras. At update t, with learning rate η = 0.001 and gradient g:
 *
 *   m ← β₁·m + (1 - β₁)·g;   v ← β₂·v + (1 - β₂)·g²
 *   θ ← θ - η · (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε)
 */
export class Adam extends Optimizer {
  constructor(parameters: readonly Variable[], options: AdamOptions = {}) {
    const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options ?? {};
    const hyperparameters = (t: number) => ({
      beta1,
      beta2,
      epsilon,
      correction1: 1 - beta1 ** t,
      correction2: 1 - beta2 ** t,
    });
    const checks = { beta1: optional(fraction), beta2: optional(fraction), epsilon: optional(nonNegative) };
    super(parameters, { update: adamUpdate, moments: ['m', 'v'], hyperparameters }, learningRate, options, checks);
  }
}

/**
 * AdamW (Loshchilov and Hutter 2019): Adam with decoupled weight decay, θ ← θ - η·weightDecay·θ, where weightDecay is
 * 0.004 by default as in Keras.
 */
export class AdamW extends Adam {
  constructor(parameters: readonly Variable[], options: AdamOptions = {}) {
    const { weightDecay = 0.004 } = options ?? {};
    super(parameters, typeof options === 'object' ? { ...options, weightDecay } : options);
  }
}

/** Options of `RMSprop`. */
export interface RMSpropOptions extends OptimizerOptions {
  /** The decay ρ of the mean of the squared gradient, within [0, 1). Default 0.9. */
  readonly rho?: number;
  /** The term ε that keeps the denominator from being zero. Default 1e-7. */
  readonly epsilon?: number;
}

/**
 * RMSprop (Hinton 2012) with the defaults of Keras, learning rate η = 0.001 and gradient g:
 *
 *   v ← ρ·v + (1 - ρ)·g²
 *   θ ← θ - η·g / (√v + ε)
 */
export class RMSprop extends Optimizer {
  constructor(parameters: readonly Variable[], options: RMSpropOptions = {}) {
    const { learningRate = 1e-3, rho = 0.9, epsilon = 1e-7 } = options ?? {};
    const rule = { update: rmspropUpdate, moments: ['v'], hyperparameters: () => ({ rho, epsilon }) };
    const checks = { rho: optional(fraction), epsilon: optional(nonNegative) };
    super(parameters, rule, learningRate, options, checks);
  }
}

/** Options of `Adagrad`. */
export interface AdagradOptions extends OptimizerOptions {
  /** The term ε that keeps the denominator from being zero. Default 1e-7. */
  readonly epsilon?: number;
  /** The initial value of v. Default 0.1. */
  readonly initialAccumulator?: number;
}

/**
 * Adagrad (Duchi et al. 2011) with the defaults of Keras, learning rate η = 0.001 and gradient g:
 *
 *   v ← v + g²
 *   θ ← θ - η·g / √(v + ε)
 */
export class Adagrad extends Optimizer {
  constructor(parameters: readonly Variable[], options: AdagradOptions = {}) {
    const { learningRate = 1e-3, epsilon = 1e-7, initialAccumulator = 0.1 } = options ?? {};
    const rule = {
      update: adagradUpdate,
      moments: ['v'],
      initialMoment: initialAccumulator,
      hyperparameters: () => ({ epsilon }),
    };
    const checks = { epsilon: optional(nonNegative), initialAccumulator: optional(nonNegative) };
    super(parameters, rule, learningRate, options, checks);
  }
}
