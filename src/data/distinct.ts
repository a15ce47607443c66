import { hashText } from './hash.js';

/** The number of registers, 2^14: the standard error is 1.04 / √16384 = 0.8%. */
const REGISTER_BITS = 14;
const REGISTERS = 2 ** REGISTER_BITS;

/** Estimates the number of distinct texts in 16 KiB (HyperLogLog, Flajolet et al. 2007, with 64-bit hashes). */
export class DistinctEstimate {
  readonly #registers = new Uint8Array(REGISTERS);

  add(text: string): void {
    const register = hashText(text) >>> (32 - REGISTER_BITS);
    const rank = Math.clz32(hashText(text, 1)) + 1;
    if (rank > this.#registers[register]) this.#registers[register] = rank;
  }

  /** The estimate, with a standard error of 0.8%. */
  get count(): number {
    let sum = 0;
    let empty = 0;
    for (const rank of this.#registers) {
      sum += 2 ** -rank;
      empty += Number(rank === 0);
    }
    const estimate = (0.7213 / (1 + 1.079 / REGISTERS)) * (REGISTERS ** 2 / sum);
    // Few values leave registers empty: counting those is then more accurate.
    return Math.round(estimate <= 2.5 * REGISTERS && empty > 0 ? REGISTERS * Math.log(REGISTERS / empty) : estimate);
  }
}
