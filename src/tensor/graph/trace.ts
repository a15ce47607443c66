import { defined, TesseraError } from '../../gpu/errors.js';
import {
  assignedBy,
  type Node,
  type NumberLeaf,
  type OpNode,
  type VariableLeaf,
  type VariableMemory,
} from './graph.js';

/** The part of the graph that some targets need, in an order in which it can be computed. */
export interface Trace {
  readonly targets: readonly Node[];
  /** Inputs before the nodes that use them. */
  readonly nodes: readonly OpNode[];
  /** Leaves whose values come from the host or were kept on a device: a plan's slots. */
  readonly slots: readonly Node[];
  readonly numbers: readonly NumberLeaf[];
  readonly variables: readonly VariableLeaf[];
  /** Tensors whose values are on their way to the host; the trace can be planned once they have arrived. */
  readonly pending: readonly Promise<void>[];
  /** Equal for two traces exactly when one plan serves both. */
  readonly key: string;
}

/** What identifies the value of a tensor in a trace: the tensor itself where its value is known, else its source. */
export function identityOf(tensor: Node): object {
  return isKnown(tensor) ? tensor : tensor.source;
}

/** A variable's value that was read is still the variable: its memory is there, and the plan the same. */
const isKnown = ({ host, resident, source }: Node): boolean =>
  source.kind !== 'variable' && (host !== undefined || resident !== undefined);

/**
 * Walks from the targets to the leaves.
 *
 * @throws TesseraError if a value depends on a variable that was assigned to since, or two targets assign to one
 * variable.
 */
export function trace(targets: readonly Node[]): Trace {
  expectOneAssignEach(targets);
  const positions = new Map<object, number>();
  const nodes: OpNode[] = [];
  const slots: Node[] = [];
  const numbers: NumberLeaf[] = [];
  const variables: VariableLeaf[] = [];
  const pending: Promise<void>[] = [];
  const parts: string[] = [];

  const addLeaf = (tensor: Node, consumer: string): void => {
    const { source } = tensor;
    if (tensor.pending !== undefined) pending.push(tensor.pending);
    if (isKnown(tensor) || source.kind === 'data') {
      slots.push(tensor);
      parts.push(`slot:${tensor.dtype}[${tensor.shape.join()}]`);
    } else if (source.kind === 'number') {
      numbers.push(source);
      parts.push(`number:${tensor.dtype}`);
    } else if (source.kind === 'detached') {
      throw new TesseraError(
        `${consumer}: a detached tensor (${tensor.describe()}) was disposed of, and its value is gone; dispose of it after its last use`,
      );
    } else if (source.kind === 'variable') {
      if (source.version !== source.variable.version) throw stale(source, consumer);
      variables.push(source);
      parts.push(`variable:${source.variable.id}`);
    }
    positions.set(identityOf(tensor), parts.length - 1);
  };

  walk(targets, addLeaf, (node) => {
    nodes.push(node);
    parts.push(`${node.structure}(${node.inputs.map(reference).join()})`);
    positions.set(node, parts.length - 1);
  });
  function reference(tensor: Node): string {
    const position = defined(positions.get(identityOf(tensor)));
    return tensor.index === 0 ? `${position}` : `${position}.${tensor.index}`;
  }
  parts.push(`targets:${targets.map(reference).join()}`);
  return { targets, nodes, slots, numbers, variables, pending, key: parts.join(';') };
}

/**
 * Visits each value that some targets need once, inputs before the nodes that use them: leaves with the name of what
 * uses them, and the nodes that compute the rest.
 */
export function walk(
  targets: readonly Node[],
  onLeaf: (leaf: Node, consumer: string) => void,
  onNode: (node: OpNode) => void,
): void {
  const seen = new Set<object>();
  // Depth first with a stack of its own: a long recurrence must not exhaust the call stack.
  const stack: { node: OpNode; next: number }[] = [];
  const visit = (value: Node, consumer: string): void => {
    detachIfKnown(value);
    const identity = identityOf(value);
    if (seen.has(identity)) return;
    seen.add(identity);
    if (isKnown(value) || value.pending !== undefined || value.source.kind !== 'op') onLeaf(value, consumer);
    else stack.push({ node: value.source, next: 0 });
  };
  for (const target of targets) {
    visit(target, 'evaluate');
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const { node } = frame;
      if (frame.next < node.inputs.length) {
        visit(node.inputs[frame.next++], node.op.name);
      } else {
        stack.pop();
        onNode(node);
      }
    }
  }
}

/**
 * True as long as tracing again would give the same: no variable was set or assigned to since, no value of a slot
 * disposed of, none that it computes has become known, and none was on its way.
 */
export function isCurrent({ targets, nodes, variables, slots, pending }: Trace): boolean {
  const known = new Set(slots);
  const isAsTraced = (tensor: Node) => !isKnown(tensor) || known.has(tensor);
  return (
    pending.length === 0 &&
    variables.every(({ variable, version }) => variable.version === version) &&
    slots.every((tensor) => isKnown(tensor) || tensor.source.kind === 'data') &&
    targets.every(isAsTraced) &&
    nodes.every(({ inputs }) => inputs.every(isAsTraced))
  );
}

/** The trace of targets, once all values that it depends on are known. */
export async function settledTrace(targets: readonly Node[]): Promise<Trace> {
  let traced = trace(targets);
  while (traced.pending.length > 0) {
    await Promise.all(traced.pending);
    traced = trace(targets);
  }
  return traced;
}

/** A tensor that ends the graph takes over the value of its input as soon as it is known. */
function detachIfKnown(tensor: Node): void {
  if (tensor.source.kind !== 'op' || !tensor.source.op.detaches || isKnown(tensor)) return;
  const [input] = tensor.source.inputs;
  if (isKnown(input)) tensor.takeValueOf(input);
}

function expectOneAssignEach(targets: readonly Node[]): void {
  const assigns = new Map<VariableMemory, object>();
  for (const target of targets) {
    const variable = assignedBy(target);
    if (variable === undefined) continue;
    if ((assigns.get(variable) ?? target.source) !== target.source)
      throw new TesseraError(
        `assign: two values are assigned to '${variable.name}' in one evaluation, and one would be lost; assign one of them, or evaluate one after the other`,
      );
    assigns.set(variable, target.source);
  }
}

function stale({ variable, version }: VariableLeaf, consumer: string): TesseraError {
  const changes = variable.version - version;
  return new TesseraError(
    `${consumer}: it was built on an earlier value of '${variable.name}', which has changed ${changes === 1 ? 'once' : `${changes} times`} since; ` +
      'the earlier value is gone. Evaluate it before the change, or with it: optimizer.step(loss, { also: [tensor] })',
  );
}
