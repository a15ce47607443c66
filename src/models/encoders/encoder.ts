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
  /** Ids of the character n-grams of each word: (batch, time, n-grams) of i32, 0 for padding, for encoders with `subwords`. */
  readonly subwords?: Tensor;
};

/** The inputs of encoders of images. */
export type ImageInputs = {
  /** Normalized pixels: (batch, height, width, channels) of f32. */
  readonly pixels: Tensor;
};

/** What an encoder makes of a field, and all that the models behind it know of the field. */
export interface Features {
  /** One vector per row: (batch, width). */
  readonly pooled: Tensor;
  /** A sequence of vectors per row, where the encoder has one: (batch, tokens, width). */
  readonly tokens?: Tensor;
  /** 1 for the tokens that count, 0 for padding: (batch, tokens). Without it all count. */
  readonly mask?: Tensor;
}

/** An encoder f: the tensors of a field -> features. */
export abstract class Encoder<Inputs extends FieldInputs = FieldInputs> extends Module {
  /** The size of the feature vectors. */
  abstract readonly width: number;
  /** Computes the features of a batch. @throws TesseraError if an input is missing or has another type or shape. */
  abstract forward(inputs: Inputs): Features;
}
