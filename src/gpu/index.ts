export type { Device, DeviceBuffer, Dispatch, ElementType, HostArray, Prepared } from './device.js';
export { lackOf } from './device.js';
export { DeviceLostError, KernelError, OutOfMemoryError, TesseraError } from './errors.js';
export { ceilDivide, defineKernel, type Kernel, type KernelDefinition } from './kernel.js';
export { DEVICE_CHOICES, type DeviceChoice, type OpenOptions, openDevice } from './open.js';
export { epilogue, prologue, wgsl } from './wgsl.js';
