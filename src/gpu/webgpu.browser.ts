import { type FindOptions, type FoundAdapter, isSoftware, kindOf, nameOf } from './adapter.js';

/** The browser's adapter, or null where it has none. */
export async function findAdapter(_options: FindOptions = {}): Promise<FoundAdapter | null> {
  const adapter = (await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: 'high-performance' })) ?? null;
  if (adapter === null) return null;
  return {
    adapter,
    kind: kindOf(adapter),
    name: nameOf(adapter),
    software: isSoftware(adapter),
    passedOver: [],
    release: () => {},
  };
}

/** What runs the engine, in words. */
export const platform = (): Record<string, string> => ({ browser: globalThis.navigator?.userAgent ?? 'unknown' });

/** What to do where no adapter was found. */
export const advice = (): string[] => ['use a browser with WebGPU (Chrome or Edge 113, Firefox 141, Safari 26, or newer)'];
