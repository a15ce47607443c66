import type { RowKernels } from '../kernels/rows/row-kernels.js';
import { type Launch, type LaunchContext, launch, type Variants } from './launch.js';

/**
 * The launch of an op that computes rows, with the kernel for one of its row groups: a workgroup, or lanes of a
 * subgroup, which read scalars or, if the length of a row is a multiple of 4, vec4. The default is lanes on software
 * adapters, where barriers are slow, and vec4 wherever it fits.
 */
export function rowLaunches(
  op: string,
  { workgroup, lanes }: RowKernels,
  { rows, cols }: { readonly rows: number; readonly cols: number },
  bindings: Launch['bindings'],
  uniforms: Launch['uniforms'],
  { device, choose }: Pick<LaunchContext, 'device' | 'choose'>,
): Launch[] {
  const hasLanes = device.limits.subgroupLanes >= lanes.scalar.subgroupLanes;
  const fitsVec4 = cols % 4 === 0;
  const variantsOf = (name: string, { scalar, vec4 }: RowKernels['workgroup']): Variants => ({
    [name]: () => [launch(scalar, bindings, uniforms)],
    ...(fitsVec4 ? { [`${name}/vec4`]: () => [launch(vec4, bindings, uniforms)] } : {}),
  });
  const variants = {
    ...variantsOf('workgroup', workgroup),
    ...(hasLanes ? variantsOf('lanes', lanes) : {}),
  };
  const group = device.software && hasLanes ? 'lanes' : 'workgroup';
  return choose(op, { rows, cols }, variants, fitsVec4 ? `${group}/vec4` : group);
}
