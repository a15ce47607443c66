import { PARTS, type SchemaTarget, targetOf } from '../data/schema.js';
import type { RunConfig } from '../predictor/config.js';
import type { RunData } from '../predictor/data.js';
import { DEFAULT_METRIC, METRICS } from '../predictor/metrics.js';
import { taskTarget } from '../predictor/targets.js';
import type { EpochRecord } from '../predictor/training-state.js';
import { leftOut } from './reading.js';
import { shownMetric } from './shown-metric.js';
import { sparkline } from './sparkline.js';
import type { Progress, Terminal } from './terminal.js';

/** The display of a training in the terminal. */
export class TrainingView {
  readonly #metric: string;
  #progress: Progress | undefined;
  #validation = '';
  #begin = 0;
  #first = 0;

  constructor(
    private readonly terminal: Terminal,
    private readonly config: RunConfig,
    target: SchemaTarget,
  ) {
    this.#metric = DEFAULT_METRIC[taskTarget(target).task];
  }

  /** Shows what is trained on. */
  data({ schema, errors, ...data }: RunData): void {
    const { terminal } = this;
    if (errors.count > 0) terminal.note(errors.summary());
    const { column } = targetOf(schema);
    const fields = schema.fields.map(({ column, kind }) => `${column} (${kind})`).join(', ');
    terminal.note(`fields: ${fields}; target: ${column}`);
    terminal.note(`rows: ${PARTS.map((part) => `${data[part].length} ${part}`).join(', ')}`);
    if (data.withoutTarget > 0) terminal.note(leftOut(data.withoutTarget, column));
    terminal.note('the first step prepares the kernels, which may take a while');
  }

  step({ steps, total, epoch, loss }: { steps: number; total: number; epoch: number; loss: number }): void {
    const { terminal, config } = this;
    if (this.#progress === undefined) {
      this.#progress = terminal.progress(total, 'training');
      [this.#begin, this.#first] = [performance.now(), steps];
    }
    const seconds = (performance.now() - this.#begin) / 1000;
    const since = steps - this.#first;
    const rows = since > 0 ? `, ${Math.round((since * config.training.batch) / seconds)} rows/s` : '';
    this.#progress.update(steps, `epoch ${epoch}, loss ${loss.toFixed(3)}${this.#validation}${rows}`, total);
  }

  epoch({ epoch, loss, validation }: EpochRecord): void {
    this.#validation = `, validation ${METRICS[this.#metric].title} ${shownMetric(this.#metric, validation[this.#metric])}`;
    if (!process.stderr.isTTY) this.terminal.note(`epoch ${epoch}: loss ${loss.toFixed(4)}${this.#validation}`);
  }

  /** Ends the display of progress. */
  stop(): void {
    this.#progress?.stop();
  }

  /** Draws the loss and the validation metric over the epochs, on a terminal. */
  curve(history: readonly EpochRecord[]): void {
    if (!process.stderr.isTTY || history.length < 2) return;
    const line = (title: string, values: readonly number[], shown: (value: number) => string) =>
      this.terminal.note(`${title} ${sparkline(values)} ${shown(values[0])} to ${shown(values[values.length - 1])}`);
    const { title } = METRICS[this.#metric];
    line(
      'training loss'.padEnd(title.length),
      history.map(({ loss }) => loss),
      (loss) => loss.toFixed(3),
    );
    line(
      title.padEnd('training loss'.length),
      history.map(({ validation }) => validation[this.#metric]),
      (value) => shownMetric(this.#metric, value),
    );
  }
}
