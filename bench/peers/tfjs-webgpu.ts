import * as tf from '@tensorflow/tfjs-core';
import { findAdapter } from '#webgpu';

/** What TF.js must not see: it would ask the device for features that adapters outside of a browser do not grant. */
const HIDDEN = new Set(['bgra8unorm-storage', 'timestamp-query']);

/**
 * Makes TF.js run on WebGPU in Node, on the adapter that Tessera would choose. TF.js looks for a browser's globals:
 * a navigator with a GPU, and a worker's scope.
 */
export async function startTfjsOnWebgpu(): Promise<void> {
  const gpu = { requestAdapter, getPreferredCanvasFormat: () => 'bgra8unorm' };
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
  Object.assign(globalThis, { WorkerGlobalScope: class {} });
  // Only now: it looks at the globals while it loads.
  await import('@tensorflow/tfjs-backend-webgpu');
  if (!(await tf.setBackend('webgpu'))) throw new Error('TF.js cannot use this adapter');
  await tf.ready();
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
