import { TesseraError } from './errors.js';

/*
 * The file of `tessera tune`: the fastest variant for each op and size class. It is valid for one adapter, its driver
 * and one version of the package only.
 */

/** The adapter, driver and versions that measurements are valid for, by name. */
export type Fingerprint = Readonly<Record<string, string>>;

/** The name of the fastest variant by key, which consists of an op and the size class of its shapes. */
export type Choices = ReadonlyMap<string, string>;

/** Encodes choices as JSON. */
export const encodeTuning = (fingerprint: Fingerprint, choices: Choices): string =>
  `${JSON.stringify({ fingerprint, choices: Object.fromEntries(choices) }, null, 2)}\n`;

/**
 * Decodes the choices of a JSON text.
 * @throws TesseraError if the text is malformed, or its choices were measured for another adapter, driver or version.
 */
export function decodeTuning(text: string, fingerprint: Fingerprint): Choices {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new TesseraError('it is not valid JSON');
  }
  const { fingerprint: from, choices } = isRecord(found) ? found : {};
  if (!isRecord(from) || !isRecord(choices) || Object.values(choices).some((variant) => typeof variant !== 'string'))
    throw new TesseraError('expected { fingerprint: { name: text }, choices: { key: variant } }');
  for (const name of new Set([...Object.keys(fingerprint), ...Object.keys(from)])) {
    if (from[name] !== fingerprint[name])
      throw new TesseraError(
        `it was measured with ${name} ${show(from[name])}, the current one is ${show(fingerprint[name])}`,
      );
  }
  return new Map(Object.entries(choices as Record<string, string>));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const show = (value: unknown): string => (value === undefined ? 'undefined' : JSON.stringify(value).slice(0, 100));
