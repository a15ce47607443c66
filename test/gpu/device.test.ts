import { describe, expect, test } from 'vitest';
import type { GpuDevice } from '../../src/gpu/gpu-device.js';
import { defineKernel } from '../../src/gpu/index.js';
import { fills } from '../../src/kernels/index.js';
import {
  DeviceLostError,
  KernelError,
  OutOfMemoryError,
  openDevice,
  setDefaultDevice,
  tensor,
  zeros,
} from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';

const isGpu = gpu.kind === 'gpu';

describe.each([
  ['the adapter', gpu],
  ['the reference device', reference],
])('%s', (_, device) => {
  test('says who it is', () => {
    expect(device.name).not.toBe('');
    expect(device.limits.bindingBytes).toBeGreaterThanOrEqual(128 * 2 ** 20);
    expect(device.limits.storageBuffers).toBeGreaterThanOrEqual(8);
  });

  test('more bytes than a buffer may have are refused by name, before anything is allocated', () => {
    const before = device.memory.bytes;
    expect(() => device.allocate(device.limits.bufferBytes + 4, 'weights')).toThrow(OutOfMemoryError);
    expect(() => device.allocate(device.limits.bufferBytes + 4, 'weights')).toThrow('weights: ');
    expect(device.memory.bytes).toBe(before);
  });

  test('a tensor beyond the limits is an error that names its shape', async () => {
    setDefaultDevice(device);
    const huge = zeros([70_000, 70_000]).add(tensor([1, 2]).sum());
    await expect(huge.data()).rejects.toThrow(OutOfMemoryError);
    await expect(huge.data()).rejects.toThrow('[70000, 70000]');
    setDefaultDevice(undefined);
  });

  test('a released buffer is used again', () => {
    const first = device.allocate(1000, 'first');
    device.release(first);
    const created = device.counters.buffersCreated;
    device.release(device.allocate(1000, 'second'));
    expect(device.counters.buffersCreated).toBe(created);
  });
});

test.runIf(isGpu)('WGSL that does not compile is an error that names kernel, shapes and line', async () => {
  const broken = defineKernel({
    name: 'broken',
    writes: ['y'],
    workgroups: () => 1,
    cost: () => ({ flops: 0, bytes: 0 }),
    wgsl: `@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1)
fn main() { y[0] = nothing; }`,
    reference: () => {},
  });
  const y = gpu.allocate(16, 'y');
  const prepared = gpu.prepare([{ kernel: broken, bindings: { y }, uniforms: {}, label: 'broken [3, 5]' }]);
  await expect(prepared).rejects.toThrow(KernelError);
  await expect(prepared).rejects.toThrow(/kernel 'broken' \(broken \[3, 5\]\)[\s\S]*line 3/);
  gpu.release(y);
});

test.runIf(isGpu)('what the device refuses at binding names the dispatch', async () => {
  const tooSmall = defineKernel({
    name: 'needs_a_kilobyte',
    writes: ['y'],
    workgroups: () => 1,
    cost: () => ({ flops: 0, bytes: 0 }),
    wgsl: `@group(0) @binding(0) var<storage, read_write> y: array<f32, 1024>;
@compute @workgroup_size(1)
fn main() { y[0] = 1.0; }`,
    reference: () => {},
  });
  const y = gpu.allocate(16, 'y');
  // Bound too small for the array it declares, which validation finds when the pass is encoded or bound.
  const run = async () => {
    const prepared = await gpu.prepare([{ kernel: tooSmall, bindings: { y }, uniforms: {}, label: 'fill [1024]' }]);
    await gpu.submit(prepared, { readbacks: [{ from: y, type: 'f32', length: 1 }] });
    await gpu.idle();
  };
  await expect(run()).rejects.toThrow(KernelError);
  gpu.release(y);
  // The device is none the worse for it.
  await expect(gpu.idle()).resolves.toBeUndefined();
});

test.runIf(isGpu && gpu.features.has('timestamp-query'))('profiling gives every dispatch its nanoseconds', async () => {
  const y = gpu.allocate(4 * 2 ** 20, 'y');
  const dispatch = { kernel: fills[1].f32, bindings: { y }, uniforms: { count: 2 ** 20, value: 1 }, label: 'fill' };
  const prepared = await gpu.prepare([dispatch, dispatch]);
  const nanoseconds = await gpu.profile(prepared);
  expect(nanoseconds).toHaveLength(2);
  for (const one of nanoseconds) expect(one).toBeGreaterThan(0);
  prepared.release();
  gpu.release(y);
});

test('after closing, everything is a DeviceLostError that says what to do', async () => {
  for (const choice of ['auto', 'reference'] as const) {
    const device = await openDevice({ device: choice });
    setDefaultDevice(device);
    const kept = tensor([1, 2, 3]).mul(2);
    const read = tensor([1, 2, 3]).mul(3);
    await read.data();
    device.close();
    await expect(kept.data()).rejects.toThrow(DeviceLostError);
    await expect(kept.data()).rejects.toThrow('open a new one');
    expect(() => device.allocate(16, 'y')).toThrow(DeviceLostError);
    // What was read before stays.
    expect([...(await read.data())]).toEqual([3, 6, 9]);
    setDefaultDevice(undefined);
  }
});

test.runIf(isGpu)('a device that is lost on the way is a DeviceLostError', async () => {
  const device = (await openDevice()) as GpuDevice;
  setDefaultDevice(device);
  const y = tensor([1, 2, 3]).mul(2);
  await y.sum().data();
  const reading = y.data();
  device.gpu.destroy();
  await expect(reading.then(() => tensor([1]).mul(2).data())).rejects.toThrow(DeviceLostError);
  setDefaultDevice(undefined);
});
