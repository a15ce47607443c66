import type { Generator } from '../../tensor/generator.js';
import { TesseraError } from '../../tensor/index.js';

/** Blocks of a sequence of tokens, and the tokens that follow each of theirs. */
export interface Windows {
  readonly batch: number;
  readonly block: number;
  /** (batch, block) */
  readonly inputs: Int32Array;
  /** The inputs shifted by one, (batch, block). */
  readonly targets: Int32Array;
}

/**
 * Draws blocks that begin anywhere in a sequence, uniformly and independently of each other (as nanoGPT's `get_batch`).
 * @throws TesseraError if the sequence has not more tokens than a block.
 */
export function randomWindows(tokens: Int32Array, batch: number, block: number, generator: Generator): Windows {
  expectLonger(tokens, block);
  return windowsAt(
    tokens,
    Array.from({ length: batch }, () => generator.integer(tokens.length - block)),
    block,
  );
}

/**
 * Yields consecutive blocks, which predict every token but the first once. The last batches are smaller: that of the
 * blocks left, and that of the tokens left.
 * @throws TesseraError if the sequence has fewer than two tokens.
 */
export function* consecutiveWindows(tokens: Int32Array, batch: number, block: number): globalThis.Generator<Windows> {
  expectLonger(tokens, 1);
  const predicted = tokens.length - 1;
  const whole = Math.floor(predicted / block);
  for (let first = 0; first < whole; first += batch) {
    const count = Math.min(batch, whole - first);
    yield windowsAt(
      tokens,
      Array.from({ length: count }, (_, at) => (first + at) * block),
      block,
    );
  }
  const left = predicted - whole * block;
  if (left > 0) yield windowsAt(tokens, [whole * block], left);
}

function windowsAt(tokens: Int32Array, starts: readonly number[], block: number): Windows {
  const inputs = new Int32Array(starts.length * block);
  const targets = new Int32Array(starts.length * block);
  for (const [row, start] of starts.entries()) {
    inputs.set(tokens.subarray(start, start + block), row * block);
    targets.set(tokens.subarray(start + 1, start + 1 + block), row * block);
  }
  return { batch: starts.length, block, inputs, targets };
}

function expectLonger(tokens: Int32Array, block: number): void {
  if (tokens.length <= block)
    throw new TesseraError(
      `a block of ${block} tokens and the one that follows need ${block + 1}, got ${tokens.length}`,
    );
}
