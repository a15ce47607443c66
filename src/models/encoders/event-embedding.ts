import { concatenate, Embedding, Linear, Module, randomNormal } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import { type Checks, listOf, nonNegativeInteger, optional, positiveInteger } from '../../tensor/options.js';
import { expectIds, expectInputs, expectTensor, FEATURE_CHECKS, type FeatureOptions } from '../options.js';

/** The inputs of encoders of sequences of events. */
export type SequenceInputs = {
  /** Numbers of each event: (batch, time, numbers) of f32, 0 where absent. */
  readonly values?: Tensor;
  /** Whether an event has the number: (batch, time, numbers) of f32, 1 or 0. */
  readonly known?: Tensor;
  /** Category ids of each event: (batch, time, categories) of i32, within 0 to those of the column - 1. */
  readonly ids?: Tensor;
  /** Scaled times between events: (batch, time, gaps) of f32. */
  readonly gaps: Tensor;
  /** Mask of the events: (batch, time) of f32, 1 for events and 0 for padding. Default: all are events. */
  readonly mask?: Tensor;
};

/** Options that encoders of sequences share. */
export interface SequenceOptions extends FeatureOptions {
  /** The number of numbers of an event. Default 0. */
  readonly numbers?: number;
  /** The number of ids of each column of categories. Default none. */
  readonly categories?: readonly number[];
  /** The number of gaps of an event. Default 2: since the event before, and until the last one. */
  readonly gaps?: number;
}

/** Checks of `SequenceOptions`. */
export const SEQUENCE_CHECKS: Checks<SequenceOptions> = {
  ...FEATURE_CHECKS,
  numbers: optional(nonNegativeInteger),
  categories: optional(listOf(positiveInteger)),
  gaps: optional(positiveInteger),
};

/** Sizes of an `EventEmbedding`. */
export interface EventEmbeddingOptions extends Pick<SequenceOptions, 'numbers' | 'categories' | 'gaps'> {
  /** The number of features of an event's vector. */
  readonly outputs: number;
}

/** The most features of a category's vector. */
const CATEGORY_WIDTH = 16;
/** The deviation of the initial vectors, so that categories differ from the start. */
const DEVIATION = 0.2;

/**
 * Vectors of events, from their numbers, their categories and the times between them:
 *
 *   e = relu([gaps; values; known; E₁[ids₁]; ...; Eₖ[idsₖ]]·W + b)    (batch, time, outputs)
 *
 * It treats each event by itself. Eₖ (ids of column k, at most 16). A number is mixed with the category beside it, so
 * that it can mean another thing in each.
 */
export class EventEmbedding extends Module {
  /** The vectors of the values of each column of categories: Eₖ. */
  readonly categories: readonly Embedding[];
  /** The layer over each event: W, b. */
  readonly dense: Linear;
  readonly #numbers: number;
  readonly #gaps: number;

  constructor({ numbers = 0, categories = [], gaps = 2, outputs }: EventEmbeddingOptions) {
    super();
    this.#numbers = numbers;
    this.#gaps = gaps;
    this.categories = categories.map(
      (vocabulary) =>
        new Embedding({
          vocabulary,
          outputs: Math.min(vocabulary, CATEGORY_WIDTH),
          initializer: randomNormal(0, DEVIATION),
        }),
    );
    const widths = categories.reduce((sum, vocabulary) => sum + Math.min(vocabulary, CATEGORY_WIDTH), 0);
    this.dense = new Linear({
      inputs: 2 * numbers + gaps + widths,
      outputs,
      activation: 'relu',
      kernelInitializer: 'heNormal',
    });
  }

  /** Computes e. @throws TesseraError, in the name of `where`, if an input is missing or has another type or shape. */
  forward(where: string, inputs: SequenceInputs): Tensor {
    const { values, known, ids, gaps, mask } = expectInputs(where, inputs);
    const [batch, time] = expectTensor(where, 'gaps', gaps, 'f32', ['batch', 'time', this.#gaps]).shape;
    if (mask !== undefined) expectTensor(where, 'mask', mask, 'f32', [batch, time]);
    const parts = [gaps];
    if (this.#numbers > 0) {
      parts.push(expectTensor(where, 'values', values, 'f32', [batch, time, this.#numbers]));
      parts.push(expectTensor(where, 'known', known, 'f32', [batch, time, this.#numbers]));
    }
    const largest = Math.max(...this.categories.map(({ table }) => table.shape[0]));
    for (const [at, embedding] of this.categories.entries()) {
      const all = expectIds(where, 'ids', ids, largest, [batch, time, this.categories.length]);
      parts.push(embedding.forward(all.slice([0, 0, at], [batch, time, at + 1]).reshape([batch, time])));
    }
    return this.dense.forward(concatenate(...parts));
  }
}
