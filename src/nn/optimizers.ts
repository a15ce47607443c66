import {
  adamUpdate,
  grad,
  momentumUpdate,
  sgdUpdate,
  startReading,
  type Tensor,
  TesseraError,
  Variable,
} from '../tensor/index.js';

/** How many steps may be on their way before `step` waits: enough to keep the device busy while the host prepares. */
const IN_FLIGHT = 2;

export interface StepOptions {
  /** Further tensors to compute on the weights of before the step, such as logits: their values come with the loss. */
  readonly also?: readonly Tensor[];
}

/** Changes parameters so that a loss falls. A step is one plan and one submission: gradients, updates and loss. */
export abstract class Optimizer {
  /** May be changed between steps; it is data, so the plan stays. */
  learningRate: number;
  readonly parameters: readonly Variable[];
  #steps = 0;
  readonly #inFlight: Promise<void>[] = [];

  constructor(parameters: readonly Variable[], learningRate: number) {
    if (parameters.length === 0)
      throw new TesseraError(`${new.target.name}: expected at least one parameter, got none`);
    if (!(learningRate > 0))
      throw new TesseraError(`${new.target.name}: the learning rate must be above 0, got ${learningRate}`);
    this.parameters = parameters;
    this.learningRate = learningRate;
  }

  /** How many steps were taken. */
  get steps(): number {
    return this.#steps;
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
    const gradients = grad(loss, this.parameters);
    return this.parameters.flatMap((parameter, index) => this.update(parameter, gradients[index]!, this.#steps + 1));
  }

  /** The assigns of one parameter, at step t (from 1). */
  protected abstract update(parameter: Variable, gradient: Tensor, t: number): Tensor[];

  /** Everything that the next step depends on, beside the parameters, by name. */
  state(): Map<string, Variable> {
    return new Map();
  }

  /** Goes on as after `steps` steps. */
  resumeAt(steps: number): void {
    this.#steps = steps;
  }
}

const zerosLike = (parameter: Variable, name: string): Variable =>
  new Variable(new Float32Array(parameter.size), parameter.shape, `${parameter.name}.${name}`);

export interface SGDOptions {
  readonly learningRate?: number;
  readonly momentum?: number;
}

/** Stochastic gradient descent: θ ← θ - rate·g; with momentum, velocity ← momentum·velocity - rate·g, θ ← θ + velocity. */
export class SGD extends Optimizer {
  readonly #momentum: number;
  readonly #velocities: Variable[];

  constructor(parameters: readonly Variable[], { learningRate = 0.01, momentum = 0 }: SGDOptions = {}) {
    super(parameters, learningRate);
    this.#momentum = momentum;
    this.#velocities = momentum === 0 ? [] : parameters.map((parameter) => zerosLike(parameter, 'velocity'));
  }

  protected override update(parameter: Variable, gradient: Tensor): Tensor[] {
    const velocity = this.#velocities[this.parameters.indexOf(parameter)];
    if (velocity === undefined) return [parameter.assign(sgdUpdate(parameter, gradient, { rate: this.learningRate }))];
    const numbers = { rate: this.learningRate, momentum: this.#momentum };
    const [next, moved] = momentumUpdate.all(parameter, gradient, velocity, numbers) as [Tensor, Tensor];
    return [parameter.assign(next), velocity.assign(moved)];
  }

  override state(): Map<string, Variable> {
    return new Map(this.#velocities.map((velocity, index) => [`${this.parameters[index]!.name}.velocity`, velocity]));
  }
}

export interface AdamOptions {
  readonly learningRate?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/** Adam (Kingma and Ba 2015), with the defaults of Keras. All of a parameter's update is one dispatch, in place. */
export class Adam extends Optimizer {
  readonly #numbers: Required<Omit<AdamOptions, 'learningRate'>>;
  readonly #moments: { m: Variable; v: Variable }[];

  constructor(
    parameters: readonly Variable[],
    { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: AdamOptions = {},
  ) {
    super(parameters, learningRate);
    this.#numbers = { beta1, beta2, epsilon };
    this.#moments = parameters.map((parameter) => ({ m: zerosLike(parameter, 'm'), v: zerosLike(parameter, 'v') }));
  }

  protected override update(parameter: Variable, gradient: Tensor, t: number): Tensor[] {
    const { m, v } = this.#moments[this.parameters.indexOf(parameter)]!;
    const { beta1, beta2 } = this.#numbers;
    const corrections = { correction1: 1 - beta1 ** t, correction2: 1 - beta2 ** t };
    const numbers = { rate: this.learningRate, ...this.#numbers, ...corrections };
    const [next, newM, newV] = adamUpdate.all(parameter, gradient, m, v, numbers) as [Tensor, Tensor, Tensor];
    return [parameter.assign(next), m.assign(newM), v.assign(newV)];
  }

  override state(): Map<string, Variable> {
    return new Map(
      this.#moments.flatMap(({ m, v }, index) => {
        const { name } = this.parameters[index]!;
        return [[`${name}.m`, m] as const, [`${name}.v`, v] as const];
      }),
    );
  }
}
