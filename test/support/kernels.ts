import {
  bytesOf,
  type Device,
  type DeviceBuffer,
  type ElementType,
  type HostArray,
  type Window,
} from '../../src/gpu/device.js';
import { toF16 } from '../../src/gpu/f16.js';
import type { Kernel } from '../../src/gpu/index.js';
import { type Fusion, fuse } from '../../src/kernels/elementwise/fusion.js';
import { normals } from './numbers.js';

/** One run of a kernel: its uniforms, and for every buffer its length or what it holds at the beginning. */
export interface KernelCase {
  readonly kernel: Kernel;
  readonly note: string;
  readonly values: Readonly<Record<string, number>>;
  readonly buffers: Readonly<Record<string, number | HostArray>>;
  /** Element types of outputs that are not f32, and of inputs that are f16. */
  readonly types?: Readonly<Record<string, ElementType>>;
  readonly tolerance?: { readonly absolute?: number; readonly relative?: number };
  /** Elementwise work at its hooks: what it is given must be the place of the value. */
  readonly fusions?: readonly Fusion[];
  /** The most workgroups in a row of the grid, where it is less than the device allows. */
  readonly gridWidth?: number;
}

/** What outputs hold before the run: a kernel that leaves an element out is found. */
const POISON = -987_654;
/** What stands behind inputs, another number than behind outputs: a copy of it is found. */
const BEYOND = 543_210;
/** Elements of poison behind every buffer, from the next whole four on: who reads or writes beyond its end is found. */
const GUARD = 64;
const guarded = (length: number): number => Math.ceil(length / 4) * 4 + GUARD;

/** A launch of a case's kernel: its uniforms, and the parts of buffers that it is given. */
export interface CaseLaunch {
  readonly values: KernelCase['values'];
  readonly windows?: Readonly<Record<string, Window>>;
}

/** Runs a case on a device, as one launch or in several, and returns what its outputs hold afterwards, by binding. */
export async function runCase(
  device: Device,
  { kernel: own, values, buffers, types = {}, fusions = [], gridWidth }: KernelCase,
  launches: readonly CaseLaunch[] = [{ values }],
): Promise<Map<string, HostArray>> {
  const kernel = fusions.length === 0 ? own : fuse(own, fusions);
  const bound: Record<string, DeviceBuffer> = {};
  for (const [index, [name, given]] of Object.entries(buffers).entries()) {
    const output = kernel.bindings.find((binding) => binding.name === name)?.access === 'read_write';
    const length = typeof given === 'number' ? given : given.length;
    const buffer = await device.allocate(bytesOf(types[name] ?? 'f32', guarded(length)), name);
    const content = typeof given !== 'number' ? given : output ? undefined : normals(length, index + 1);
    const whole = new (arrayOf(content, types[name]))(guarded(length)).fill(output ? POISON : BEYOND);
    if (content !== undefined) whole.set(content);
    device.write(buffer, types[name] === 'f16' ? whole.map(toF16) : whole, types[name]);
    bound[name] = buffer;
  }
  const { workgroupsPerDimension } = device.limits;
  if (gridWidth !== undefined) Object.assign(device.limits, { workgroupsPerDimension: gridWidth });
  const prepared = await device
    .prepare(
      launches.map(({ values, windows }) => ({
        kernel,
        bindings: bound,
        windows,
        uniforms: values,
        label: kernel.name,
      })),
    )
    .finally(() => Object.assign(device.limits, { workgroupsPerDimension }));
  const outputs = kernel.bindings.filter(({ access }) => access === 'read_write').map(({ name }) => name);
  const lengthOf = (name: string) => {
    const given = buffers[name];
    return typeof given === 'number' ? given : given.length;
  };
  const readbacks = outputs.map((name) => ({
    from: bound[name],
    type: types[name] ?? ('f32' as const),
    length: guarded(lengthOf(name)),
  }));
  const read = await device.submit(prepared, { readbacks });
  prepared.release();
  for (const buffer of Object.values(bound)) device.release(buffer);
  return new Map(
    outputs.map((name, index) => {
      const values = read[index];
      const length = lengthOf(name);
      const beyond = Array.from(values.subarray(Math.ceil(length / 4) * 4)).findIndex(
        (value) => value !== poison(types[name]),
      );
      if (beyond >= 0) throw new WroteBeyond(`${kernel.name} wrote to '${name}' beyond its ${length} elements`);
      return [name, values.subarray(0, length)];
    }),
  );
}

const arrayOf = (content: HostArray | undefined, type: ElementType = 'f32') => {
  if (content instanceof Uint32Array) return Uint32Array;
  const isWhole = content === undefined && type !== 'f32' && type !== 'f16';
  return content instanceof Int32Array || isWhole ? Int32Array : Float32Array;
};

/** A kernel wrote where nothing of its own stands. */
export class WroteBeyond extends Error {}

function poison(type: ElementType | undefined): number {
  if (type === 'f16') return toF16(POISON);
  return type === 'u32' || type === 'bool' ? POISON >>> 0 : POISON;
}
