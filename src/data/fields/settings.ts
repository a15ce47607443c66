import { type Check, type Checks, checkOptions, expectValue } from '../../tensor/options.js';

const object = {
  expected: 'an object',
  fits: (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

/**
 * The settings of a kind of field: what was chosen, and defaults for the rest.
 * @throws TesseraError if a setting is unknown or invalid.
 */
export function checkSettings<Settings extends object>(
  kind: string,
  chosen: Partial<Settings>,
  defaults: Settings,
  checks: Checks<Settings>,
): Settings {
  expectValue(kind, 'settings', chosen, object);
  const given = Object.entries(chosen).filter(([, value]) => value !== undefined);
  return checkOptions(kind, { ...defaults, ...Object.fromEntries(given) } as Settings, checks);
}

/**
 * The state of a kind of field that was read from a file, with its settings checked by the kind.
 * @throws TesseraError that names what is unknown or wrong.
 */
export function checkState<Settings, State extends { readonly settings: Settings }>(
  kind: { readonly kind: string; settings(chosen: Partial<Settings>): Settings },
  json: unknown,
  learned: Checks<Omit<State, 'settings'>>,
): State {
  const state = checkOptions(`${kind.kind} state`, json as State, { ...learned, settings: object } as Checks<State>);
  return { ...state, settings: kind.settings(state.settings) };
}

/** Accepts a list of strings of which none occurs twice. */
export const distinctStrings: Check = {
  expected: 'a list of distinct strings',
  fits: (value) =>
    Array.isArray(value) && value.every((item) => typeof item === 'string') && new Set(value).size === value.length,
};
