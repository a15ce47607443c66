import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { DeviceBuffer } from '../../src/gpu/device.js';
import type { GpuDevice } from '../../src/gpu/gpu-device.js';
import { defineKernel } from '../../src/gpu/index.js';
import { fills } from '../../src/kernels/index.js';
import { readBack } from '../../src/tensor/evaluate.js';
import {
  DeviceLostError,
  defaultDevice,
  evaluate,
  KernelError,
  OutOfMemoryError,
  openDevice,
  setDefaultDevice,
  tensor,
  Variable,
  zeros,
} from '../../src/tensor/index.js';
import { runtimeOf } from '../../src/tensor/runtime/runtime.js';
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

  test('more bytes than a buffer may have are refused by name, before anything is allocated', async () => {
    const before = device.memory.bytes;
    const allocated = device.allocate(device.limits.bufferBytes + 4, 'weights');
    await expect(allocated).rejects.toThrow(OutOfMemoryError);
    await expect(allocated).rejects.toThrow('weights: ');
    expect(device.memory.bytes).toBe(before);
  });

  test('a tensor beyond the limits is an error that names its shape', async () => {
    setDefaultDevice(device);
    const huge = zeros([70_000, 70_000]).add(tensor([1, 2]).sum());
    await expect(huge.data()).rejects.toThrow(OutOfMemoryError);
    await expect(huge.data()).rejects.toThrow('[70000, 70000]');
    setDefaultDevice(undefined);
  });

  test('a released buffer is used again', async () => {
    const first = await device.allocate(1000, 'first');
    device.release(first);
    const created = device.counters.buffersCreated;
    device.release(await device.allocate(1000, 'second'));
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
  const y = await gpu.allocate(16, 'y');
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
  const y = await gpu.allocate(16, 'y');
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
  const y = await gpu.allocate(4 * 2 ** 20, 'y');
  const dispatch = { kernel: fills.f32, bindings: { y }, uniforms: { count: 2 ** 20, value: 1 }, label: 'fill' };
  const prepared = await gpu.prepare([dispatch, dispatch]);
  const nanoseconds = await gpu.profile(prepared);
  expect(nanoseconds).toHaveLength(2);
  for (const one of nanoseconds) expect(one).toBeGreaterThan(0);
  prepared.release();
  gpu.release(y);
});

describe.runIf(isGpu)('bind groups', () => {
  test('are one for each dispatch, and are used again when its buffers alternate', async () => {
    const [y, z] = [await gpu.allocate(1024, 'y'), await gpu.allocate(1024, 'z')];
    const fill = (buffer: DeviceBuffer, count: number, value: number) => ({
      kernel: fills.f32,
      bindings: { y: buffer },
      uniforms: { count, value },
      label: 'fill',
    });
    const prepared = await gpu.prepare([fill(y, 8, 1), fill(z, 8, 2), fill(y, 4, 3), fill(z, 4, 4), fill(y, 0, 5)]);
    expect(prepared.bindGroups).toBe(5);
    const readbacks = [y, z].map((from) => ({ from, type: 'f32' as const, length: 8 }));
    const values = await gpu.submit(prepared, { readbacks });
    expect(values.map((one) => [...one])).toEqual([
      [3, 3, 3, 3, 1, 1, 1, 1],
      [4, 4, 4, 4, 2, 2, 2, 2],
    ]);
    for (const buffer of [z, y, z]) prepared.bind(0, 'y', buffer);
    prepared.bind(1, 'y', y);
    expect(prepared.bindGroups).toBe(7);
    prepared.set(0, 'value', 6);
    expect([...(await gpu.submit(prepared, { readbacks }))[1]]).toEqual([4, 4, 4, 4, 6, 6, 6, 6]);
    prepared.release();
    for (const buffer of [y, z]) gpu.release(buffer);
  });

  test('are as few for a step whose result is kept each time', async () => {
    setDefaultDevice(gpu);
    onTestFinished(() => setDefaultDevice(undefined));
    const x = tensor(new Float32Array(2 ** 15).fill(1));
    const step = async () => {
      const y = await x.mul(2).evaluate();
      expect(await y.sum().item()).toBe(2 ** 16);
      y.dispose();
    };
    for (let count = 0; count < 3; count++) await step();
    const { bindGroupsCreated } = gpu.counters;
    for (let count = 0; count < 20; count++) await step();
    expect(gpu.counters.bindGroupsCreated).toBe(bindGroupsCreated);
  });

  test('of plans that come and go stay within bounds; a plan with more of them is an error', async () => {
    const device = (await openDevice()) as GpuDevice;
    Object.assign(device.limits, { bindGroups: 60 });
    setDefaultDevice(device);
    onTestFinished(() => {
      setDefaultDevice(undefined);
      device.close();
    });
    const sums = (length: number) => Array.from({ length }, (_, index) => tensor([index, length]).sum());
    for (let length = 1; length < 16; length++) {
      const values = sums(length);
      await readBack(values);
      expect(await values[length - 1].item()).toBe(2 * length - 1);
      expect(device.bindGroups).toBeLessThanOrEqual(60);
    }
    await expect(readBack(sums(70))).rejects.toThrow(/^sum .* has reached its limit of \d+ bind groups; evaluate/);
    expect(await tensor([1, 2]).sum().item()).toBe(3);
  });
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
    await expect(device.allocate(16, 'y')).rejects.toThrow(DeviceLostError);
    // What was read before stays.
    expect([...(await read.data())]).toEqual([3, 6, 9]);
    setDefaultDevice(undefined);
  }
});

test('after the default device was closed, the next use opens another one', async () => {
  setDefaultDevice(undefined);
  onTestFinished(() => setDefaultDevice(undefined));
  const first = await defaultDevice();
  first.close();
  expect(first.isOpen).toBe(false);
  expect(await tensor([1, 2]).sum().item()).toBe(3);
  const [second, third] = await Promise.all([defaultDevice(), defaultDevice()]);
  expect([second === first, second === third, second.isOpen]).toEqual([false, true, true]);
  second.close();
});

test.runIf(isGpu)('closing waits for the pipelines that are being compiled', async () => {
  const device = (await openDevice()) as GpuDevice;
  const destroy = vi.spyOn(device.gpu, 'destroy');
  const y = await device.allocate(16, 'y');
  const uniforms = { count: 1, value: 1 };
  const preparing = device.prepare([{ kernel: fills.f32, bindings: { y }, uniforms, label: 'fill' }]);
  device.close();
  expect(destroy).not.toHaveBeenCalled();
  await expect(preparing).rejects.toThrow('the device was closed');
  await vi.waitFor(() => expect(destroy).toHaveBeenCalledOnce());
});

test('how many plans are remembered is a setting', async () => {
  const device = await openDevice({ rememberedPlans: 2 });
  setDefaultDevice(device);
  onTestFinished(() => {
    setDefaultDevice(undefined);
    device.close();
  });
  for (let length = 1; length < 5; length++) await tensor(new Float32Array(length)).add(1).data();
  expect(runtimeOf(device).plans).toBe(2);
  device.rememberedPlans = 3;
  for (let length = 1; length < 5; length++) await tensor(new Float32Array(length)).add(1).data();
  expect(runtimeOf(device).plans).toBe(3);
  for (const rememberedPlans of [0, 1.5, Number.NaN])
    await expect(openDevice({ rememberedPlans })).rejects.toThrow('rememberedPlans must be a positive integer');
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

describe.runIf(isGpu)('a device that has no memory left', () => {
  /** Has a device's buffers share so many bytes. Those that do not fit are reported to the error scope around them. */
  function limitMemory({ gpu }: GpuDevice, bytes: number): void {
    const scopes: { readonly filter: GPUErrorFilter; hasFailed: boolean }[] = [];
    const { createBuffer, pushErrorScope, popErrorScope } = gpu;
    let free = bytes;
    gpu.pushErrorScope = (filter) => {
      scopes.push({ filter, hasFailed: false });
      return pushErrorScope.call(gpu, filter);
    };
    gpu.popErrorScope = async () => {
      const scope = scopes.pop();
      const found = await popErrorScope.call(gpu);
      return scope?.hasFailed ? new GPUOutOfMemoryError('no memory') : found;
    };
    gpu.createBuffer = (descriptor) => {
      const buffer = createBuffer.call(gpu, descriptor);
      const { destroy } = buffer;
      free -= descriptor.size;
      const scope = scopes.findLast(({ filter }) => filter === 'out-of-memory');
      if (free < 0 && scope === undefined) throw new Error('a buffer is made outside of an error scope');
      if (free < 0 && scope !== undefined) scope.hasFailed = true;
      let isDestroyed = false;
      buffer.destroy = () => {
        if (!isDestroyed) free += descriptor.size;
        isDestroyed = true;
        return destroy.call(buffer);
      };
      return buffer;
    };
  }

  const open = async (bytes: number): Promise<GpuDevice> => {
    const device = (await openDevice()) as GpuDevice;
    limitMemory(device, bytes);
    setDefaultDevice(device);
    onTestFinished(() => {
      setDefaultDevice(undefined);
      device.close();
    });
    return device;
  };

  test('says who holds how much, and goes on once some is given back', async () => {
    const device = await open(10_000);
    const held = [await device.allocate(4096, 'weights'), await device.allocate(4096, 'moments')];
    await expect(device.allocate(4096, 'activations')).rejects.toThrow(
      /^activations: .* has no memory left for 4096 bytes; 8192 bytes are in use \(4096 bytes by 'weights', 4096 bytes by 'moments'\)/,
    );
    await expect(device.allocate(4096, 'activations')).rejects.toThrow(OutOfMemoryError);
    device.release(held[0]);
    await expect(device.allocate(4096, 'activations')).resolves.toBeDefined();
  });

  test('gives the memory of free buffers to those of another size', async () => {
    const device = await open(10_000);
    device.release(await device.allocate(8192, 'first'));
    await expect(device.allocate(4096, 'second')).resolves.toBeDefined();
    expect(device.memory.bytes).toBe(4096);
  });

  test('evaluates in place of the plans that it remembers', async () => {
    const device = await open(100_000);
    for (const length of [1000, 2000, 3000, 4000, 5000, 6000]) {
      const x = tensor(new Float32Array(length).fill(1));
      expect(await x.add(1).sum().item()).toBe(2 * length);
    }
    expect(device.memory.bytes).toBeLessThanOrEqual(100_000);
  });

  test('an evaluation that does not fit changes nothing, and the next one runs', async () => {
    const device = await open(100_000);
    const w = new Variable(Float32Array.of(1), [1], 'w');
    const large = tensor(new Float32Array(10_000)).add(w).mul(2);
    for (let round = 0; round < 3; round++) {
      await expect(evaluate(w.assign(w.add(1)), large, large.exp())).rejects.toThrow(OutOfMemoryError);
      expect(await w.item()).toBe(1);
      expect(device.memory.bytes).toBeLessThanOrEqual(100_000);
    }
  });

  test('where values cannot be read, what was computed with them stands', async () => {
    await open(90_000);
    const w = new Variable(new Float32Array(8000), [8000], 'w');
    await evaluate(w.assign(w.add(3)));
    await expect(w.add(0).data()).rejects.toThrow(/^reading: .* has no memory left/);
    expect(await w.sum().item()).toBe(24_000);
  });
});
