import { type Device, type Kernel, KernelError } from '../../src/gpu/index.js';
import { kernelCases } from '../kernels/cases.js';
import { type KernelCase, runCase, WroteBeyond } from '../support/kernels.js';
import { disagreement } from '../support/numbers.js';
import { type Fault, withFault } from './faults.js';

export type Verdict = 'caught' | 'survived' | 'does not compile';

/** Runs a kernel's cases with a fault in it: does any of them notice? */
export async function trial(device: Device, reference: Device, kernel: Kernel, fault: Fault): Promise<Verdict> {
  const faulty = withFault(kernel, fault);
  for (const one of casesOf(kernel)) {
    try {
      const actual = await runCase(device, { ...one, kernel: faulty });
      const expected = await expectedOf(reference, one);
      for (const [name, values] of expected) {
        if (disagreement(actual.get(name)!, values, one.tolerance) !== undefined) return 'caught';
      }
    } catch (error) {
      if (error instanceof WroteBeyond) return 'caught';
      if (error instanceof KernelError) return 'does not compile';
      throw error;
    }
  }
  return 'survived';
}

const sizeOf = ({ buffers }: KernelCase): number =>
  Object.values(buffers).reduce<number>((sum, given) => sum + (typeof given === 'number' ? given : given.length), 0);

/** A kernel's cases, small ones first: most faults show there. */
const casesOf = (kernel: Kernel): KernelCase[] =>
  kernelCases.filter((given) => given.kernel === kernel).sort((a, b) => sizeOf(a) - sizeOf(b));

const known = new Map<KernelCase, ReturnType<typeof runCase>>();

/** What the reference says of a case: computed once. */
function expectedOf(reference: Device, one: KernelCase): ReturnType<typeof runCase> {
  const found = known.get(one) ?? runCase(reference, one);
  known.set(one, found);
  return found;
}
