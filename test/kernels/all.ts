import type { Kernel } from '../../src/gpu/index.js';
import * as kernels from '../../src/kernels/index.js';
import { elementwiseKernels } from './elementwise.js';

/** Every kernel that the room exports, alone or in a family; and each elementwise function as a kernel of its own. */
export const allKernels = (): Kernel[] => [...kernelsIn(kernels), ...elementwiseKernels];

function kernelsIn(room: object): Kernel[] {
  return Object.values(room).flatMap((value: unknown) => {
    if (typeof value !== 'object' || value === null) return [];
    return 'wgsl' in value && 'bindings' in value ? [value as Kernel] : kernelsIn(value);
  });
}
