import { defined } from '../../gpu/errors.js';
import { assignedBy } from '../graph/graph.js';
import type { Trace } from '../graph/trace.js';
import type { Storage } from '../runtime/memory.js';
import type { Plan } from '../runtime/plan.js';
import type { PlannedDispatch } from '../runtime/split.js';

/**
 * The dotted name of the layer that each dispatch of a plan belongs to, `-` where none is known.
 *
 * 1. A dispatch that binds variables, or computes what is assigned to one, belongs to the layer that holds all of them.
 * 2. Another one belongs to the layer of the next dispatch that reads what it wrote: gradients to their update's, a
 *    permutation to the layer it prepares.
 * 3. Where nothing reads it, to the layer of the last dispatch before it that wrote what it reads.
 */
export function modulesOf({ dispatches, targets }: Plan, traced: Trace): string[] {
  const held = new Set(traced.variables.map(({ variable }) => variable.name));
  const variableOf = (storage: Storage) =>
    storage.kind === 'variable'
      ? traced.variables[storage.position].variable
      : traced.targets.map(assignedBy).find((variable, index) => variable && targets[index] === storage);

  /** The layer of what a dispatch binds at some of its bindings; nothing where these are no variables. */
  const layerAt = ({ storages }: PlannedDispatch, isMeant: (binding: string) => boolean): string | undefined => {
    const meant = Object.entries(storages).filter(([binding]) => isMeant(binding));
    const variables = meant.flatMap(([, storage]) => variableOf(storage) ?? []);
    return variables.length === 0 ? undefined : commonPrefix(variables.map(({ name }) => layerOf(name, held)));
  };
  const modules = dispatches.map((dispatch) => layerAt(dispatch, () => true));
  const flows = dispatches.map(flowOf);
  for (let index = dispatches.length - 1; index >= 0; index--) {
    const { writes } = flows[index];
    const reader = flows.findIndex(({ reads }, later) => later > index && meet(writes, reads));
    if (reader === -1) continue;
    const [binding] = defined(
      Object.entries(dispatches[reader].storages).find(([, storage]) => writes.includes(storage)),
    );
    // An update of several parameters binds gradient0 beside parameter0, and so on.
    const slot = slotOf(binding);
    const own = slot === '' ? undefined : layerAt(dispatches[reader], (other) => slotOf(other) === slot);
    modules[index] ??= own ?? modules[reader];
  }
  for (let index = 0; index < dispatches.length; index++) {
    const writer = flows.findLastIndex(({ writes }, earlier) => earlier < index && meet(flows[index].reads, writes));
    modules[index] ??= modules[writer];
  }
  return modules.map((module) => module || '-');
}

const slotOf = (binding: string): string => /\d*$/.exec(binding)?.[0] ?? '';

/** `lstm` of `lstm.kernel`, and of `lstm.kernel.m`, a moment of a variable that is held as well. */
function layerOf(name: string, held: ReadonlySet<string>): string {
  const above = name.slice(0, Math.max(0, name.lastIndexOf('.')));
  return held.has(above) ? layerOf(above, held) : above;
}

/** `encoder` of `encoder.lstm` and `encoder.norm`. */
function commonPrefix(names: readonly string[]): string {
  const [first = [], ...others] = names.map((name) => name.split('.'));
  const end = first.findIndex((part, index) => others.some((other) => other[index] !== part));
  return (end === -1 ? first : first.slice(0, end)).join('.');
}

interface Flow {
  readonly reads: readonly Storage[];
  readonly writes: readonly Storage[];
}

/** What a dispatch may read and write of the values that live only within the plan. */
function flowOf({ kernel, storages }: PlannedDispatch): Flow {
  const own = kernel.bindings.filter(({ name }) => storages[name]?.kind === 'workspace');
  const written = own.filter(({ access }) => access === 'read_write');
  return {
    reads: own.map(({ name }) => storages[name]),
    writes: written.map(({ name }) => storages[name]),
  };
}

const meet = (some: readonly Storage[], others: readonly Storage[]): boolean =>
  some.some((storage) => others.includes(storage));
