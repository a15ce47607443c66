import { TesseraError } from '../../tensor/index.js';
import { expectValue, listOf, text as string } from '../../tensor/options.js';
import type { Tokenizer } from './tokenizer.js';

/** The number of code points of Unicode. */
const CODE_POINTS = 0x110000;
/** The number of unknown characters that an error names. */
const NAMED = 10;

/** Characters as tokens: each code point of a vocabulary has an id, in the order of the code points. */
export class CharacterTokenizer implements Tokenizer {
  readonly unit = 'character';
  /** The ids by code point; -1 for unknown ones. */
  readonly #ids = new Int32Array(CODE_POINTS).fill(-1);

  /** @throws TesseraError if an element is not one character, or they are not distinct and in order. */
  constructor(/** The characters, in the order of their ids. */ readonly characters: readonly string[]) {
    expectValue('CharacterTokenizer', 'the characters', characters, listOf(string));
    let last = -1;
    characters.forEach((character, id) => {
      const point = character.codePointAt(0) ?? -1;
      if (point <= last || String.fromCodePoint(point) !== character)
        throw new TesseraError(
          `CharacterTokenizer: character ${id} is ${JSON.stringify(character)}; expected one character that follows the one before it in Unicode`,
        );
      this.#ids[point] = id;
      last = point;
    });
  }

  /** The tokenizer of all characters that a text has. @throws TesseraError if it has none. */
  static of(text: string): CharacterTokenizer {
    expectValue('CharacterTokenizer.of', 'the text', text, string);
    const seen = new Uint8Array(CODE_POINTS);
    for (let at = 0; at < text.length; ) {
      const point = text.codePointAt(at) ?? 0;
      seen[point] = 1;
      at += point > 0xffff ? 2 : 1;
    }
    const characters: string[] = [];
    for (let point = 0; point < CODE_POINTS; point++)
      if (seen[point] === 1) characters.push(String.fromCodePoint(point));
    if (characters.length === 0) throw new TesseraError('CharacterTokenizer.of: the text is empty');
    return new CharacterTokenizer(characters);
  }

  get size(): number {
    return this.characters.length;
  }

  /** The ids of a text's characters. @throws TesseraError that names the characters which have none. */
  encode(text: string): Int32Array {
    expectValue('CharacterTokenizer.encode', 'the text', text, string);
    const ids = new Int32Array(text.length);
    const unknown = new Map<number, number>();
    let length = 0;
    for (let at = 0; at < text.length; ) {
      const point = text.codePointAt(at) ?? 0;
      const id = this.#ids[point];
      if (id < 0 && !unknown.has(point)) unknown.set(point, at);
      ids[length++] = id;
      at += point > 0xffff ? 2 : 1;
    }
    if (unknown.size > 0) throw new TesseraError(unknownCharacters(text, unknown));
    return ids.slice(0, length);
  }

  /** The text of some ids. @throws TesseraError if an id is out of range. */
  decode(ids: ArrayLike<number>): string {
    return Array.from(ids, (id) => {
      const character = this.characters[id];
      if (character === undefined)
        throw new TesseraError(`CharacterTokenizer.decode: id ${id} is out of range; expected 0 to ${this.size - 1}`);
      return character;
    }).join('');
  }

  toJSON(): object {
    return { tokens: 'characters', characters: this.characters.join('') };
  }
}

/** The message on characters without an id, by code point with the place where each occurs first. */
function unknownCharacters(text: string, unknown: ReadonlyMap<number, number>): string {
  const named = [...unknown].slice(0, NAMED).map(([point, at]) => {
    const line = text.slice(0, at).split('\n').length;
    const code = `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
    return `${JSON.stringify(String.fromCodePoint(point))} (${code}, line ${line})`;
  });
  const more = unknown.size > NAMED ? ` and ${unknown.size - NAMED} more` : '';
  return `the text has ${unknown.size === 1 ? 'a character' : `${unknown.size} characters`} that the vocabulary does not know: ${named.join(', ')}${more}; replace them, or train on a text that has them`;
}
