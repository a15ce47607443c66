import type { Baselines } from '../../gpt/baselines.js';
import type { GPTConfig } from '../../gpt/config.js';
import type { EvaluationRecord } from '../../gpt/progress.js';
import type { TextData } from '../../gpt/text-data.js';
import { count, counted } from '../../predictor/report/numbers.js';
import { sparkline } from '../sparkline.js';
import type { Progress, Terminal } from '../terminal.js';

/** The display of a training in the terminal. */
export class GPTView {
  #progress: Progress | undefined;
  #validation = '';
  /** The steps taken since the display began, and the time they took. */
  #begin = 0;
  #first = 0;

  constructor(
    private readonly terminal: Terminal,
    private readonly config: GPTConfig,
  ) {}

  /** Shows what is trained on, and what little a model could know. */
  data({ tokenizer, train, validation, identity }: TextData, baselines: Baselines): void {
    const { terminal } = this;
    const { uniform, unigram, bigram } = baselines;
    terminal.note(
      `text: ${counted(identity.characters, 'character')}; vocabulary: ${counted(tokenizer.size, tokenizer.unit)}; ${count(train.length)} tokens to train on, ${count(validation.length)} held out`,
    );
    terminal.note(
      `baselines, nats a token: uniform ${uniform.toFixed(3)}, unigrams ${unigram.toFixed(3)}, bigrams ${bigram.toFixed(3)}`,
    );
  }

  /** Shows the sizes of the model. */
  model(parameters: number): void {
    const { layers, heads, width, block, dropout } = this.config.model;
    this.terminal.note(
      `model: ${counted(layers, 'layer')}, ${counted(heads, 'head')}, width ${width}, block ${block}, dropout ${dropout}; ${counted(parameters, 'parameter')}`,
    );
    this.terminal.note('the first step prepares the kernels, which may take a while');
  }

  step({ steps, loss }: { readonly steps: number; readonly loss: number }): void {
    const { batch, accumulate, steps: total } = this.config.training;
    if (this.#progress === undefined) {
      this.#progress = this.terminal.progress(total, 'training');
      [this.#begin, this.#first] = [performance.now(), steps];
    }
    const seconds = (performance.now() - this.#begin) / 1000;
    const since = steps - this.#first;
    const tokens = since * batch * accumulate * this.config.model.block;
    const speed = since > 0 ? `, ${count(Math.round(tokens / seconds))} tokens/s` : '';
    this.#progress.update(steps, `loss ${loss.toFixed(3)}${this.#validation}${speed}`, total);
  }

  evaluation({ steps, train, validation, sample }: EvaluationRecord): void {
    this.#validation = `, held-out ${validation.toFixed(3)}`;
    this.stop();
    this.terminal.note(`step ${steps}: training text ${train.toFixed(4)}, held-out text ${validation.toFixed(4)}`);
    if (sample !== '') this.terminal.note(sample.replace(/^/gm, '  | '));
  }

  /** Ends the display of progress; the next step begins another one. */
  stop(): void {
    this.#progress?.stop();
    this.#progress = undefined;
  }

  /** Draws the losses over the evaluations, on a terminal. */
  curve(history: readonly EvaluationRecord[]): void {
    if (!process.stderr.isTTY || history.length < 2) return;
    for (const [title, values] of [
      ['training text', history.map(({ train }) => train)],
      ['held-out text', history.map(({ validation }) => validation)],
    ] as const)
      this.terminal.note(
        `${title} ${sparkline(values)} ${values[0].toFixed(3)} to ${values[values.length - 1].toFixed(3)}`,
      );
  }
}
