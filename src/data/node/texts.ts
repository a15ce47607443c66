import { TesseraError } from '../../tensor/index.js';
import { decodeText, readText, TextError } from './tables/text.js';

/** The most characters of all texts together, in UTF-16 units. */
const MOST_CHARACTERS = 2 ** 28;

/** The name of standard input. */
export const STANDARD_INPUT = '-';

/**
 * Reads text files and joins them in their order; `-` is standard input. They are UTF-8, unless a byte-order mark says
 * otherwise, and may be packed by gzip.
 * @throws TesseraError that names the file if it cannot be read, is empty or is no text.
 */
export async function readTexts(files: readonly string[], input: AsyncIterable<Buffer>): Promise<string> {
  if (files.filter((file) => file === STANDARD_INPUT).length > 1)
    throw new TesseraError("'-', standard input, is given twice; it can be read once");
  const texts: string[] = [];
  let length = 0;
  for (const file of files) {
    const name = file === STANDARD_INPUT ? 'standard input' : `'${file}'`;
    const before = length;
    try {
      for await (const piece of file === STANDARD_INPUT ? decodeText(input) : readText(file)) {
        length += piece.length;
        if (length > MOST_CHARACTERS)
          throw new TextError(`there are more than ${MOST_CHARACTERS} characters of text; give a part of it`);
        texts.push(piece);
      }
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      throw new TesseraError(`cannot use the text of ${name}: ${error.message}`, { cause: error });
    }
    if (length === before) throw new TesseraError(`the text of ${name} is empty`);
  }
  return texts.join('');
}
