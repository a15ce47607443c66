import { readWholeFile } from '../../data/node/files.js';
import { decodeSafetensors, type StoredTensors } from '../../nn/index.js';
import { TesseraError } from '../../tensor/index.js';

/*
 * Readers of the files of a run. Their errors name the file.
 */

/** Reads a file of JSON. @throws TesseraError if it cannot be read, is no JSON, or as `parse` does. */
export async function readJson<T>(file: string, parse: (value: unknown) => T): Promise<T> {
  const text = await readText(file);
  return named(file, () => parse(parsedJson(text)));
}

/** Reads a file of JSON lines; what follows the last line end is being written. @throws TesseraError as `readJson`. */
export async function readJsonLines<T>(file: string, parse: (value: unknown) => T): Promise<T[]> {
  const lines = (await readText(file)).split('\n').slice(0, -1);
  return named(file, () => lines.map((line) => parse(parsedJson(line))));
}

/** Reads tensors. @throws TesseraError if the file is missing or damaged, or not of a format. */
export async function readStored(file: string, format: string): Promise<StoredTensors> {
  const bytes = await readWholeFile(file);
  const stored = named(file, () => decodeSafetensors(bytes));
  if (stored.metadata.format !== format)
    throw new TesseraError(
      `'${file}' is of another version of Tessera (${stored.metadata.format ?? 'no format'}, expected ${format}); train again`,
    );
  return stored;
}

/** Does something with a file's content; errors name the file. */
export function named<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new TesseraError(`'${file}': ${(error as Error).message}`, { cause: error });
  }
}

const readText = async (file: string): Promise<string> => new TextDecoder().decode(await readWholeFile(file));

/** @throws TesseraError if a text is no JSON. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TesseraError(`it is no JSON (${(error as Error).message}); restore the file, or train again`, {
      cause: error,
    });
  }
}
