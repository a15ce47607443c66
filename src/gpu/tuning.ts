import { TesseraError } from './errors.js';

/*
 * What `tessera tune` measured, as it is kept: which variant of an op is the fastest, by op and class of shapes. It
 * holds for one adapter, its driver and one version of the package, and is worth nothing elsewhere.
 */
/** What measurements hold for: adapter, driver and versions, by name. */
export type Origin = Readonly<Record<string, string>>;

/** The name of the fastest variant, by op and class of shapes. */
export type Choices = ReadonlyMap<string, string>;

/** Choices as the text of a file. */
export const encodeTuning = (origin: Origin, choices: Choices): string =>
  `${JSON.stringify({ origin, choices: Object.fromEntries(choices) }, null, 2)}\n`;

/**
 * The choices in the text of a file.
 * @throws TesseraError if it is not such a text, or its choices were measured somewhere else.
 */
export function decodeTuning(text: string, origin: Origin): Choices {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new TesseraError('it is no JSON');
  }
  const { origin: from, choices } = isRecord(found) ? found : {};
  if (!isRecord(from) || !isRecord(choices) || Object.values(choices).some((variant) => typeof variant !== 'string'))
    throw new TesseraError('expected { origin: { name: text }, choices: { key: variant } }');
  for (const name of new Set([...Object.keys(origin), ...Object.keys(from)])) {
    if (from[name] !== origin[name])
      throw new TesseraError(`it was measured with ${name} ${show(from[name])}, this is ${show(origin[name])}`);
  }
  return new Map(Object.entries(choices as Record<string, string>));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const show = (value: unknown): string => (value === undefined ? 'of no name' : JSON.stringify(value).slice(0, 100));
