import type { Fault } from './faults.js';

/** Faults that leave a kernel the same program, with the reason. `kernel` and `line` are looked for within the fault's. */
const EQUIVALENT: readonly { kernel?: RegExp; change: readonly [from: string, to: string]; reason: string }[] = [];

/** Why a fault makes no difference; undefined where it should have been noticed. */
export function reasonOf({ kernel, line, changed }: Omit<Fault, 'wgsl' | 'kind'>): string | undefined {
  return EQUIVALENT.find(
    (one) => (one.kernel?.test(kernel) ?? true) && line.includes(one.change[0]) && changed.includes(one.change[1]),
  )?.reason;
}
