import { shown, TesseraError } from '../gpu/errors.js';
import { threefry, uniformFromBits } from '../kernels/elementwise/random.js';
import { expectValue, nonNegativeInteger } from './options.js';

/**
 * A random number generator on the host, for initial values, data set splits and shuffles. It is counter-based: draw n
 * is Threefry of n keyed by the seed, the same function that random ops use on the device.
 */
export class Generator {
  #counter = 0;
  #key: readonly [number, number];

  /** @throws TesseraError if the seed or the stream is not a non-negative integer. */
  constructor(seed: number, stream = 0) {
    expectValue('Generator', 'seed', seed, nonNegativeInteger);
    expectValue('Generator', 'stream', stream, nonNegativeInteger);
    this.#key = threefry(seed >>> 0, Math.floor(seed / 2 ** 32), stream, 1);
  }

  /**
   * Returns an independent generator for a purpose, such as 'split' or 'shuffle'. Drawing from one generator does not
   * advance the other, and a label gives the same numbers however many were drawn before.
   */
  fork(label: string): Generator {
    const forked = new Generator(0);
    // Labels need only differ; Threefry mixes them. Draws have second counter words below 2^21, so 0xffffffff never
    // coincides with a draw.
    forked.#key = threefry(this.#key[0], this.#key[1], hashOf(label), 0xffffffff);
    return forked;
  }

  /** Draws 32 random bits. */
  bits(): number {
    const counter = this.#counter++;
    return threefry(this.#key[0], this.#key[1], counter >>> 0, Math.floor(counter / 2 ** 32))[0];
  }

  /** Draws a number from the uniform distribution on [0, 1). */
  uniform(): number {
    return uniformFromBits(this.bits());
  }

  /** Draws a number from the standard normal distribution (Box and Muller 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /**
   * Draws an integer uniformly from [0, count).
   * @throws TesseraError if count is not an integer from 1 to 2^32.
   */
  integer(count: number): number {
    if (!Number.isInteger(count) || count < 1 || count > 2 ** 32) {
      throw new TesseraError(`Generator.integer: expected an integer from 1 to 2^32, got ${shown(count)}`);
    }
    // Rejection sampling: bits beyond the last multiple of count would favor small numbers.
    const limit = 2 ** 32 - (2 ** 32 % count);
    for (;;) {
      const bits = this.bits();
      if (bits < limit) return bits % count;
    }
  }

  /** Shuffles a list in place (Fisher and Yates) and returns it. */
  shuffle<List extends { [index: number]: unknown; readonly length: number }>(list: List): List {
    for (let last = list.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      [list[last], list[other]] = [list[other], list[last]];
    }
    return list;
  }

  /** Returns the integers from 0 to count - 1 in random order. */
  permutation(count: number): Uint32Array {
    return this.shuffle(Uint32Array.from({ length: count }, (_, index) => index));
  }
}

/** Computes the 32-bit FNV-1a hash of a string. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
