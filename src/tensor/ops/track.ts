import { defineOp } from '../graph/define.js';
import type { OpNode } from '../graph/graph.js';
import { trace } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';

/** An alias of its first input that carries values for variables along with the graph. */
export const trackOp = defineOp({
  name: 'track',
  inputs: ['...tensors'],
  alias: true,
  shape: ([x], _: { variables: readonly Variable[] }) => ({ shape: x.shape, dtype: x.dtype }),
  vjp: ({ inputs, outputGrad: dy }) => [dy, ...inputs.slice(1).map(() => null)],
});

/**
 * x, and with it new values of variables that are no parameters, such as running means: an optimizer's step assigns
 * them with its own updates. Evaluating x alone does not. Exact.
 */
export const track = (x: Tensor, updates: readonly (readonly [Variable, Tensor])[]): Tensor =>
  (trackOp as (...given: unknown[]) => Tensor)(x, ...updates.map(([, value]) => value), {
    variables: updates.map(([variable]) => variable),
  });

/** The assigns of everything that is tracked on the way to some tensors. */
export function trackedAssigns(targets: readonly Tensor[]): Tensor[] {
  const nodes = trace(targets.map((target) => target.current())).nodes.filter(({ op }) => op === trackOp.definition);
  return nodes.flatMap(({ inputs, attributes }: OpNode) =>
    (attributes.variables as readonly Variable[]).map((variable, index) => variable.assign(inputs[index + 1])),
  );
}
