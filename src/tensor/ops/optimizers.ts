import { defined, TesseraError } from '../../gpu/errors.js';
import { updateByRowsLaunches, updateLaunches, updates } from '../../launch/optimizers.js';
import { defineOp, expectFloats, expectType, type Op } from '../graph/define.js';
import { tensorOf } from '../graph/factory.js';
import type { OpNode } from '../graph/graph.js';
import { sameShape } from '../graph/shape.js';
import type { Tensor } from '../tensor.js';
import { scatterAddOp } from './gather.js';

/*
 * Updates as ops: (scale, then parameter, gradient, moments... of each) -> (new parameter, new moments... of each),
 * formulas at the kernels. A gradient is clipped to ±limit (Infinity: not at all), then scaled by one number. They work in
 * place where the inputs are variables that get just these values assigned.
 */
type Numbers = Readonly<Record<string, number>>;

/** Beside the op, the same for several parameters at once, and for a table whose gradient is a sum by rows. */
export interface UpdateOp extends Op<readonly string[], Numbers> {
  readonly several: readonly Op<readonly string[], Numbers>[];
  readonly byRows: Op<readonly string[], Numbers>;
}

/** What an update changes, and by what. */
export interface UpdatedState {
  /** What is changed. */
  readonly parameter: Tensor;
  /** Of the parameter's shape. */
  readonly gradient: Tensor;
  /** The update's state, each of the parameter's shape. */
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
  // Of each parameter's inputs the gradient, its second, has no output.
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

/** A parameter of more elements than this is updated by a dispatch of its own: it can begin as soon as its gradient is there. */
const LARGE = 2 ** 16;

/**
 * Updates many parameters in few dispatches: small ones a few at a time, and a table of which rows were gathered straight
 * from the gradients of these rows. Returns the new parameter and moments of each.
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
    // A scale that is computed comes from the whole gradients: then they are there.
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

/** θ ← θ - rate·(g + decay·θ); Error ≤ 1e-5·|y| + 1e-5. */
export const sgdUpdate = defineUpdate('sgdUpdate');
/** velocity ← momentum·velocity - rate·g; θ ← θ + velocity. Error ≤ 1e-5·|y| + 1e-5. */
export const momentumUpdate = defineUpdate('momentumUpdate');
/** velocity ← momentum·velocity - rate·g; θ ← θ + momentum·velocity - rate·g. Error ≤ 1e-5·|y| + 1e-5. */
export const nesterovUpdate = defineUpdate('nesterovUpdate');
/** Corrections are 1 - β1^t and 1 - β2^t. Error ≤ 1e-5·|y| + 1e-5. */
export const adamUpdate = defineUpdate('adamUpdate');
/** v ← rho·v + (1 - rho)·g²; θ ← θ - rate·g / (√v + epsilon); Error ≤ 1e-5·|y| + 1e-5. */
export const rmspropUpdate = defineUpdate('rmspropUpdate');
/** v ← v + g²; θ ← θ - rate·g / √(v + epsilon); Error ≤ 1e-5·|y| + 1e-5. */
export const adagradUpdate = defineUpdate('adagradUpdate');
