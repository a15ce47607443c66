import { findAdapter } from '#webgpu';
import type { Device } from './device.js';
import { TesseraError } from './errors.js';
import { GpuDevice } from './gpu-device.js';
import { ReferenceDevice } from './reference-device.js';

export interface OpenOptions {
  /**
   * 'auto' (default): the best adapter that is there, at last the reference device. 'gpu': an adapter, or an error.
   * 'reference': the kernels' float64 references on the CPU.
   */
  readonly device?: 'auto' | 'gpu' | 'reference';
}

/**
 * Opens a device with all that its adapter offers.
 * @throws TesseraError for `device: 'gpu'` where no adapter is found.
 */
export async function openDevice({ device = 'auto' }: OpenOptions = {}): Promise<Device> {
  if (device === 'reference') return new ReferenceDevice();
  const found = await findAdapter();
  if (found === null) {
    if (device === 'auto') return new ReferenceDevice();
    throw new TesseraError("openDevice: no WebGPU adapter was found; 'npx tessera doctor' says what was tried and what to install");
  }
  const { adapter } = found;
  const requiredLimits: Record<string, number> = {};
  // The adapter's own limits: WebGPU's defaults are the lowest that any adapter has.
  for (const name in adapter.limits) requiredLimits[name] = adapter.limits[name as keyof GPUSupportedLimits] as number;
  const gpu = await adapter.requestDevice({
    requiredFeatures: [...adapter.features] as GPUFeatureName[],
    requiredLimits,
  });
  return new GpuDevice(found.name, found.software, gpu, () => found.release());
}
