import { globals } from 'webgpu';
import { findAdapter } from '../../../src/gpu/webgpu.node.js';

/**
 * What engines must not see: they would ask the device for features that adapters outside of a browser do not grant.
 */
const HIDDEN = new Set(['bgra8unorm-storage', 'timestamp-query']);

/**
 * Makes engines that were written for a browser run on WebGPU in Node, on the adapter that Tessera would choose: they
 * look for a navigator with a GPU, and for a worker's scope. Call it before they are loaded.
 */
export function pretendToBeABrowser(): void {
  const gpu = { requestAdapter, getPreferredCanvasFormat: () => 'bgra8unorm' };
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
  Object.assign(globalThis, globals, { WorkerGlobalScope: class {}, self: globalThis });
}

async function requestAdapter(): Promise<GPUAdapter | null> {
  const found = await findAdapter();
  if (found === null) return null;
  const features = new Set([...found.adapter.features].filter((feature) => !HIDDEN.has(feature)));
  return new Proxy(found.adapter, {
    get(adapter, name) {
      if (name === 'features') return features;
      const value = Reflect.get(adapter, name, adapter);
      return typeof value === 'function' ? value.bind(adapter) : value;
    },
  });
}
