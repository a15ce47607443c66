import { allKernels } from '../kernels/all.js';
import { gpu, reference } from '../support/devices.js';
import { faultsOf } from './faults.js';
import { trial } from './trial.js';

/*
 * Tries the faults of one kernel from a place on: a line of output for each, so that the parent sees which one hangs.
 */
const [name, from] = process.argv.slice(2);
const kernel = allKernels().find((one) => one.name === name)!;
for (const [index, fault] of faultsOf(kernel).entries()) {
  if (index < Number(from)) continue;
  process.stdout.write(`${index} ${await trial(gpu, reference, kernel, fault)}\n`);
}
gpu.close();
