import { defineOp } from '../graph/define.js';
import { walk } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';

/** A variable and what becomes of its value, such as a running mean: old ↦ momentum·old + (1 - momentum)·mean. */
export type TrackedUpdate = readonly [variable: Variable, next: (old: Tensor) => Tensor];

interface TrackAttributes {
  readonly updates: readonly TrackedUpdate[];
}

/** An alias of its input that carries updates of variables along with the graph. */
export const trackOp = defineOp({
  name: 'track',
  inputs: ['x'],
  alias: true,
  shape: ([x], _: TrackAttributes) => ({ shape: x.shape, dtype: x.dtype }),
  vjp: ({ outputGrad: dy }) => [dy],
});

/**
 * x, and with it updates of variables that are no parameters, such as running means: an optimizer's step assigns them
 * with its own. Evaluating x alone does not. Updates of one variable from several places follow each other. Exact.
 */
export const track = (x: Tensor, updates: readonly TrackedUpdate[]): Tensor => trackOp(x, { updates });

/** The assigns of everything that is tracked on the way to some tensors, one for each variable. */
export function trackedAssigns(targets: readonly Tensor[]): Tensor[] {
  const values = new Map<Variable, Tensor>();
  const current = targets.map((target) => target.current());
  walk(
    current,
    () => {},
    ({ op, attributes }) => {
      if (op !== trackOp.definition) return;
      for (const [variable, next] of attributes.updates as TrackAttributes['updates'])
        values.set(variable, next(values.get(variable) ?? variable));
    },
  );
  return [...values].map(([variable, value]) => variable.assign(value));
}
