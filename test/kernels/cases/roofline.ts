import { roofKernels } from '../../../src/kernels/roofline.js';
import type { KernelCase } from '../../support/kernels.js';

export const roofs: KernelCase[] = [
  // Of 1, -1 and 0.5 all chains are exact, in half precision too, and those of 1 and -1 never forget where they began.
  ...[...roofKernels.multiplyAdds, ...roofKernels.f16MultiplyAdds].flatMap((kernel): KernelCase[] =>
    [1, 130].map((count) => ({
      kernel,
      note: `${count}`,
      values: { count },
      buffers: {
        x: Float32Array.from({ length: 4 * count }, (_, at) => [1, -1, 0.5][at % 3]),
        y: kernel.name.endsWith('f32') ? count : 4 * count,
      },
      ...(kernel.f16 ? { tolerance: { relative: 1e-3 } } : {}),
    })),
  ),
  ...roofKernels.copies.flatMap((kernel): KernelCase[] =>
    [1, 63, 258].map((count) => ({
      kernel,
      note: `${count}`,
      values: { count },
      buffers: { x: 4 * count, y: 4 * count },
    })),
  ),
  ...[
    [1, 1],
    [67, 3],
    [300, 70],
  ].map(([count, parts]) => ({
    kernel: roofKernels.read,
    note: `${count} in ${parts}`,
    values: { count: count, parts: parts },
    buffers: { x: 4 * count, y: 4 * parts },
    tolerance: { absolute: 1e-4 },
  })),
];
