import { defined, TesseraError } from '../../gpu/errors.js';
import { updateByRowsLaunches, updateLaunches, updates } from '../../launch/optimizers.js';
import { tensorOf } from '../factory.js';
import type { OpNode } from '../graph/graph.js';
import { sameShape } from '../graph/shape.js';
import type { Tensor } from '../tensor.js';
import { expectFloats, expectType } from './checks.js';
import { defineOp, type Op } from './define.js';
import { scatterAddOp } from './gather.js';

/*
 * Optimizer updates: (scale, then parameter, gradient, moments... of each) -> (new parameter, new moments... of each).
 * The gradient is clipped to ±limit (Infinity: no clipping), then multiplied by the scale: g = scale · clip(gradient).
 * θ is the parameter, which first decays by a factor of 1 - rate·decay. Updates run in place if their inputs are
 * variables that their outputs are assigned to.
 */
type Numbers = Readonly<Record<string, number>>;

/** An update, with variants for several parameters at once and for a table whose gradient is a `scatterAdd`. */
export interface UpdateOp extends Op<readonly string[], Numbers> {
  readonly several: readonly Op<readonly string[], Numbers>[];
  readonly byRows: Op<readonly string[], Numbers>;
}

/** A parameter with its gradient and the state of its optimizer. */
export interface UpdatedState {
  /** The parameter to be updated. */
  readonly parameter: Tensor;
  /** The gradient of the loss, of the parameter's shape. */
  readonly gradient: Tensor;
  /** The state of the optimizer; each tensor is of the parameter's shape. */
  readonly moments: readonly Tensor[];
}

function alike(op: string, tensors: readonly Tensor[]) {
  for (const other of tensors) {
    expectType(op, 'parameter, gradient and state', other, 'f32');
    if (!sameShape(other.shape, tensors[0].shape))
      throw new TesseraError(`${op}: shapes differ: ${tensors[0].describe()} and ${other.describe()}`);
  }
  return { shape: tensors[0].shape, dtype: 'f32' } as const;
}

const VJP = 'it is an update; differentiate the loss instead';

function defineUpdate(name: keyof typeof updates): UpdateOp {
  const { moments, numbers, dense } = updates[name];
  const states = ['parameter', ...moments];
  const own = ['parameter', 'gradient', ...moments];
  const all = ['rate', 'decay', 'limit', ...numbers];
  // Every input except the gradient, the second one of each parameter, is overwritten by an output.
  const overwritten = (first: number) => states.map((_, at) => first + (at === 0 ? 0 : at + 1));

  const several = dense.map((_, before) => {
    const slots = Array.from({ length: before + 1 }, (_, slot) => slot);
    return defineOp<readonly string[], Numbers>({
      name: before === 0 ? name : `${name}_${slots.length}`,
      inputs: ['scale', ...slots.flatMap(() => own)],
      numbers: all,
      inPlace: Object.fromEntries(
        slots.flatMap((slot) => overwritten(1 + slot * own.length)).map((input, output) => [output, input]),
      ),
      shape: (inputs) => {
        expectFloats(name, 'scale', inputs[0], [1]);
        return slots.flatMap((slot) => {
          const first = 1 + slot * own.length;
          return states.map(() => alike(name, inputs.slice(first, first + own.length)));
        });
      },
      dispatch: (inputs, outputs, context) => updateLaunches(updates[name], inputs, outputs, context),
      vjp: VJP,
    });
  });
  return Object.assign(several[0], {
    several,
    byRows: defineOp<readonly string[], Numbers>({
      name: `${name}_by_rows`,
      inputs: ['scale', 'parameter', 'values', 'indices', ...moments],
      numbers: all,
      inPlace: Object.fromEntries(states.map((_, at) => [at, at === 0 ? 1 : at + 3])),
      shape: ([scale, parameter, values, indices, ...moments]) => {
        expectFloats(name, 'scale', scale, [1]);
        expectType(name, 'indices', indices, 'i32');
        expectFloats(name, 'values', values, [indices.size, parameter.shape.at(-1) ?? 1]);
        return states.map(() => alike(name, [parameter, ...moments]));
      },
      dispatch: ([scale, , values, indices], outputs, context) =>
        updateByRowsLaunches(updates[name], { scale, values, indices }, outputs, context),
      vjp: VJP,
    }),
  });
}

/** A parameter of more elements is updated by a dispatch of its own, which can start once its gradient is computed. */
const LARGE = 2 ** 16;

/**
 * Updates many parameters in few dispatches: several small ones per dispatch, and an embedding table directly from the
 * gradients of the rows that were gathered. Returns the new parameter and moments of each.
 */
export function updateAll(
  update: UpdateOp,
  scale: Tensor,
  states: readonly UpdatedState[],
  numbers: Numbers,
): Tensor[][] {
  const results = new Map<UpdatedState, Tensor[]>();
  const small: UpdatedState[] = [];
  for (const state of states) {
    const { parameter, gradient, moments } = state;
    const { inputs, op } = gradient.source as OpNode;
    // A scale that is computed on the device depends on the dense gradients, so they exist anyway.
    const isByRows =
      op === scatterAddOp.definition && scale.source.kind === 'data' && parameter.shape[parameter.rank - 1] % 4 === 0;
    if (isByRows) {
      const [values, indices] = inputs.map(tensorOf);
      results.set(state, update.byRows.all(scale, parameter, values, indices, ...moments, numbers));
    } else if (parameter.size > LARGE) {
      results.set(state, update.all(scale, parameter, gradient, ...moments, numbers));
    } else {
      small.push(state);
    }
  }
  const together = update.several.length;
  for (let first = 0; first < small.length; first += together) {
    const group = small.slice(first, first + together);
    const inputs = group.flatMap(({ parameter, gradient, moments }) => [parameter, gradient, ...moments]);
    const outputs = update.several[group.length - 1].all(scale, ...inputs, numbers);
    const each = outputs.length / group.length;
    for (const [at, state] of group.entries()) results.set(state, outputs.slice(at * each, (at + 1) * each));
  }
  return states.map((state) => defined(results.get(state)));
}

/** Updates by stochastic gradient descent: θ ← θ - rate·g. Error ≤ 1e-5·|y| + 1e-5. */
export const sgdUpdate = defineUpdate('sgdUpdate');
/** Updates with momentum: velocity ← momentum·velocity - rate·g; θ ← θ + velocity. Error ≤ 1e-5·|y| + 1e-5. */
export const momentumUpdate = defineUpdate('momentumUpdate');
/**
 * Updates with Nesterov momentum: velocity ← momentum·velocity - rate·g; θ ← θ + momentum·velocity - rate·g.
 * Error ≤ 1e-5·|y| + 1e-5.
 */
export const nesterovUpdate = defineUpdate('nesterovUpdate');
/**
 * Updates by Adam (Kingma and Ba 2015): m ← β1·m + (1 - β1)·g; v ← β2·v + (1 - β2)·g²; θ ← θ - rate · (m / correction1)
 * / (√(v / correction2) + epsilon), where the corrections are 1 - β1^t and 1 - β2^t in step t. Error ≤ 1e-5·|y| + 1e-5.
 */
export const adamUpdate = defineUpdate('adamUpdate');
/** Updates by RMSprop: v ← rho·v + (1 - rho)·g²; θ ← θ - rate·g / (√v + epsilon). Error ≤ 1e-5·|y| + 1e-5. */
export const rmspropUpdate = defineUpdate('rmspropUpdate');
/** Updates by Adagrad: v ← v + g²; θ ← θ - rate·g / √(v + epsilon). Error ≤ 1e-5·|y| + 1e-5. */
export const adagradUpdate = defineUpdate('adagradUpdate');
