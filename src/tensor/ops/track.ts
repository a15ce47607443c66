import { TesseraError } from '../../gpu/errors.js';
import { isTensor } from '../factory.js';
import { walk } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { expectTensor } from './checks.js';
import { defineOp } from './define.js';

/** A variable and the function that updates it, such as a running mean's: old ↦ momentum·old + (1 - momentum)·mean. */
export type TrackedUpdate = readonly [variable: Variable, next: (old: Tensor) => Tensor];

interface TrackAttributes {
  readonly updates: readonly TrackedUpdate[];
}

/** Attaches updates of variables to a value of the graph. */
export const trackOp = defineOp({
  name: 'track',
  inputs: ['x'],
  alias: true,
  shape: ([x], _: TrackAttributes) => ({ shape: x.shape, dtype: x.dtype }),
  vjp: ({ outputGrad: dy }) => [dy],
});

/**
 * Returns x and attaches updates of variables to it, such as those of running means. An optimizer's step on a loss that
 * depends on x runs them along with its own updates; evaluating x does not. Several updates of one variable are applied
 * in order. Exact.
 */
export function track(x: Tensor, updates: readonly TrackedUpdate[]): Tensor {
  expectTensor('track', 'x', x);
  const fits = (update: unknown) => Array.isArray(update) && isTensor(update[0]) && typeof update[1] === 'function';
  if (!Array.isArray(updates) || !updates.every(fits))
    throw new TesseraError('track: expected a list of pairs [variable, old => next]');
  return trackOp(x, { updates });
}

/** Returns the assigns of all tracked updates that some tensors depend on, one for each variable. */
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
