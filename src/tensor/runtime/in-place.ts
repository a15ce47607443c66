import { defined } from '../../gpu/errors.js';
import type { Node, OpNode, VariableLeaf } from '../graph/graph.js';
import { identityOf, type Trace } from '../graph/trace.js';
import { isNode, type Unit } from './fuse.js';

/*
 * An update such as Adam's may write its results over what it read, where each result belongs to a variable that is
 * assigned just that. It then runs after the last reader of the old values. Where nothing else reads these, as in a cache
 * that gets new rows, it runs where it stands, and the new value may be read behind it.
 */

/** True if every output that may be written over an input belongs to a variable that is assigned just that output. */
export function updatesInPlace({ nodes, targets }: Trace, { op }: Unit): boolean {
  const isOnlyReader = (variable: object): boolean =>
    nodes.every((node) => node === op || !node.inputs.some((input) => rootOf(input) === variable));
  const isAssigned = (output: number, source: VariableLeaf): boolean => {
    const users = nodes.filter((node) =>
      node.inputs.some((input) => input.source === op && input.index === output && isNode(input)),
    );
    return (
      users.some(({ op: { assigns }, attributes: { variable } }) => assigns && variable === source.variable) &&
      (users.length === 1 || isOnlyReader(source)) &&
      !targets.some((target) => target.source === op && target.index === output)
    );
  };
  return (
    op?.op.inPlace !== undefined &&
    Object.entries(op.op.inPlace).every(([output, input]) => {
      const { source } = op.inputs[input];
      return source.kind === 'variable' && isAssigned(Number(output), source);
    })
  );
}

/** The position of the last unit that reads what an update overwrites, or that feeds the update. */
export function lastReader(update: Unit, units: readonly Unit[]): number {
  const { inputs, op } = defined(update.op);
  const overwritten = Object.values(op.inPlace ?? {}).map((input) => identityOf(inputs[input]));
  const feeding = new Set<object>([...overwritten, ...inputs.flatMap((input) => [input.source, rootOf(input)])]);
  return units.findLastIndex(
    (unit) =>
      unit === update ||
      feeding.has(unit.root) ||
      nodesOf(unit).some((node) => node.inputs.some((input) => overwritten.includes(rootOf(input)))),
  );
}

const nodesOf = ({ op, elementwise, epilogue, prologue }: Unit): OpNode[] => [
  ...(op === undefined ? [] : [op]),
  ...[elementwise, epilogue?.group, prologue?.group].flatMap((group) => [...(group?.members ?? [])]),
];

/** The node or leaf whose memory a tensor is, through reshapes. */
export function rootOf(tensor: Node): object {
  let at = tensor;
  while (isNode(at) && (at.source as OpNode).op.alias) at = (at.source as OpNode).inputs[0];
  return identityOf(at);
}
