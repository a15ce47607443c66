import type { Kernel } from '../../src/gpu/index.js';
import * as kernels from '../../src/kernels/index.js';

/** Every kernel that the room exports, alone or in a family. */
export function allKernels(room: object = kernels): Kernel[] {
  return Object.values(room).flatMap((value: unknown) => {
    if (typeof value !== 'object' || value === null) return [];
    return 'wgsl' in value && 'bindings' in value ? [value as Kernel] : allKernels(value);
  });
}
