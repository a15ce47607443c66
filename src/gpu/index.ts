export type { Device, DeviceBuffer, Dispatch, ElementType, HostArray, Prepared } from './device.js';
export { DEVICE_CHOICES, type DeviceChoice, lackOf } from './device.js';
export { DeviceLostError, KernelError, OutOfMemoryError, TesseraError } from './errors.js';
export { ceilDivide, defineKernel, type Kernel, type KernelDefinition } from './kernel.js';
export { type OpenOptions, openDevice } from './open.js';
export { epilogue, prologue, wgsl } from './wgsl.js';
