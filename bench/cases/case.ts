import type { HostArray } from '../../src/gpu/device.js';
import type { Kernel } from '../../src/gpu/kernel.js';
import type { RowKernels } from '../../src/kernels/rows/row-kernels.js';

/** One launch: its uniforms, and which of the case's buffers stand behind its bindings. */
export interface Step {
  readonly kernel: Kernel;
  readonly values: Readonly<Record<string, number>>;
  readonly buffers: Readonly<Record<string, string>>;
}

/** One way to compute a case. */
export interface Rung {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** Work that several kernels can do, from the simplest to the cleverest: a ladder. */
export interface KernelCase {
  /** The work and its shape, such as `matmul 512 x 512 x 512`. */
  readonly name: string;
  /** `quick`: timed with `--quick` too. `large`: too much for a software adapter, and timed on others only. */
  readonly when?: 'quick' | 'large';
  /** What must be computed, and what must cross the memory bus at least once. */
  readonly flops: number;
  readonly bytes: number;
  /** Lengths of buffers, or what they hold; the former are filled with normal numbers. */
  readonly buffers: Readonly<Record<string, number | HostArray>>;
  /** Buffers that all rungs leave alike. */
  readonly outputs: readonly string[];
  readonly rungs: readonly Rung[];
}

/** A rung of one launch whose bindings are called as the case's buffers. */
export const single = (name: string, kernel: Kernel, values: Step['values']): Rung => ({
  name,
  steps: [{ kernel, values, buffers: ownNames(kernel) }],
});

/** Every storage binding of a kernel with the buffer of the same name. */
export const ownNames = ({ bindings }: Kernel): Record<string, string> =>
  Object.fromEntries(bindings.filter(({ access }) => access !== 'uniform').map(({ name }) => [name, name]));

/** A rung for each row group that can compute rows of this length (`src/kernels/rows/row-kernels.ts`). */
export const rowRungs = (
  { workgroup, lanes }: RowKernels,
  values: Step['values'] & { readonly cols: number },
): Rung[] =>
  [
    { name: 'workgroup per row', kernel: workgroup.scalar },
    { name: 'workgroup per row, vec4', kernel: workgroup.vec4 },
    { name: 'eight lanes per row', kernel: lanes.scalar },
    { name: 'eight lanes per row, vec4', kernel: lanes.vec4 },
  ]
    .filter(({ kernel }) => values.cols % 4 === 0 || (kernel !== workgroup.vec4 && kernel !== lanes.vec4))
    .map(({ name, kernel }) => single(name, kernel, values));
