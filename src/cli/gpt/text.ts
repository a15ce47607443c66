import { mobyDickFile } from '../../data/node/moby-dick.js';
import { readTexts, STANDARD_INPUT } from '../../data/node/texts.js';
import { BytePairTokenizer } from '../../data/tokens/byte-pairs.js';
import { CharacterTokenizer } from '../../data/tokens/characters.js';
import type { Tokenizer } from '../../data/tokens/tokenizer.js';
import type { GPTFolder } from '../../gpt/node/gpt-folder.js';
import { readJson } from '../../predictor/node/run-files.js';
import { TesseraError } from '../../tensor/index.js';

/** Reads the text of a new run, which is Moby-Dick if none is named. @throws the signal's reason if it is stopped. */
export const textOf = (files: readonly string[], signal: AbortSignal): Promise<string> =>
  readTexts(files.length > 0 ? files : [mobyDickFile()], standardInput(signal));

/** The bytes of standard input, until the signal. */
async function* standardInput(signal: AbortSignal): AsyncGenerator<Buffer> {
  const stop = () => process.stdin.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const piece of process.stdin) yield piece;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
}

/** Reads the text of a run: its files, or those that are given in their place. */
export async function textOfRun(folder: GPTFolder, files: readonly string[], signal: AbortSignal): Promise<string> {
  const { text } = await folder.readConfig();
  if (files.length === 0 && text.files.includes(STANDARD_INPUT))
    throw new TesseraError(
      `the run in '${folder.folder}' has its text from standard input; give it again: tessera gpt train - --resume ${folder.folder}`,
    );
  return textOf(files.length > 0 ? files : text.files, signal);
}

/** The characters of a text, or a tokenizer of a file. */
export async function tokenizerOf(tokens = 'chars', text: string): Promise<Tokenizer> {
  if (tokens === 'chars') return CharacterTokenizer.of(text);
  return readJson(tokens, (contents) => new BytePairTokenizer(contents as object));
}
