import { defined } from '../../gpu/errors.js';
import type { Node, OpNode } from '../graph/graph.js';
import { sameShape } from '../graph/shape.js';
import { identityOf, type Trace } from '../graph/trace.js';

/** Elementwise nodes that one kernel computes; only the root's value is stored. */
export interface Group {
  readonly root: OpNode;
  readonly members: ReadonlySet<OpNode>;
  /** The tensors that it loads, each once. */
  readonly inputs: readonly Node[];
}

interface GrowingGroup extends Group {
  readonly members: Set<OpNode>;
  inputs: Node[];
}

/** A group that is computed where a kernel reads its first input; the `carrier`, one of the group's inputs, is bound there. */
export interface Prologue {
  readonly group: Group;
  readonly carrier: Node;
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
  readonly prologue?: Prologue;
}

/** The most steps of one kernel: the time to compile it grows faster than their number. */
const MOST_STEPS = 128;

/** Kernels that take epilogues bind at most three buffers of their own. */
const OWN_BINDINGS = 3;

/**
 * Divides a trace into units, by three rules:
 *
 * 1. An elementwise node joins the group of its consumers if all of them are in one group of its shape.
 *    A group has at most MOST_STEPS members: a longer chain is split into several.
 *    A node that only makes numbers (a fill, random numbers) is recomputed in every group that uses it.
 * 2. A group of which one input comes from a kernel with an epilogue, and goes nowhere else, becomes that epilogue.
 * 3. A group that feeds only a kernel with a prologue becomes that prologue.
 *
 * A value that several groups need is computed once and stored.
 */
export function fuse(trace: Trace, storageBuffers: number): Unit[] {
  const consumers = new Map<OpNode, OpNode[]>(trace.nodes.map((node) => [node, []]));
  for (const node of trace.nodes) {
    for (const input of node.inputs) if (isNode(input)) defined(consumers.get(input.source as OpNode)).push(node);
  }
  const targets = new Set<object>(trace.targets.map(identityOf));
  const groups = formGroups(trace, consumers, targets, storageBuffers);

  const epilogues = new Map<OpNode, Group>();
  const prologues = new Map<OpNode, Prologue>();
  const taken = new Set<Group>();
  for (const group of new Set(groups.values())) {
    const anchor = epilogueAnchor(group, consumers, targets);
    if (anchor !== undefined && !epilogues.has(anchor)) {
      epilogues.set(anchor, group);
      taken.add(group);
      continue;
    }
    const reader = prologueReader(group, consumers, targets);
    const carrier = reader && carrierOf(group);
    if (reader !== undefined && carrier !== undefined) {
      prologues.set(reader, { group, carrier });
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
export const isNode = (tensor: Node): boolean => identityOf(tensor) === tensor.source && tensor.source.kind === 'op';

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
  const groups = new Map<OpNode, GrowingGroup>();
  for (const node of [...trace.nodes].reverse()) {
    if (node.op.elementwise === undefined) continue;
    const users = defined(consumers.get(node));
    const fits = (user: OpNode) => groups.has(user) && sameShape(shapeOf(user), shapeOf(node));
    if (isRecomputable(node) && !targets.has(node) && users.every((user) => fits(user))) continue;
    const group = users.length > 0 && !targets.has(node) && users.every(fits) ? groups.get(users[0]) : undefined;
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
function inputsWith(node: OpNode, before: readonly Node[]): Node[] {
  const inputs = before.filter((input) => !(isNode(input) && input.source === node));
  for (const input of node.inputs) {
    const isInline = isNode(input) && isRecomputable(input.source as OpNode) && sameShape(input.shape, shapeOf(node));
    if (input.source.kind === 'number' || isInline) continue;
    if (!inputs.some((known) => sameValue(known, input) && sameShape(known.shape, input.shape))) inputs.push(input);
  }
  return inputs;
}

/** True for two tensors of one value, whatever their shapes. */
export const sameValue = (a: Node, b: Node): boolean => identityOf(a) === identityOf(b) && a.index === b.index;

/** The kernel that the group can be the epilogue of: the last one that feeds it, and only it, in its own shape. */
function epilogueAnchor(
  group: Group,
  consumers: ReadonlyMap<OpNode, readonly OpNode[]>,
  targets: ReadonlySet<object>,
): OpNode | undefined {
  if (!['f32', 'f16'].includes(group.root.outputs[0].dtype)) return undefined;
  const shape = shapeOf(group.root);
  return group.inputs
    .filter(isNode)
    .map((input) => input.source as OpNode)
    .find(
      (node) =>
        node.op.epilogue === true &&
        node.outputs[0].dtype === 'f32' &&
        !targets.has(node) &&
        sameShape(shapeOf(node), shape) &&
        defined(consumers.get(node)).every((user) => group.members.has(user)),
    );
}

/** The op that can take the group as its prologue: the only one that reads it, through its first input. */
function prologueReader(
  group: Group,
  consumers: ReadonlyMap<OpNode, readonly OpNode[]>,
  targets: ReadonlySet<object>,
): OpNode | undefined {
  const users = defined(consumers.get(group.root));
  const [reader] = users;
  if (users.length !== 1 || reader.op.prologue !== true || targets.has(group.root)) return undefined;
  const { shape, dtype } = group.root.outputs[0];
  return dtype === 'f32' && sameShape(reader.inputs[0].shape, shape) ? reader : undefined;
}

/** The input that takes the place of the kernel's own: it must lie under the group's result one for one. */
const carrierOf = ({ root, inputs }: Group): Node | undefined =>
  inputs.find((input) => input.dtype === 'f32' && sameShape(input.shape, shapeOf(root)));
