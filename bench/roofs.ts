import type { Device, Dispatch } from '../src/gpu/device.js';
import { ceilDivide, defineKernel } from '../src/gpu/kernel.js';
import { wgsl } from '../src/gpu/wgsl.js';
import { quantile } from './measure.js';

/*
 * What the device can do at best, measured as kernels are: so that a kernel's time can be a share of it.
 */
const THREADS = 64;
/** Rounds of eight chains of fused multiply-adds by fours, each independent of the others. */
const ROUNDS = 256;
const CHAINS = 8;

const multiplyAdd = defineKernel({
  name: 'roof_fma',
  reads: ['x'],
  writes: ['y'],
  sizes: ['count'],
  workgroups: ({ count }) => ceilDivide(count, THREADS),
  cost: ({ count }) => ({ flops: 8 * CHAINS * ROUNDS * count, bytes: 32 * count }),
  wgsl: wgsl`
struct Sizes { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (i >= sizes.count) { return; }
  let a = x[i];
${Array.from({ length: CHAINS }, (_, chain) => `  var s${chain} = a + f32(${chain});`).join('\n')}
  for (var round = 0u; round < ${ROUNDS}u; round++) {
${Array.from({ length: CHAINS }, (_, chain) => `    s${chain} = fma(s${chain}, a, a);`).join('\n')}
  }
  y[i] = ${Array.from({ length: CHAINS }, (_, chain) => `s${chain}`).join(' + ')};
}`,
  reference({ x, y, count }) {
    for (let i = 0; i < 4 * count; i++) {
      y[i] = 0;
      for (let chain = 0; chain < CHAINS; chain++) {
        let sum = x[i]! + chain;
        for (let round = 0; round < ROUNDS; round++) sum = sum * x[i]! + x[i]!;
        y[i]! += sum;
      }
    }
  },
});

const copy = defineKernel({
  name: 'roof_copy',
  reads: ['x'],
  writes: ['y'],
  sizes: ['count'],
  workgroups: ({ count }) => ceilDivide(count, THREADS),
  cost: ({ count }) => ({ flops: 0, bytes: 32 * count }),
  wgsl: wgsl`
struct Sizes { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (i < sizes.count) { y[i] = x[i]; }
}`,
  reference: ({ x, y }) => y.set(x.subarray(0, y.length)),
});

export interface Roofs {
  /** Operations a second of f32 multiply-adds, a multiply-add being two. */
  readonly flops: number;
  /** Bytes a second of a copy, read and written. */
  readonly bytes: number;
  /** Milliseconds of a dispatch that does nothing, in a pass of many. */
  readonly dispatch: number;
  /** Bytes a second from the host, and back. */
  readonly upload: number;
  readonly readback: number;
}

const REPEATS = 7;
const median = async (work: () => Promise<unknown>): Promise<number> => {
  await work();
  const times: number[] = [];
  for (let round = 0; round < REPEATS; round++) {
    const begin = performance.now();
    await work();
    times.push(performance.now() - begin);
  }
  return quantile(times, 0.5);
};

/** Measures the roofs of a device. */
export async function measureRoofs(device: Device): Promise<Roofs> {
  const LARGE = 2 ** 24; // elements: 64 MiB
  const [x, y] = [device.allocate(4 * LARGE, 'roof x'), device.allocate(4 * LARGE, 'roof y')];
  device.write(x, new Float32Array(LARGE).fill(0.5));
  const times = async (dispatches: Dispatch[]): Promise<number> => {
    const prepared = await device.prepare(dispatches);
    const found = await median(async () => {
      await device.submit(prepared);
      await device.idle();
    });
    prepared.release();
    return found;
  };
  const one = (kernel: Dispatch['kernel'], count: number): Dispatch => ({
    ...{ kernel, buffers: { x, y }, values: { count }, label: kernel.name },
  });
  const threads = device.software ? 2 ** 14 : 2 ** 18;
  const fma = await times([one(multiplyAdd, threads)]);
  const copying = await times([one(copy, LARGE / 4)]);
  const many = 1000;
  const empty = await times(Array.from({ length: many }, () => one(copy, 1)));
  const data = new Float32Array(LARGE / 4);
  const uploading = await median(async () => {
    device.write(x, data);
    await device.idle();
  });
  const nothing = await device.prepare([]);
  const reading = await median(() =>
    device.submit(nothing, { readbacks: [{ from: x, type: 'f32', length: data.length }] }),
  );
  nothing.release();
  for (const buffer of [x, y]) device.release(buffer);
  const perSecond = (amount: number, milliseconds: number) => (1000 * amount) / milliseconds;
  return {
    flops: perSecond(multiplyAdd.cost({ count: threads }).flops, fma),
    bytes: perSecond(8 * LARGE, copying),
    dispatch: empty / many,
    upload: perSecond(4 * data.length, uploading),
    readback: perSecond(4 * data.length, reading),
  };
}
