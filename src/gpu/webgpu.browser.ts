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
import type { Choices, Fingerprint } from './tuning.js';

/**
 * Asks the browser for its only adapter. It has no toggles; an adapter of another kind than requested is passed over.
 * It never throws.
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
  if (kind !== asked) return nothing(`the browser offers ${name} (${kind}), not ${asked} as requested`);
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

/** Returns the adapter of the browser, or null if there is none; never throws. */
export async function findAdapter(options: FindOptions = {}): Promise<FoundAdapter | null> {
  return (await searchAdapter(options)).found;
}

/** Describes the platform that the engine runs on. */
export const platform = (): Record<string, string> => ({ browser: globalThis.navigator?.userAgent ?? 'unknown' });

/** Returns the adapter and versions that measurements are valid for. */
export const fingerprintOf = (adapter: GPUAdapter): Fingerprint => ({ ...identityOf(adapter), ...platform() });

/** Returns no measurements, as a page does not store them. */
export const readTuning = async (_: Fingerprint): Promise<Choices> => new Map();
/** Returns undefined, as a page has no file of measurements. */
export const tuningFile = (_: Fingerprint): string | undefined => undefined;

/** Returns advice on how to get an adapter, or a better one than `kind`. */
export const advice = (kind: AdapterKind | null): string[] =>
  kind === null
    ? ['use a browser with WebGPU (Chrome or Edge 113, Firefox 141, Safari 26, or newer), on an https page']
    : [];

/** Yields to the event loop, as a page cannot request garbage collection. */
export const collectGarbage = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

// biome-ignore lint/suspicious/noConsole: a page has no other place for it
export const warn = (message: string): void => console.warn(message);
