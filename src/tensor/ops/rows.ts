import type { Kernel } from '../../gpu/kernel.js';
import type { RowKernels } from '../../kernels/rows/row-kernels.js';
import type { Launch } from '../../launch/launch.js';
import type { DispatchContext } from '../graph/graph.js';

/**
 * Chooses who computes the rows of an op: a workgroup or the lanes of a subgroup, by ones or, where rows are whole
 * fours, by fours. Without measurements lanes on a software adapter, where barriers never pay, and fours wherever it can be.
 */
export function chooseTeam(
  op: string,
  { workgroup, lanes }: RowKernels,
  { rows, cols }: { readonly rows: number; readonly cols: number },
  { device, choose }: Pick<DispatchContext, 'device' | 'choose'>,
  launchOf: (kernel: Kernel) => Launch,
): Launch[] {
  const mayShare = device.limits.subgroupLanes >= lanes.ones.subgroupLanes;
  const inFours = cols % 4 === 0;
  const variantsOf = (name: string, { ones, fours }: RowKernels['workgroup']) => ({
    [name]: () => [launchOf(ones)],
    ...(inFours ? { [`${name}/fours`]: () => [launchOf(fours)] } : {}),
  });
  const variants = {
    ...variantsOf('workgroup', workgroup),
    ...(mayShare ? variantsOf('lanes', lanes) : {}),
  };
  const team = device.software && mayShare ? 'lanes' : 'workgroup';
  return choose(op, { rows, cols }, variants, inFours ? `${team}/fours` : team);
}
