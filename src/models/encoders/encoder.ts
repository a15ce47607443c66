import { Module } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';

/** The tensors of a field for a batch of rows, by name. Each encoder says which it takes, and ignores others. */
export type FieldInputs = { readonly [name: string]: Tensor | undefined };

/** The inputs of encoders of texts. */
export type TextInputs = {
  /** Word ids: (batch, time) of i32, within 0 to vocabulary - 1. */
  readonly tokens: Tensor;
  /** Mask of the words: (batch, time) of f32, 1 for words and 0 for padding. Default: all are words. */
  readonly mask?: Tensor;
  /**
   * Ids of the character n-grams of each word: (batch, time, n-grams) of i32, 0 for padding, for encoders with
   * `subwords`.
   */
  readonly subwords?: Tensor;
};

/** The inputs of encoders of images. */
export type ImageInputs = {
  /** Normalized pixels: (batch, height, width, channels) of f32. */
  readonly pixels: Tensor;
};

/** The features of a field that an encoder computes: all that fusion and task take of the field. */
export interface Features {
  /** One vector per row: (batch, width). */
  readonly pooled: Tensor;
  /** A sequence of vectors per row: (batch, tokens, width); undefined if the encoder has none. */
  readonly tokens?: Tensor;
  /** The mask of the tokens: (batch, tokens), 1 for tokens and 0 for padding. Default: all are tokens. */
  readonly mask?: Tensor;
}

/** An encoder f: the tensors of a field -> features. */
export abstract class Encoder<Inputs extends FieldInputs = FieldInputs> extends Module {
  /** The size of the feature vectors. */
  abstract readonly width: number;
  /** Computes the features of a batch. @throws TesseraError if an input is missing or has another type or shape. */
  abstract forward(inputs: Inputs): Features;
}
