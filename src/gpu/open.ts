import { findAdapter, fingerprintOf, readTuning, warn } from '#webgpu';
import { limitsOf } from './adapter.js';
import { DEVICE_CHOICES, type Device, type DeviceChoice, REMEMBERED_PLANS } from './device.js';
import { shown, TesseraError } from './errors.js';
import { GpuDevice } from './gpu-device.js';
import { ReferenceDevice } from './reference-device.js';
import { unknownName } from './unknown-name.js';

/** Options of `openDevice`. */
export interface OpenOptions {
  /**
   * The device to open: 'auto' (default) for the best adapter, or the reference device if there is none; 'gpu' for the
   * best adapter, or an error; 'swiftshader' for the bundled software adapter; 'reference' for the float64 references
   * of the kernels on the CPU.
   */
  readonly device?: DeviceChoice;
  /** The number of plans that are cached, each for graphs of one structure and shapes. Default 64. */
  readonly rememberedPlans?: number;
}

const OPTIONS = ['device', 'rememberedPlans'];

/**
 * Opens a device with all features and limits of its adapter.
 * @throws TesseraError for an unknown option or device, or if no adapter is found for 'gpu' or 'swiftshader'.
 */
export async function openDevice(options: OpenOptions = {}): Promise<Device> {
  if (typeof options !== 'object' || options === null)
    throw new TesseraError(
      `openDevice: expected an object of options { ${OPTIONS.join(', ')} }, got ${shown(options)}`,
    );
  const { device = 'auto', rememberedPlans = REMEMBERED_PLANS, ...unknown } = options;
  for (const name of Object.keys(unknown)) throw unknownName('openDevice', 'option', name, OPTIONS);
  if (!DEVICE_CHOICES.includes(device))
    throw new TesseraError(`openDevice: device must be one of ${DEVICE_CHOICES.join(', ')}, got '${device}'`);
  if (!Number.isInteger(rememberedPlans) || rememberedPlans < 1)
    throw new TesseraError(`openDevice: rememberedPlans must be a positive integer, got ${rememberedPlans}`);
  const opened = await open(device);
  opened.rememberedPlans = rememberedPlans;
  return opened;
}

async function open(device: DeviceChoice): Promise<Device> {
  if (device === 'reference') return new ReferenceDevice();
  const found = await findAdapter({ from: device === 'swiftshader' ? 'swiftshader' : 'auto' });
  if (found === null) {
    if (device === 'auto') {
      warn(
        "openDevice: no WebGPU adapter was found; computing on the reference device, which is slow. 'npx tessera doctor' says what was tried and what to install",
      );
      return new ReferenceDevice();
    }
    throw new TesseraError(
      "openDevice: no WebGPU adapter was found; 'npx tessera doctor' says what was tried and what to install",
    );
  }
  const { adapter } = found;
  // Request the limits of the adapter: WebGPU's defaults are those of the weakest adapters.
  const gpu = await adapter.requestDevice({
    requiredFeatures: [...adapter.features] as GPUFeatureName[],
    requiredLimits: limitsOf(adapter),
  });
  const fingerprint = fingerprintOf(adapter);
  return new GpuDevice(found.name, found.software, gpu, fingerprint, await readTuning(fingerprint), () =>
    found.release(),
  );
}
