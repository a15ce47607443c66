import type { Device, ElementType, HostArray, Kernel } from '../../src/gpu/index.js';
import { normals } from './numbers.js';

/** One run of a kernel: its uniforms, and for every buffer its length or what it holds at the beginning. */
export interface KernelCase {
  readonly kernel: Kernel;
  readonly note: string;
  readonly values: Readonly<Record<string, number>>;
  readonly buffers: Readonly<Record<string, number | HostArray>>;
  /** Element types of outputs that are not f32. */
  readonly types?: Readonly<Record<string, ElementType>>;
  readonly tolerance?: { readonly absolute?: number; readonly relative?: number };
}

/** What outputs hold before the run: a kernel that leaves an element out is found. */
const POISON = -987_654;

/** Runs a case on a device and returns what its outputs hold afterwards, by binding. */
export async function runCase(
  device: Device,
  { kernel, values, buffers, types = {} }: KernelCase,
): Promise<Map<string, HostArray>> {
  const bound = Object.fromEntries(
    Object.entries(buffers).map(([name, given], index) => {
      const output = kernel.bindings.find((binding) => binding.name === name)?.access === 'read_write';
      const length = typeof given === 'number' ? given : given.length;
      const buffer = device.allocate(Math.max(16, 4 * length), name);
      const poison = types[name] === undefined ? new Float32Array(length) : new Int32Array(length);
      const content = typeof given !== 'number' ? given : output ? poison.fill(POISON) : normals(length, index + 1);
      if (length > 0) device.write(buffer, content);
      return [name, buffer];
    }),
  );
  const prepared = await device.prepare([{ kernel, buffers: bound, values, label: kernel.name }]);
  const outputs = kernel.bindings.filter(({ access }) => access === 'read_write').map(({ name }) => name);
  const readbacks = outputs.map((name) => {
    const given = buffers[name]!;
    return {
      from: bound[name]!,
      type: types[name] ?? 'f32',
      length: typeof given === 'number' ? given : given.length,
    } as const;
  });
  const read = await device.submit(prepared, { readbacks });
  prepared.release();
  for (const buffer of Object.values(bound)) device.release(buffer);
  return new Map(outputs.map((name, index) => [name, read[index]!]));
}
