import { randomWindows, type Windows } from '../data/tokens/windows.js';
import type { GPT } from '../models/index.js';
import { AdamW, cosineDecay, type Schedule, type StoredTensor, warmUp } from '../nn/index.js';
import { Generator } from '../tensor/generator.js';
import { checkFinite, TesseraError } from '../tensor/index.js';
import type { GPTTrainingConfig } from './config.js';
import { estimateLoss, lossOf } from './losses.js';
import { BEGINNING, bestOf, type EvaluationRecord, type GPTProgress } from './progress.js';
import type { TextData } from './text-data.js';

/** A training at some step: continued from here, it takes the same steps as one that was not interrupted. */
export interface GPTState {
  readonly progress: GPTProgress;
  /** The tensors by name: `model.*` and `optimizer.*`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** Options of `trainGPT`. */
export interface TrainGPTOptions {
  readonly seed: number;
  /** The state to continue from. Default: a new training. */
  readonly start?: GPTState;
  /** A signal that stops the training, which then saves its state and returns. */
  readonly signal?: AbortSignal;
  /** Called after each step. */
  onStep?(step: { readonly steps: number; readonly loss: number }): void;
  /** Called after each evaluation. */
  onEvaluation?(record: EvaluationRecord): void | Promise<void>;
  /** Writes a text with the model, which is in inference mode; the steps are the seed. */
  sample?(steps: number): Promise<string>;
  /** Keeps parameters that are better than those before, by the loss of the held-out text. */
  keep(parameters: ReadonlyMap<string, StoredTensor>): Promise<void>;
  /** Saves a state: called when the training begins, after each evaluation, at least every minute, and at the end. */
  save(state: GPTState): Promise<void>;
}

/** The error of a training whose values are no longer finite. Continued from the state that is kept, it fails again. */
export class DivergedError extends TesseraError {}

/** The maximum time between two saved states, in milliseconds. */
const SAVE_MILLISECONDS = 60_000;
/** AdamW's ε of nanoGPT, PyTorch's default, and its decay of the mean gradient. */
const [EPSILON, BETA_1] = [1e-8, 0.9];

/** The optimizer of a training: AdamW that decays matrices alone, and clips gradients, at `scheduleOf`'s rates. */
export const optimizerOf = (model: GPT, config: GPTTrainingConfig): AdamW =>
  new AdamW(model.parameters(), {
    learningRate: scheduleOf(config),
    beta1: BETA_1,
    beta2: config.beta2,
    epsilon: EPSILON,
    weightDecay: config.weightDecay,
    decayed: model.decayedParameters(),
    clipNorm: config.clipNorm,
    accumulate: config.accumulate,
  });

/** The learning rate by step: linear warm-up, then half a cosine down to the final rate. */
export const scheduleOf = ({ learningRate, finalLearningRate, warmUp: first, steps }: GPTTrainingConfig): Schedule =>
  warmUp(first, cosineDecay(learningRate, steps - first, finalLearningRate));

/**
 * Trains a GPT on random blocks of a text, with AdamW, warm-up and cosine decay, and keeps the best parameters by the
 * estimated loss of the held-out text.
 *
 * @throws DivergedError if a loss or a parameter is not finite: it names the op, and the last saved state is kept.
 */
export async function trainGPT(
  model: GPT,
  data: TextData,
  config: GPTTrainingConfig,
  options: TrainGPTOptions,
): Promise<GPTProgress> {
  const training = new Training(model, data, config, options);
  try {
    return await training.run();
  } finally {
    training.dispose();
  }
}

class Training {
  readonly #optimizer: AdamW;
  readonly #schedule: Schedule;
  readonly #random: Generator;
  #progress: GPTProgress;
  /** Whether the next step is the first since the training began or was continued. */
  #isFirst = true;
  #saved: GPTState | undefined;
  #savedAt = performance.now();

  constructor(
    private readonly model: GPT,
    private readonly data: TextData,
    private readonly config: GPTTrainingConfig,
    private readonly options: TrainGPTOptions,
  ) {
    this.#schedule = scheduleOf(config);
    this.#random = new Generator(options.seed);
    this.#optimizer = optimizerOf(model, config);
    this.#progress = options.start?.progress ?? BEGINNING;
    if (options.start !== undefined) this.#restore(options.start);
  }

  async run(): Promise<GPTProgress> {
    const { signal } = this.options;
    this.model.train();
    if (this.#saved === undefined) await this.#save();
    while (!signal?.aborted && !this.#progress.finished) {
      if (this.#isDue()) await this.#evaluate();
      else await this.#takeStep();
    }
    if (this.#saved?.progress !== this.#progress) await this.#save();
    return this.#progress;
  }

  dispose(): void {
    this.#optimizer.dispose();
  }

  /** Whether the steps so far are to be evaluated. */
  #isDue(): boolean {
    const { steps, history } = this.#progress;
    const { evaluateEvery, steps: all } = this.config;
    return steps > 0 && (steps % evaluateEvery === 0 || steps === all) && history.at(-1)?.steps !== steps;
  }

  async #takeStep(): Promise<void> {
    const begin = performance.now();
    const loss = await this.#step(this.#progress.steps);
    const time = performance.now() - begin;
    const { steps, milliseconds, timed } = this.#progress;
    if (!Number.isFinite(loss)) throw await this.#diverged(`the loss is ${loss}`);
    this.#progress = {
      ...this.#progress,
      steps: steps + 1,
      milliseconds: milliseconds + time,
      timed: this.#isFirst ? timed : { steps: timed.steps + 1, milliseconds: timed.milliseconds + time },
    };
    this.#isFirst = false;
    this.options.onStep?.({ steps: steps + 1, loss });
    if (performance.now() - this.#savedAt > SAVE_MILLISECONDS) await this.#save();
  }

  /**
   * Takes a step: one update by the mean gradient of its batches. Returns their mean loss before the update. `isChecked`
   * looks for values that are not finite first.
   */
  async #step(step: number, isChecked = false): Promise<number> {
    let sum = 0;
    for (const windows of this.#batches(step)) {
      const loss = lossOf(this.model, windows);
      if (isChecked) await checkFinite(loss, ...this.#optimizer.assigns(loss));
      await this.#optimizer.step(loss);
      sum += await loss.item();
    }
    return sum / this.config.accumulate;
  }

  /** The batches of a step, which depend on the seed and the step alone. */
  *#batches(step: number): globalThis.Generator<Windows> {
    const { batch, accumulate } = this.config;
    for (let at = 0; at < accumulate; at++) {
      const generator = this.#random.fork(`batch ${step * accumulate + at}`);
      yield randomWindows(this.data.train, batch, this.model.options.block, generator);
    }
  }

  async #evaluate(): Promise<void> {
    const { signal } = this.options;
    try {
      await this.#endEvaluation(await this.#measure());
    } catch (error) {
      // These steps are then evaluated when the training continues.
      if (signal?.aborted && error === signal.reason) return;
      throw error;
    }
  }

  async #measure(): Promise<EvaluationRecord> {
    const { batch, evaluationBatches } = this.config;
    const { steps, milliseconds } = this.#progress;
    const { signal, sample } = this.options;
    const estimate = (part: 'train' | 'validation') =>
      estimateLoss(this.model, this.data[part], {
        batch,
        batches: evaluationBatches,
        generator: this.#random.fork(`evaluation ${steps} ${part}`),
        signal,
      });
    const [train, validation] = [await estimate('train'), await estimate('validation')];
    if (!Number.isFinite(train + validation)) throw await this.#diverged(`the loss is ${train + validation}`);
    this.model.eval();
    const written = (await sample?.(steps)) ?? '';
    this.model.train();
    return { steps, train, validation, learningRate: this.#schedule(steps - 1), milliseconds, sample: written };
  }

  async #endEvaluation(record: EvaluationRecord): Promise<void> {
    const best = bestOf(this.#progress);
    const isBest = best === undefined || record.validation < best.validation;
    if (isBest) await this.options.keep(await this.model.state());
    this.#progress = {
      ...this.#progress,
      history: [...this.#progress.history, record],
      best: isBest ? record.steps : this.#progress.best,
      finished: record.steps === this.config.steps,
    };
    await this.#save();
    await this.options.onEvaluation?.(record);
  }

  async #save(): Promise<void> {
    const tensors = new Map<string, StoredTensor>();
    for (const [name, value] of await this.model.state()) tensors.set(`model.${name}`, value);
    for (const [name, value] of await this.#optimizer.state()) tensors.set(`optimizer.${name}`, value);
    for (const [name, { data }] of tensors)
      if (!data.every(Number.isFinite)) throw await this.#diverged(`'${name}' has values that are not finite`);
    const state = { progress: this.#progress, tensors };
    await this.options.save(state);
    this.#saved = state;
    this.#savedAt = performance.now();
  }

  #restore(state: GPTState): void {
    const under = (prefix: string) =>
      new Map(
        [...state.tensors].flatMap(([name, tensor]) =>
          name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : [],
        ),
      );
    this.model.loadState(under('model.'));
    this.#optimizer.loadState(under('optimizer.'));
    this.#saved = state;
  }

  /** The error of a training that has diverged. The steps since the last saved state are taken again to find the op. */
  async #diverged(what: string): Promise<DivergedError> {
    const { steps } = this.#progress;
    const saved = this.#saved;
    const cause = saved === undefined ? undefined : await this.#firstNotFinite(saved, steps);
    return new DivergedError(
      `${what} after ${steps} steps: the training has diverged${cause === undefined ? '' : ` (${cause})`}; ` +
        `the state after ${saved?.progress.steps ?? 0} steps is kept; train again with a smaller --learning-rate`,
      { cause },
    );
  }

  /** What `checkFinite` finds in the steps from a saved state on, up to the last one. */
  async #firstNotFinite(saved: GPTState, last: number): Promise<string | undefined> {
    try {
      this.#restore(saved);
      this.model.train();
      // The last two steps are checked: one that ends well may leave what the next one cannot use.
      for (let step = saved.progress.steps; step <= last; step++) await this.#step(step, step >= last - 1);
    } catch (error) {
      if (error instanceof TesseraError) return error.message.replace('checkFinite: ', '');
      throw error;
    }
    return undefined;
  }
}
