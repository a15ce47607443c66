import type { Tensor } from '../../tensor/index.js';
import type { Metric } from './metrics.js';

/** What a batch adds to one number of the logs. */
export interface Part {
  readonly name: string;
  readonly metric: Metric;
  readonly sums: Tensor;
}

type Tell = (batch: number) => Promise<void>;

/**
 * Loss and metrics of an epoch, from the sums of its batches. It reads one batch behind, so that the device has work
 * while the host prepares the next.
 */
export class Tally {
  #rows = 0;
  #loss = 0;
  #batches = 0;
  readonly #sums = new Map<string, { metric: Metric; values: number[] }>();
  #last: (() => Promise<void>) | undefined;

  /**
   * Takes a batch, whose values are on their way, and reads the one before; `tell` hears of each batch that was read.
   */
  async add(loss: Tensor, parts: readonly Part[], rows: number, tell?: Tell): Promise<void> {
    const before = this.#last;
    this.#last = () => this.#read(loss, parts, rows);
    await this.#finishOne(before, tell);
  }

  /** Reads what is left. */
  async finish(tell?: Tell): Promise<void> {
    const before = this.#last;
    this.#last = undefined;
    await this.#finishOne(before, tell);
  }

  async #finishOne(read: (() => Promise<void>) | undefined, tell?: Tell): Promise<void> {
    if (read === undefined) return;
    await read();
    await tell?.(this.#batches++);
  }

  async #read(loss: Tensor, parts: readonly Part[], rows: number): Promise<void> {
    this.#rows += rows;
    this.#loss += rows * (await loss.item());
    for (const { name, metric, sums } of parts) {
      const added = Array.from(await sums.data(), Number);
      const known = this.#sums.get(name)?.values;
      this.#sums.set(name, { metric, values: added.map((value, index) => value + (known?.[index] ?? 0)) });
    }
  }

  /** The numbers of the batches that were read. */
  logs(): Record<string, number> {
    const named = [...this.#sums].map(
      ([name, { metric, values }]) => [name, metric.value(values, this.#rows)] as const,
    );
    return { loss: this.#loss / this.#rows, ...Object.fromEntries(named) };
  }
}
