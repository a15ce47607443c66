import { setTimeout as delay } from 'node:timers/promises';
import { busy } from './request-error.js';

/** A row that waits for its answer. */
interface Waiting<Row, Answer> {
  readonly row: Row;
  readonly since: number;
  /** Aborted where nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** Options of a `Batcher`. */
export interface BatcherOptions {
  /** The largest number of rows that are answered together. */
  readonly batch: number;
  /** How long a row waits for others, in milliseconds. */
  readonly waitMilliseconds: number;
  /** The number of rows that may wait. */
  readonly queue: number;
  /** Called with the number of rows of each batch. */
  readonly onBatch?: (rows: number) => void;
}

/**
 * Answers rows of concurrent requests together (micro-batching): a batch begins once it is full, or its first row has
 * waited long enough. Batches run one after the other; meanwhile rows wait in a queue of limited length.
 */
export class Batcher<Row, Answer> {
  #waiting: Waiting<Row, Answer>[] = [];
  #isRunning = false;
  /** Called when a row is added while a batch waits for more. */
  #onAdded = () => {};

  constructor(
    /** Answers rows, each for itself: one that is refused does not affect the others. */
    private readonly answer: (rows: readonly Row[]) => Promise<readonly PromiseSettledResult<Answer>[]>,
    private readonly options: BatcherOptions,
  ) {}

  /** The number of rows that wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /**
   * Answers rows, in their order; each has an answer or an error. Once the signal is aborted, rows that still wait are
   * dropped.
   * @throws RequestError 503 if the queue has no room for all of them; the signal's reason once it is aborted.
   */
  async add(rows: readonly Row[], signal: AbortSignal): Promise<PromiseSettledResult<Answer>[]> {
    signal.throwIfAborted();
    const { queue } = this.options;
    if (this.size + rows.length > queue)
      throw busy(`the queue has room for ${queue - this.size} more rows, got ${rows.length}; try again later`);
    const { promise: aborted, reject: abort } = withResolvers<never>();
    const onAbort = () => {
      this.#waiting = this.#waiting.filter((waiting) => waiting.signal !== signal);
      abort(signal.reason);
    };
    signal.addEventListener('abort', onAbort);
    const since = performance.now();
    const answers = rows.map((row) => {
      const { promise, resolve, reject } = withResolvers<Answer>();
      this.#waiting.push({ row, since, signal, resolve, reject });
      return promise;
    });
    this.#onAdded();
    void this.#run();
    try {
      return await Promise.race([Promise.allSettled(answers), aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Answers the rows that wait, one batch after the other. */
  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const { batch: largest, onBatch } = this.options;
    while (this.#waiting.length > 0) {
      await this.#gather();
      const batch = this.#waiting.splice(0, largest);
      if (batch.length === 0) continue;
      onBatch?.(batch.length);
      try {
        const settled = await this.answer(batch.map(({ row }) => row));
        for (const [at, result] of settled.entries()) {
          if (result.status === 'fulfilled') batch[at].resolve(result.value);
          else batch[at].reject(result.reason);
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isRunning = false;
  }

  /** Waits until a batch is full, or its first row has waited long enough. */
  async #gather(): Promise<void> {
    const until = this.#waiting[0].since + this.options.waitMilliseconds;
    while (this.size > 0 && this.size < this.options.batch) {
      const left = until - performance.now();
      if (left <= 0) return;
      const timer = new AbortController();
      const { promise: added, resolve } = withResolvers<void>();
      this.#onAdded = resolve;
      await Promise.race([added, delay(left, undefined, { signal: timer.signal }).catch(() => {})]);
      timer.abort();
    }
  }
}

/** A promise with the functions that settle it. */
function withResolvers<Value>(): {
  readonly promise: Promise<Value>;
  resolve(value: Value): void;
  reject(error: unknown): void;
} {
  let resolve: (value: Value) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<Value>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
