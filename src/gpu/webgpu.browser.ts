import {
  type AdapterKind,
  type FindOptions,
  type FoundAdapter,
  identityOf,
  isSoftware,
  kindOf,
  nameOf,
  type Search,
} from './adapter.js';
import type { Choices, Origin } from './tuning.js';

/**
 * Asks the browser for its adapter. It offers one, and hides Dawn's switches: of the options, only kinds can be
 * refused, and nothing is thrown.
 */
export async function searchAdapter({ from = 'auto' }: FindOptions = {}): Promise<Search> {
  const where = 'navigator.gpu';
  const nothing = (outcome: string): Search => ({ found: null, passedOver: [{ where, outcome }] });
  const gpu = globalThis.navigator?.gpu;
  if (gpu === undefined) return nothing('this browser has no WebGPU, or the page is not a secure context (https)');
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (adapter === null) return nothing('the browser offers no adapter');
  const kind = kindOf(adapter);
  const name = nameOf(adapter);
  const asked = {
    auto: kind,
    system: kind,
    hardware: 'hardware',
    'system-software': 'system software',
    swiftshader: 'SwiftShader',
  }[from];
  if (kind !== asked) return nothing(`the browser offers ${name} (${kind}), not the ${asked} asked for`);
  const found: FoundAdapter = {
    adapter,
    kind,
    name,
    software: isSoftware(adapter),
    passedOver: [],
    languageFeatures: [...gpu.wgslLanguageFeatures].sort(),
    release: () => {},
  };
  return { found, passedOver: [] };
}

/** The browser's adapter, or null where it has none; never throws. */
export async function findAdapter(options: FindOptions = {}): Promise<FoundAdapter | null> {
  return (await searchAdapter(options)).found;
}

/** What runs the engine, in words. */
export const platform = (): Record<string, string> => ({ browser: globalThis.navigator?.userAgent ?? 'unknown' });

/** What measurements on an adapter hold for. */
export const originOf = (adapter: GPUAdapter): Origin => ({ ...identityOf(adapter), ...platform() });

/** A page keeps no measurements. */
export const readTuning = async (_: Origin): Promise<Choices> => new Map();
export const tuningFile = (_: Origin): string | undefined => undefined;

/** What to do for an adapter, or for a better one than `kind`. */
export const advice = (kind: AdapterKind | null): string[] =>
  kind === null
    ? ['use a browser with WebGPU (Chrome or Edge 113, Firefox 141, Safari 26, or newer), on an https page']
    : [];

/** A page cannot ask for a collection, only give way to one. */
export const collectGarbage = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

// biome-ignore lint/suspicious/noConsole: a page has no other place for it
export const warn = (message: string): void => console.warn(message);
