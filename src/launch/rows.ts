import type { RowKernels } from '../kernels/rows/row-kernels.js';
import { type Launch, type LaunchContext, launch, type Variants } from './launch.js';

/**
 * The launch of an op that goes row by row, in one of its kernels: the row group is a workgroup or the lanes of a
 * subgroup, and reads single elements or, where a row is a whole number of them, vec4s. By default lanes on a software
 * adapter, where barriers never pay, and vec4s wherever they fit.
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
  const inVec4 = cols % 4 === 0;
  const variantsOf = (name: string, { scalar, vec4 }: RowKernels['workgroup']): Variants => ({
    [name]: () => [launch(scalar, bindings, uniforms)],
    ...(inVec4 ? { [`${name}/vec4`]: () => [launch(vec4, bindings, uniforms)] } : {}),
  });
  const variants = {
    ...variantsOf('workgroup', workgroup),
    ...(hasLanes ? variantsOf('lanes', lanes) : {}),
  };
  const group = device.software && hasLanes ? 'lanes' : 'workgroup';
  return choose(op, { rows, cols }, variants, inVec4 ? `${group}/vec4` : group);
}
