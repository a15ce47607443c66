/*
 * Statistics of values that come one after the other, in bounded memory.
 */

/** Mean and deviation of numbers that come one after the other (Welford 1962). */
export class Moments {
  count = 0;
  mean = 0;
  #squares = 0;

  add(value: number): void {
    this.count++;
    const difference = value - this.mean;
    this.mean += difference / this.count;
    this.#squares += difference * (value - this.mean);
  }

  /** The standard deviation √(Σ (x - mean)² / n); 1 where all numbers are equal, so that it can divide. */
  get deviation(): number {
    return Math.sqrt(this.#squares / this.count) || 1;
  }
}

/** The number of distinct values that are counted before the rarest are dropped. */
const MAXIMUM_DISTINCT = 500_000;

/**
 * Counts values that come one after the other, in bounded memory: where there are more than 500,000 distinct ones,
 * those that were seen least are dropped and begin again at 0 (lossy counting, Manku and Motwani 2002).
 */
export class Frequencies {
  readonly #counts = new Map<string, number>();

  add(value: string): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
    for (let rare = 1; this.#counts.size > MAXIMUM_DISTINCT; rare++)
      for (const [other, count] of this.#counts) if (count <= rare) this.#counts.delete(other);
  }

  /** The number of distinct values; of very many, rare ones are not counted. */
  get distinct(): number {
    return this.#counts.size;
  }

  /**
   * The at most `size` most frequent values that occur at least `minimumCount` times; equally frequent ones as they
   * came.
   */
  most(size: number, minimumCount: number): string[] {
    return [...this.#counts]
      .filter(([, count]) => count >= minimumCount)
      .sort(([, a], [, b]) => b - a)
      .slice(0, size)
      .map(([value]) => value);
  }
}
