import { startReading } from '../tensor/evaluate.js';
import { arange, type HostArray, TesseraError, tensor, Variable } from '../tensor/index.js';
import { trackedAssigns } from '../tensor/ops/track.js';
import {
  type Check,
  checkOptions,
  expectValue,
  nonNegativeInteger,
  optional,
  positiveInteger,
  shown,
} from '../tensor/options.js';
import { GPT } from './gpt.js';

/** Options of a `GPTCache`. */
export interface GPTCacheOptions {
  /** The number of texts that are continued at once. Default 1. */
  readonly batch?: number;
}

const MODEL: Check = { expected: 'a GPT', fits: (value) => value instanceof GPT };

/**
 * The keys and values of the tokens that a GPT has read, so that the next token costs one row of the model instead of
 * the whole text:
 *
 *   const cache = new GPTCache(model.eval(), { batch: 2 });
 *   let logits = await cache.start([[5, 1, 7], [2]]);    // of what follows each text
 *   logits = await cache.append([3, 4]);                 // each text is one token longer
 *
 * The logits are those of `GPT.forward` on the texts, whose lengths may differ. Each token replays one plan, whatever its
 * position. A text that is longer than the block slides: its last `block` tokens are read again for each token, as in
 * nanoGPT, because the positions of all of them change. Start again after the model's parameters have changed.
 */
export class GPTCache {
  readonly #model: GPT;
  readonly #layers: readonly { readonly keys: Variable; readonly values: Variable }[];
  #texts: number[][];

  /** @throws TesseraError if the model is no GPT, or an option is out of range. */
  constructor(model: GPT, options: GPTCacheOptions = {}) {
    expectValue('GPTCache', 'the model', model, MODEL);
    const { batch = 1 } = checkOptions('GPTCache', options, { batch: optional(positiveInteger) });
    const { heads, width, block } = model.options;
    const variable = (name: string) =>
      new Variable(new Float32Array(batch * block * width), [batch, heads, block, width / heads], name);
    this.#model = model;
    this.#layers = model.layers.map((_, index) => ({
      keys: variable(`cache.${index}.keys`),
      values: variable(`cache.${index}.values`),
    }));
    this.#texts = Array.from({ length: batch }, () => []);
  }

  /** The number of texts. */
  get batch(): number {
    return this.#texts.length;
  }

  /** The texts so far, as tokens; they grow with `append`. */
  get texts(): readonly (readonly number[])[] {
    return this.#texts;
  }

  /** Whether a text is longer than the block, so that each token reads the last ones again. */
  get slides(): boolean {
    return this.#texts.some(({ length }) => length > this.#model.options.block);
  }

  /**
   * Begins with texts, one for each of the batch, and returns the logits (vocabulary) of the token behind each.
   *
   * @throws TesseraError if the number of texts is not that of the batch, one is empty or has an unknown token, or the
   * model is in training mode.
   */
  async start(texts: readonly (readonly number[])[]): Promise<HostArray[]> {
    const each = Array.isArray(texts) ? texts.map((text) => this.#expectTokens('start', text)) : [];
    if (each.length !== this.batch)
      throw new TesseraError(`GPTCache.start: expected a list of ${this.batch} texts, got ${shown(texts)}`);
    const empty = each.findIndex(({ length }) => length === 0);
    if (empty >= 0) throw new TesseraError(`GPTCache.start: text ${empty} is empty; expected at least one token`);
    const logits = await this.#read(each);
    this.#texts = each;
    return logits;
  }

  /**
   * Appends a token to each text, and returns the logits (vocabulary) of the token behind each.
   *
   * @throws TesseraError if `start` was not called, the number of tokens is not that of the batch, or one is unknown.
   */
  async append(tokens: readonly number[]): Promise<HostArray[]> {
    const next = this.#expectTokens('append', tokens);
    if (next.length !== this.batch)
      throw new TesseraError(`GPTCache.append: expected ${this.batch} tokens, one for each text, got ${next.length}`);
    if (this.#texts.some(({ length }) => length === 0))
      throw new TesseraError('GPTCache.append: there are no texts yet; call start() first');
    const { block } = this.#model.options;
    const logits = await (this.#texts.every(({ length }) => length < block)
      ? this.#evaluate(
          next,
          this.#texts.map(({ length }) => length),
          next.map(() => 0),
        )
      : this.#read(this.#texts.map((text, index) => [...text.slice(-block), next[index]])));
    for (const [index, text] of this.#texts.entries()) text.push(next[index]);
    return logits;
  }

  /** Frees the cache's device memory. */
  dispose(): void {
    for (const { keys, values } of this.#layers) {
      keys.dispose();
      values.dispose();
    }
  }

  /** Reads the last tokens of texts from position 0 on. Shorter texts are padded; what is padded is seen by none. */
  #read(texts: readonly (readonly number[])[]): Promise<HostArray[]> {
    const { block } = this.#model.options;
    const last = texts.map((text) => text.slice(-block));
    const longest = Math.max(...last.map(({ length }) => length));
    // Powers of two, so that few plans serve all lengths.
    const time = Math.min(block, 2 ** Math.ceil(Math.log2(longest)));
    const padded = last.flatMap((text) => [...text, ...Array.from({ length: time - text.length }, () => 0)]);
    return this.#evaluate(
      padded,
      texts.map(() => 0),
      last.map(({ length }) => length - 1),
    );
  }

  /** Reads tokens (batch, time) behind the first `begin` ones (batch), and returns the logits of the rows (batch). */
  async #evaluate(tokens: readonly number[], begin: readonly number[], rows: readonly number[]): Promise<HostArray[]> {
    const model = this.#model;
    if (model.training && model.options.dropout > 0)
      throw new TesseraError('GPTCache: the model is in training mode; call model.eval() first');
    const { batch } = this;
    const time = tokens.length / batch;
    const integers = (values: readonly number[], shape: readonly number[]) => tensor(Int32Array.from(values), shape);
    const first = integers(begin, [batch]);
    const positions = integers(
      begin.flatMap((at) => Array.from({ length: time }, (_, index) => at + index)),
      [batch, time],
    );
    const isSeen = positions.reshape([batch, 1, time, 1]).greaterEqual(arange(model.options.block));
    const caches = this.#layers.map((layer) => ({ ...layer, begin: first, positions, isSeen }));
    const logits = model.forwardCached(
      integers(tokens, [batch, time]),
      integers(
        rows.map((row, text) => text * time + row),
        [batch],
      ),
      caches,
    );
    await startReading([logits, ...trackedAssigns([logits])]);
    const values = await logits.data();
    const { vocabulary } = model.options;
    return begin.map((_, index) => values.slice(index * vocabulary, (index + 1) * vocabulary));
  }

  #expectTokens(method: string, tokens: readonly number[]): number[] {
    const { vocabulary } = this.#model.options;
    const list =
      Array.isArray(tokens) || ArrayBuffer.isView(tokens) ? Array.from(tokens as ArrayLike<number>) : undefined;
    const odd = list?.find((token) => !(nonNegativeInteger.fits(token) && token < vocabulary));
    if (list === undefined || odd !== undefined)
      throw new TesseraError(
        `GPTCache.${method}: expected tokens from 0 to ${vocabulary - 1}, got ${shown(list === undefined ? tokens : odd)}`,
      );
    return list;
  }
}
