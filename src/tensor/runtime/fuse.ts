import { defined } from '../../gpu/errors.js';
import type { Shape } from '../../launch/shape.js';
import type { Node, OpNode } from '../graph/graph.js';
import { sameShape } from '../graph/shape.js';
import { identityOf, type Trace } from '../graph/trace.js';

/** Elementwise nodes that one kernel computes; only the root's value is stored. */
export interface Group {
  readonly root: OpNode;
  readonly members: Set<OpNode>;
  /** The tensors that it loads, each once. */
  inputs: readonly Node[];
}

/** A group that is computed inside another op's kernel, on the values of one of the group's inputs, its `carrier`. */
export interface Fused {
  readonly group: Group;
  readonly carrier: Node;
}

/**
 * What becomes one op's dispatches: an elementwise group alone, or an op with the groups that are fused into its
 * kernel. `root` is the node whose outputs are stored.
 */
export interface Unit {
  readonly root: OpNode;
  readonly op?: OpNode;
  readonly elementwise?: Group;
  /** Computed where the op's kernel writes its output, which carries it. */
  readonly epilogue?: Fused;
  /** Computed where the op's kernel reads its first input; the carrier is bound in place of that. */
  readonly prologue?: Fused;
}

/** The most steps of one kernel: the time to compile it grows faster than their number. */
const MOST_STEPS = 128;

/** Kernels that take epilogues bind at most three buffers of their own. */
const OWN_BINDINGS = 3;

/** An op that takes a group as its epilogue, the input that carries its values, and the aliases, such as reshapes, between. */
interface Epilogue {
  readonly op: OpNode;
  readonly carrier: Node;
  readonly aliases: readonly OpNode[];
}

/** Who reads each node's outputs, and whose values are asked for. */
interface Uses {
  readonly consumers: ReadonlyMap<OpNode, readonly OpNode[]>;
  readonly targets: ReadonlySet<object>;
}

/**
 * Divides a trace into units, by three rules:
 *
 * 1. An elementwise node joins the group of its consumers if all of them are in one group of its shape.
 *    A group has at most MOST_STEPS members: a longer chain is split into several.
 *    A node that only makes numbers (a fill, random numbers) is recomputed in every group that uses it.
 * 2. A group of which one input comes from a kernel with an epilogue, reshaped or not, and goes nowhere else, becomes
 *    that epilogue.
 * 3. A group that feeds only a kernel with a prologue becomes that prologue.
 *
 * A value that several groups need is computed once and stored.
 */
export function fuse({ nodes, targets }: Trace, storageBuffers: number): Unit[] {
  const consumers = new Map<OpNode, OpNode[]>(nodes.map((node) => [node, []]));
  for (const node of nodes)
    for (const input of node.inputs) if (isNode(input)) consumers.get(input.source as OpNode)?.push(node);
  const uses: Uses = { consumers, targets: new Set(targets.map(identityOf)) };
  const groups = formGroups(nodes, uses, storageBuffers);

  const epilogues = new Map<object, Fused>();
  const prologues = new Map<object, Fused>();
  const anchors = new Map<OpNode, OpNode>();
  const fused = new Set<Group>();
  const aliases = new Set<OpNode>();
  for (const group of new Set(groups.values())) {
    const epilogue = epilogueOf(group, uses);
    const reader = prologueReader(group, uses);
    const input = reader && prologueCarrier(group);
    if (epilogue !== undefined && !epilogues.has(epilogue.op)) {
      epilogues.set(epilogue.op, { group, carrier: epilogue.carrier });
      anchors.set(group.root, epilogue.op);
      for (const alias of epilogue.aliases) aliases.add(alias);
    } else if (reader !== undefined && input !== undefined) {
      prologues.set(reader, { group, carrier: input });
    } else continue;
    fused.add(group);
  }
  return nodes.flatMap((node): Unit[] => {
    if (aliases.has(node)) return [];
    const group = groups.get(node);
    if (group !== undefined && group.root === node && !fused.has(group)) return [{ root: node, elementwise: group }];
    const op = node.op.elementwise === undefined && !epilogues.has(node) ? node : anchors.get(node);
    return op ? [{ root: node, op, epilogue: epilogues.get(op), prologue: prologues.get(op) }] : [];
  });
}

/** True if a tensor must be computed by a node, rather than being a leaf. */
export const isNode = (tensor: Node): boolean => identityOf(tensor) === tensor.source && tensor.source.kind === 'op';

/** True for an elementwise node that depends on nothing but numbers: cheaper to compute again than to load. */
const isRecomputable = (node: OpNode): boolean =>
  node.op.elementwise !== undefined && node.inputs.every((input) => input.source.kind === 'number');

/** True for an input of a group of this shape that the group computes itself, whoever else does. */
export const isInline = (input: Node, shape: Shape): boolean =>
  isNode(input) && isRecomputable(input.source as OpNode) && sameShape(input.shape, shape);

/** True for two tensors of one value and one shape: a kernel loads them once. */
export const sameOperand = (a: Node, b: Node): boolean =>
  identityOf(a) === identityOf(b) && a.index === b.index && sameShape(a.shape, b.shape);

const shapeOf = (node: OpNode): Shape => node.outputs[0].shape;

/** The groups of rule 1, by member. From the end on, so that a node's consumers have theirs. */
function formGroups(
  nodes: readonly OpNode[],
  { consumers, targets }: Uses,
  storageBuffers: number,
): Map<OpNode, Group> {
  const groups = new Map<OpNode, Group>();
  for (const node of [...nodes].reverse()) {
    if (node.op.elementwise === undefined) continue;
    const users = defined(consumers.get(node));
    const isInside =
      !targets.has(node) && users.every((user) => groups.has(user) && sameShape(shapeOf(user), shapeOf(node)));
    if (isInside && isRecomputable(node)) continue;
    const group = isInside ? groups.get(users[0]) : undefined;
    if (group !== undefined && group.members.size < MOST_STEPS && users.every((user) => groups.get(user) === group)) {
      const inputs = inputsWith(node, group.inputs);
      if (inputs.length + OWN_BINDINGS <= storageBuffers) {
        group.members.add(node);
        group.inputs = inputs;
        groups.set(node, group);
        continue;
      }
    }
    groups.set(node, { root: node, members: new Set([node]), inputs: inputsWith(node, []) });
  }
  return groups;
}

/** What a group loads once a node has joined it, which it loaded until then. */
function inputsWith(node: OpNode, before: readonly Node[]): readonly Node[] {
  const inputs = before.filter((input) => !(isNode(input) && input.source === node));
  for (const input of node.inputs)
    if (input.source.kind !== 'number' && !isInline(input, shapeOf(node)))
      if (!inputs.some((known) => sameOperand(known, input))) inputs.push(input);
  return inputs;
}

/** The op whose kernel can compute a group where it writes its output: only the group reads that, perhaps reshaped. */
function epilogueOf({ root, members, inputs }: Group, { consumers, targets }: Uses): Epilogue | undefined {
  if (!['f32', 'f16'].includes(root.outputs[0].dtype)) return undefined;
  for (const carrier of inputs) {
    if (!isNode(carrier) || carrier.dtype !== 'f32' || !sameShape(carrier.shape, shapeOf(root))) continue;
    const aliases: OpNode[] = [];
    let op = carrier.source as OpNode;
    let users: ReadonlySet<OpNode> = members;
    const isOnlyRead = () => !targets.has(op) && defined(consumers.get(op)).every((user) => users.has(user));
    while (op.op.alias && isOnlyRead() && isNode(op.inputs[0])) {
      aliases.push(op);
      users = new Set([op]);
      op = op.inputs[0].source as OpNode;
    }
    if (op.op.epilogue && isOnlyRead()) return { op, carrier, aliases };
  }
  return undefined;
}

/** The op that can take the group as its prologue: the only one that reads it, through its first input. */
function prologueReader({ root }: Group, { consumers, targets }: Uses): OpNode | undefined {
  const users = defined(consumers.get(root));
  const [reader] = users;
  if (users.length !== 1 || reader.op.prologue !== true || targets.has(root)) return undefined;
  const { shape, dtype } = root.outputs[0];
  return dtype === 'f32' && sameShape(reader.inputs[0].shape, shape) ? reader : undefined;
}

/** The input that is bound in place of the reader's own: it lies under the group's result one for one. */
const prologueCarrier = ({ root, inputs }: Group): Node | undefined =>
  inputs.find((input) => input.dtype === 'f32' && sameShape(input.shape, shapeOf(root)));
