import { TesseraError } from '../tensor/index.js';
import { oneOf } from '../tensor/options.js';
import { showCell } from './cells.js';
import { checkSettings } from './fields/settings.js';

/** What a transcript is a sequence of. */
export type Symbols = 'words' | 'characters';

/** The settings of a target that is a transcript. */
export interface TranscriptSettings {
  readonly symbols: Symbols;
}

/** Checks the settings of a transcript. @throws TesseraError if one is unknown, or has a wrong value. */
export const transcriptSettings = (chosen: Readonly<Record<string, unknown>>): TranscriptSettings =>
  checkSettings<TranscriptSettings>(
    'text',
    chosen,
    { symbols: 'characters' },
    { symbols: oneOf('words', 'characters') },
  );

/** Splits a transcript into its symbols; white space is a single space. */
export function symbolsOf(text: string, symbols: Symbols): string[] {
  const words = text.normalize('NFC').split(/\s+/).filter(Boolean);
  return symbols === 'words' ? words : Array.from(words.join(' '));
}

/** Writes symbols as a text. */
export const transcriptOf = (symbols: readonly string[], of: Symbols): string =>
  symbols.join(of === 'words' ? ' ' : '');

/** Words are symbols where there are no more of them, and each occurs ten times or more on average. */
const MOST_WORDS = 100;
const OCCURRENCES = 10;

/** Words if few of them recur in all rows, else characters: a rare word is spelled. Takes the rows of each transcript. */
export function chooseSymbols(transcripts: ReadonlyMap<string, number>): Symbols {
  const words = new Set<string>();
  let occurrences = 0;
  for (const [text, rows] of transcripts)
    for (const word of symbolsOf(text, 'words')) {
      words.add(word);
      occurrences += rows;
    }
  return words.size <= MOST_WORDS && occurrences >= OCCURRENCES * words.size ? 'words' : 'characters';
}

/** The ids 1, 2, ... of the symbols of a transcript. @throws TesseraError if one was not learned. */
export function symbolIds(text: string, of: Symbols, ids: ReadonlyMap<string, number>): number[] {
  return symbolsOf(text, of).map((symbol) => {
    const id = ids.get(symbol);
    if (id === undefined)
      throw new TesseraError(
        `the ${of === 'words' ? 'word' : 'character'} ${showCell(symbol)} is none of the ${ids.size} learned`,
      );
    return id;
  });
}
