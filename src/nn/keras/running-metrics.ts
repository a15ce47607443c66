import type { Tensor } from '../../tensor/index.js';
import type { Metric } from './metrics.js';

/** The sums of one metric over a batch, under its name in the logs. */
export interface BatchSums {
  readonly name: string;
  readonly metric: Metric;
  readonly sums: Tensor;
}

type OnBatch = (batch: number) => Promise<void>;

/**
 * Accumulates loss and metrics over the batches of an epoch. It reads each batch only when the next one is added, so
 * that the device has work while the host prepares.
 */
export class RunningMetrics {
  #rows = 0;
  #loss = 0;
  #batches = 0;
  readonly #sums = new Map<string, { metric: Metric; values: number[] }>();
  #pending: (() => Promise<void>) | undefined;

  /** Adds a submitted batch and reads the previous one. `onBatch` is called once a batch has been read. */
  async add(loss: Tensor, sums: readonly BatchSums[], rows: number, onBatch?: OnBatch): Promise<void> {
    const previous = this.#pending;
    this.#pending = () => this.#read(loss, sums, rows);
    await this.#finishBatch(previous, onBatch);
  }

  /** Reads the last batch. */
  async finish(onBatch?: OnBatch): Promise<void> {
    const last = this.#pending;
    this.#pending = undefined;
    await this.#finishBatch(last, onBatch);
  }

  async #finishBatch(read: (() => Promise<void>) | undefined, onBatch?: OnBatch): Promise<void> {
    if (read === undefined) return;
    await read();
    await onBatch?.(this.#batches++);
  }

  async #read(loss: Tensor, batchSums: readonly BatchSums[], rows: number): Promise<void> {
    this.#rows += rows;
    this.#loss += rows * (await loss.item());
    for (const { name, metric, sums } of batchSums) {
      const added = Array.from(await sums.data(), Number);
      const total = this.#sums.get(name)?.values;
      this.#sums.set(name, { metric, values: added.map((value, index) => value + (total?.[index] ?? 0)) });
    }
  }

  /** The mean loss and the metrics over all batches read so far, by name. */
  logs(): Record<string, number> {
    const entries = [...this.#sums].map(
      ([name, { metric, values }]) => [name, metric.value(values, this.#rows)] as const,
    );
    return { loss: this.#loss / this.#rows, ...Object.fromEntries(entries) };
  }
}
