import { TesseraError } from '../../tensor/index.js';
import { BytePairTokenizer } from './byte-pairs.js';
import { CharacterTokenizer } from './characters.js';
import type { Tokenizer } from './tokenizer.js';

/** Makes a tokenizer from what its `toJSON` gave. @throws TesseraError if that is damaged. */
export function parseTokenizer(json: unknown): Tokenizer {
  const { tokens, characters, tokenizer } = (typeof json === 'object' && json !== null ? json : {}) as Record<
    string,
    unknown
  >;
  if (tokens === 'characters' && typeof characters === 'string') return new CharacterTokenizer(Array.from(characters));
  if (tokens === 'tokenizer.json') return new BytePairTokenizer(tokenizer as object);
  throw new TesseraError("tokens: expected 'characters' with the characters, or 'tokenizer.json' with its contents");
}
