import type { Device, Dispatch } from '../gpu/device.js';
import { lackOf } from '../gpu/device.js';
import { ceilDivide, defineKernel, type Kernel } from '../gpu/kernel.js';
import { timeOf } from '../gpu/timer.js';
import { wgsl } from '../gpu/wgsl.js';

/*
 * The roofline of a device (Williams, Waterman and Patterson 2009): its peak arithmetic rate and bandwidth, measured in
 * the same way as kernels are, so that a kernel's time can be compared with them. The numbers of independent
 * multiply-adds and of loads per invocation that reach the peak differ between devices, so several are measured.
 */
const THREADS = 64;
const ROUNDS = 256;
const RUN = 4; // adjacent vec4 per invocation

const head = (threads: number) => wgsl`
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * ${threads}u + thread;`;

/**
 * Defines y = Σ_c s_c, where s_c = x + c and then s_c ← s_c·x + x, ROUNDS times: independent chains of multiply-adds.
 */
function multiplyAdd(chains: number, type: 'f32' | 'vec4f' | 'vec4h'): Kernel {
  const each = (text: (chain: number) => string) => Array.from({ length: chains }, (_, chain) => text(chain)).join(' ');
  const width = type === 'f32' ? 1 : 4;
  const half = type === 'vec4h';
  const stored = half ? 'vec4f' : type;
  return defineKernel({
    name: `roof_multiply_add_${chains}_${type}`,
    f16: half,
    reads: ['x'],
    writes: ['y'],
    sizes: ['count'],
    workgroups: ({ count }) => ceilDivide(count, THREADS),
    cost: ({ count }) => ({ flops: 2 * width * chains * ROUNDS * count, bytes: 8 * width * count }),
    wgsl: wgsl`
struct Sizes { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<${stored}>;
@group(0) @binding(1) var<storage, read_write> y: array<${stored}>;
@group(0) @binding(2) var<uniform> sizes: Sizes;
${head(THREADS)}
  if (i >= sizes.count) { return; }
  let a = ${type}(x[i]);
  ${each((chain) => `var s${chain} = a + ${half ? 'f16' : 'f32'}(${chain});`)}
  for (var round = 0u; round < ${ROUNDS}u; round++) {
    ${each((chain) => `s${chain} = fma(s${chain}, a, a);`)}
  }
  y[i] = ${stored}(${Array.from({ length: chains }, (_, chain) => `s${chain}`).join(' + ')});
}`,
    reference({ x, y, count }) {
      for (let i = 0; i < width * count; i++) {
        y[i] = 0;
        for (let chain = 0; chain < chains; chain++) {
          let sum = x[i] + chain;
          for (let round = 0; round < ROUNDS; round++) sum = sum * x[i] + x[i];
          y[i] += sum;
        }
      }
    },
  });
}

/** Defines y[i] = x[i] for vec4, of which an invocation copies `run`. */
function copy(run: number): Kernel {
  return defineKernel({
    name: `roof_copy_${run}`,
    reads: ['x'],
    writes: ['y'],
    sizes: ['count'],
    workgroups: ({ count }) => ceilDivide(count, run * THREADS),
    cost: ({ count }) => ({ flops: 0, bytes: 32 * count }),
    wgsl: wgsl`
struct Sizes { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> sizes: Sizes;
${head(THREADS)}
  for (var at = ${run}u * i; at < min(${run}u * (i + 1u), sizes.count); at++) { y[at] = x[at]; }
}`,
    reference: ({ x, y, count }) => y.set(x.subarray(0, 4 * count)),
  });
}

/** y[i] = Σ_k x[i + k·parts] for vec4: all of x is read, and hardly anything is written. */
const read = defineKernel({
  name: 'roof_read',
  reads: ['x'],
  writes: ['y'],
  sizes: ['count', 'parts'],
  workgroups: ({ parts }) => ceilDivide(parts, THREADS),
  cost: ({ count, parts }) => ({ flops: 4 * count, bytes: 16 * (count + parts) }),
  wgsl: wgsl`
struct Sizes { count: u32, parts: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> sizes: Sizes;
${head(THREADS)}
  if (i >= sizes.parts) { return; }
  var sum = vec4f();
  for (var at = i; at < sizes.count; at += sizes.parts) { sum += x[at]; }
  y[i] = sum;
}`,
  reference({ x, y, count, parts }) {
    y.fill(0, 0, 4 * parts);
    for (let i = 0; i < 4 * count; i++) y[i % (4 * parts)] += x[i];
  },
});

/** The kernels that measure a device's roofline. */
export const roofKernels = {
  multiplyAdds: [multiplyAdd(8, 'f32'), multiplyAdd(16, 'f32'), multiplyAdd(2, 'vec4f'), multiplyAdd(8, 'vec4f')],
  f16MultiplyAdds: [multiplyAdd(2, 'vec4h'), multiplyAdd(8, 'vec4h')],
  copies: [copy(1), copy(RUN)],
  read,
} as const;

/** The peak rates of a device. */
export interface Roofs {
  /** The peak f32 operations per second, where a multiply-add counts as two. */
  readonly flops: number;
  /** The peak f16 operations per second, if the device supports f16. */
  readonly f16Flops?: number;
  /** The peak bytes per second: the faster of reading alone and of copying, which counts bytes read and written. */
  readonly bytes: number;
  /** The bytes read and written per second by a copy. */
  readonly copy: number;
  /** The milliseconds of a dispatch that does nothing, in a pass of many. */
  readonly dispatch: number;
  /** The bytes per second from the host to the device. */
  readonly upload: number;
  /** The bytes per second from the device to the host. */
  readonly readback: number;
}

/** The least time, in milliseconds, of work of the given cost on a device with the given roofline. */
export const timeAtRoof = ({ flops, bytes }: { flops: number; bytes: number }, roofs: Roofs): number =>
  1000 * Math.max(flops / roofs.flops, bytes / roofs.bytes);

const REPEATS = 7;

/** The time of the fastest of a few runs, in milliseconds. */
async function shortest(work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round <= REPEATS; round++) {
    const milliseconds = await timeOf(work);
    if (round > 0) least = Math.min(least, milliseconds); // the first run compiles
  }
  return least;
}

/** Measures the roofline of a device, which takes a second or two. */
export async function measureRoofs(device: Device): Promise<Roofs> {
  const elements = device.software ? 2 ** 22 : 2 ** 25; // 16 or 128 MiB, larger than any cache
  const x = await device.allocate(4 * elements, 'roof x');
  const y = await device.allocate(4 * elements, 'roof y');
  device.write(x, new Float32Array(elements).fill(0.5));
  const time = async (dispatches: Dispatch[]): Promise<number> => {
    const prepared = await device.prepare(dispatches);
    const found = await shortest(async () => {
      await device.submit(prepared);
      await device.idle();
    });
    prepared.release();
    return found;
  };
  const of = (kernel: Kernel, values: Record<string, number>): Dispatch => ({
    kernel,
    bindings: { x, y },
    uniforms: values,
    label: kernel.name,
  });
  const perSecond = (amount: number, milliseconds: number) => (1000 * amount) / milliseconds;
  const best = async (dispatches: readonly Dispatch[], what: 'flops' | 'bytes'): Promise<number> => {
    let most = 0;
    for (const one of dispatches)
      most = Math.max(most, perSecond(one.kernel.cost(one.uniforms)[what], await time([one])));
    return most;
  };
  const threads = device.software ? 2 ** 14 : 2 ** 20;
  const vectors = elements / 4;
  const multiplyAdds = (kernels: readonly Kernel[]) =>
    best(
      kernels.map((kernel) => of(kernel, { count: threads })),
      'flops',
    );
  const flops = await multiplyAdds(roofKernels.multiplyAdds);
  const half = roofKernels.f16MultiplyAdds.every((kernel) => lackOf(kernel, device) === undefined);
  const f16Flops = half && device.kind === 'gpu' ? await multiplyAdds(roofKernels.f16MultiplyAdds) : undefined;
  const copied = await best(
    roofKernels.copies.map((kernel) => of(kernel, { count: vectors })),
    'bytes',
  );
  const readOnly = await best([of(read, { count: vectors, parts: device.software ? 4096 : 2 ** 17 })], 'bytes');
  const many = 1000;
  const empty = await time(Array.from({ length: many }, () => of(roofKernels.copies[0], { count: 1 })));
  const data = new Float32Array(2 ** 20);
  const nothing = await device.prepare([]);
  const upload = await shortest(async () => {
    device.write(x, data);
    await device.submit(nothing);
    await device.idle();
  });
  const readback = await shortest(() =>
    device.submit(nothing, { readbacks: [{ from: x, type: 'f32', length: data.length }] }),
  );
  nothing.release();
  for (const buffer of [x, y]) device.release(buffer);
  return {
    f16Flops,
    flops,
    bytes: Math.max(copied, readOnly),
    copy: copied,
    dispatch: empty / many,
    upload: perSecond(4 * data.length, upload),
    readback: perSecond(4 * data.length, readback),
  };
}
