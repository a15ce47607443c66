import type { OpNode } from '../graph/graph.js';
import { sameShape } from '../graph/shape.js';
import { identityOf, type Trace } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';

/** Elementwise nodes that one kernel computes; only the root's value is stored. */
export interface Group {
  readonly root: OpNode;
  readonly members: Set<OpNode>;
}

/**
 * What becomes one op's dispatches: an elementwise group alone, or an op with the groups that are fused into its
 * kernel (after it: epilogue; before it: prologue). `root` is the node whose outputs are stored.
 */
export interface Unit {
  readonly root: OpNode;
  readonly op?: OpNode;
  readonly elementwise?: Group;
  readonly epilogue?: Group;
  readonly prologue?: Group;
}

/** Kernels that take epilogues bind at most three buffers of their own. */
const OWN_BINDINGS = 3;

/**
 * Divides a trace into units, by three rules:
 *
 * 1. An elementwise node joins the group of its consumers if all of them are in one group of its shape.
 *    A node that only makes numbers (a fill, random numbers) is recomputed in every group that uses it.
 * 2. A group of which one input comes from a kernel with an epilogue, and goes nowhere else, becomes that epilogue.
 * 3. A group that feeds only a kernel with a prologue becomes that prologue.
 *
 * A value that several groups need is computed once and stored.
 */
export function fuse(trace: Trace, storageBuffers: number): Unit[] {
  const consumers = new Map<OpNode, OpNode[]>(trace.nodes.map((node) => [node, []]));
  for (const node of trace.nodes) {
    for (const input of node.inputs) if (isNode(input)) consumers.get(input.source as OpNode)!.push(node);
  }
  const targets = new Set<object>(trace.targets.map(identityOf));
  const groups = formGroups(trace, consumers, targets, storageBuffers);

  const epilogues = new Map<OpNode, Group>();
  const prologues = new Map<OpNode, Group>();
  const taken = new Set<Group>();
  for (const group of new Set(groups.values())) {
    const anchor = epilogueAnchor(group, consumers, targets);
    if (anchor !== undefined && !epilogues.has(anchor)) {
      epilogues.set(anchor, group);
      taken.add(group);
      continue;
    }
    const reader = prologueReader(group, consumers, targets);
    if (reader !== undefined) {
      prologues.set(reader, group);
      taken.add(group);
    }
  }

  const anchorOf = new Map([...epilogues].map(([anchor, group]) => [group.root, anchor]));
  const units: Unit[] = [];
  for (const node of trace.nodes) {
    const anchor = anchorOf.get(node);
    if (anchor !== undefined) {
      units.push({ root: node, op: anchor, epilogue: epilogues.get(anchor), prologue: prologues.get(anchor) });
    } else if (node.op.elementwise === undefined) {
      if (!epilogues.has(node)) units.push({ root: node, op: node, prologue: prologues.get(node) });
    } else {
      const group = groups.get(node);
      if (group?.root === node && !taken.has(group)) units.push({ root: node, elementwise: group });
    }
  }
  return units;
}

/** True if a tensor must be computed by a node, rather than being a leaf. */
export const isNode = (tensor: Tensor): boolean => identityOf(tensor) === tensor.source && tensor.source.kind === 'op';

/** True for an elementwise node that depends on nothing but numbers: cheaper to compute again than to load. */
export const isRecomputable = (node: OpNode): boolean =>
  node.op.elementwise !== undefined && node.inputs.every((input) => input.source.kind === 'number');

const shapeOf = (node: OpNode) => node.outputs[0].shape;

function formGroups(
  trace: Trace,
  consumers: ReadonlyMap<OpNode, readonly OpNode[]>,
  targets: ReadonlySet<object>,
  storageBuffers: number,
): Map<OpNode, Group> {
  const groups = new Map<OpNode, Group>();
  for (const node of [...trace.nodes].reverse()) {
    if (node.op.elementwise === undefined) continue;
    const users = consumers.get(node)!;
    const fits = (user: OpNode) => groups.has(user) && sameShape(shapeOf(user), shapeOf(node));
    if (isRecomputable(node) && !targets.has(node) && users.every((user) => fits(user))) continue;
    const group = users.length > 0 && !targets.has(node) && users.every(fits) ? groups.get(users[0]) : undefined;
    if (group !== undefined && users.every((user) => groups.get(user) === group)) {
      group.members.add(node);
      if (inputsOf(group).length + OWN_BINDINGS <= storageBuffers) {
        groups.set(node, group);
        continue;
      }
      group.members.delete(node);
    }
    groups.set(node, { root: node, members: new Set([node]) });
  }
  return groups;
}

/** The tensors that a group must load, each once. */
export function inputsOf({ members }: Group): Tensor[] {
  const found = new Map<string, Tensor>();
  const ids = new Map<object, number>();
  const visit = (node: OpNode): void => {
    for (const input of node.inputs) {
      const { source } = input;
      if (source.kind === 'number') continue;
      if (isNode(input) && members.has(source as OpNode)) continue;
      const inline = isNode(input) && isRecomputable(source as OpNode) && sameShape(input.shape, shapeOf(node));
      if (inline) continue;
      const identity = identityOf(input);
      if (!ids.has(identity)) ids.set(identity, ids.size);
      found.set(`${ids.get(identity)}.${input.index}:${input.shape.join()}`, input);
    }
  };
  for (const node of members) visit(node);
  return [...found.values()];
}

/** The kernel that the group can be the epilogue of: the last one that feeds it, and only it, in its own shape. */
function epilogueAnchor(
  group: Group,
  consumers: ReadonlyMap<OpNode, readonly OpNode[]>,
  targets: ReadonlySet<object>,
): OpNode | undefined {
  if (!['f32', 'f16'].includes(group.root.outputs[0].dtype)) return undefined;
  const shape = shapeOf(group.root);
  return inputsOf(group)
    .filter(isNode)
    .map((input) => input.source as OpNode)
    .find(
      (node) =>
        node.op.epilogue === true &&
        node.outputs[0].dtype === 'f32' &&
        !targets.has(node) &&
        sameShape(shapeOf(node), shape) &&
        consumers.get(node)!.every((user) => group.members.has(user)),
    );
}

/** The op that can take the group as its prologue: the only one that reads it, through its first input. */
function prologueReader(
  group: Group,
  consumers: ReadonlyMap<OpNode, readonly OpNode[]>,
  targets: ReadonlySet<object>,
): OpNode | undefined {
  const users = consumers.get(group.root)!;
  const [reader] = users;
  if (users.length !== 1 || reader.op.prologue !== true || targets.has(group.root)) return undefined;
  const { shape, dtype } = group.root.outputs[0];
  const loaded = inputsOf(group);
  // One input takes the place of the kernel's own: it must lie under the result one for one.
  const suits = loaded.some((input) => input.dtype === 'f32' && sameShape(input.shape, shape));
  return suits && dtype === 'f32' && sameShape(reader.inputs[0].shape, shape) ? reader : undefined;
}
