import { defined } from '../../gpu/errors.js';
import { assignedBy } from '../graph/graph.js';
import type { Trace } from '../graph/trace.js';
import type { Storage } from '../runtime/memory.js';
import type { Plan } from '../runtime/plan.js';
import type { PlannedDispatch } from '../runtime/split.js';

/**
 * Returns the dotted name of the layer that each dispatch of a plan belongs to, or `-` if none is known.
 *
 * 1. A dispatch that binds variables, or writes a value that is assigned to one, belongs to the innermost layer that
 *    holds all of these variables.
 * 2. Any other dispatch belongs to the layer of the next one that reads its output: the gradient of a parameter to the
 *    layer of its update, a permutation to the layer that uses it.
 * 3. If no dispatch reads its output, it belongs to the layer of the last dispatch before it that wrote an input of it.
 */
export function modulesOf({ dispatches, targets }: Plan, traced: Trace): string[] {
  const held = new Set(traced.variables.map(({ variable }) => variable.name));
  const variableOf = (storage: Storage) =>
    storage.kind === 'variable'
      ? traced.variables[storage.position].variable
      : traced.targets.map(assignedBy).find((variable, index) => variable && targets[index] === storage);

  /** The layer of the variables at selected bindings of a dispatch; undefined if there are none. */
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
    // An update of several parameters binds gradient0 with parameter0, gradient1 with parameter1, and so on.
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

/** Returns the layer of a variable: `lstm` for `lstm.kernel`, and for `lstm.kernel.m`, a moment of that variable. */
function layerOf(name: string, held: ReadonlySet<string>): string {
  const above = name.slice(0, Math.max(0, name.lastIndexOf('.')));
  return held.has(above) ? layerOf(above, held) : above;
}

/** Returns the common prefix of dotted names: `encoder` for `encoder.lstm` and `encoder.norm`. */
function commonPrefix(names: readonly string[]): string {
  const [first = [], ...others] = names.map((name) => name.split('.'));
  const end = first.findIndex((part, index) => others.some((other) => other[index] !== part));
  return (end === -1 ? first : first.slice(0, end)).join('.');
}

/** The workspace buffers that a dispatch reads and writes. */
interface Flow {
  readonly reads: readonly Storage[];
  readonly writes: readonly Storage[];
}

/** Returns the workspace buffers of a dispatch; one bound as read_write counts as read too. */
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
