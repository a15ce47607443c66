import { hashText } from '../data/hash.js';
import type { Tokenizer } from '../data/tokens/tokenizer.js';
import { TesseraError } from '../tensor/index.js';

/** A text as tokens: the first nine tenths of its characters are trained on, the rest is held out, as in nanoGPT. */
export interface TextData {
  readonly tokenizer: Tokenizer;
  readonly train: Int32Array;
  readonly validation: Int32Array;
  /** The tokens for each character of the held-out text: it turns nats a token into nats a character. */
  readonly tokensPerCharacter: number;
  /** What identifies the text: a run is continued with the same one. */
  readonly identity: TextIdentity;
}

/** The number of a text's characters, and a hash of it. */
export interface TextIdentity {
  readonly characters: number;
  readonly hash: string;
}

/** Of ten parts, those that are trained on. */
const [TRAINED, ALL] = [9, 10];

/** Encodes a text in two parts. @throws TesseraError if the tokenizer does not know what the text has. */
export function divideText(text: string, tokenizer: Tokenizer): TextData {
  const identity = identityOf(text);
  const { characters } = identity;
  const trained = Math.floor((characters * TRAINED) / ALL);
  const cut = offsetOf(text, trained);
  const train = tokenizer.encode(text.slice(0, cut));
  const validation = tokenizer.encode(text.slice(cut));
  return {
    tokenizer,
    train,
    validation,
    tokensPerCharacter: validation.length / Math.max(1, characters - trained),
    identity,
  };
}

/** What identifies a text. */
export const identityOf = (text: string): TextIdentity => ({
  characters: charactersOf(text),
  hash: hashText(text).toString(16),
});

/** @throws TesseraError if a part of the text does not have more tokens than a block. */
export function expectBlocks({ train, validation, tokenizer }: TextData, block: number): void {
  const parts = [
    ['the last tenth, which is held out,', validation],
    ['the first nine tenths', train],
  ] as const;
  for (const [part, { length }] of parts)
    if (length <= block)
      throw new TesseraError(
        `the text is too short: ${part} has ${length} ${tokenizer.unit}${length === 1 ? '' : 's'}, and a block of ${block} needs ${block + 1}; give a longer text, or a smaller --block`,
      );
}

/** The number of code points of a text. */
function charactersOf(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += widthAt(text, at)) count++;
  return count;
}

/** Where the code point of a number begins, in UTF-16 units. */
function offsetOf(text: string, character: number): number {
  let at = 0;
  for (let count = 0; count < character; count++) at += widthAt(text, at);
  return at;
}

const widthAt = (text: string, at: number): number => ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
