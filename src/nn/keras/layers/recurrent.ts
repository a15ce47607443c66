import type { Generator } from '../../../tensor/generator.js';
import { concat, type LstmState, type Shape, type Tensor, TesseraError } from '../../../tensor/index.js';
import { boolean, checkOptions, oneOf, optional, positiveInteger } from '../../../tensor/options.js';
import { PARAMETER_CHECKS } from '../../initializers.js';
import { Bidirectional, GRU, LSTM, type Recurrent } from '../../layers/index.js';
import { call, expectSymbols, featuresOf, once, type SymbolicLayer, type SymbolicTensor } from '../symbols.js';

/** Options of recurrent layers by Keras's names. */
export interface RecurrentLayerOptions {
  /** The number of features of the hidden state. */
  readonly units: number;
  /** Whether the output is all hidden states (time, units) instead of the last one (units). Default false. */
  readonly returnSequences?: boolean;
  /** The generator of the initial values. Default: see `Model`'s `seed`. */
  readonly generator?: Generator;
}

const CHECKS = { units: positiveInteger, returnSequences: optional(boolean), generator: PARAMETER_CHECKS.generator };

/** A recurrent layer. It skips the masked steps of its input, takes an initial state and can return the last one. */
export interface SymbolicRecurrent extends SymbolicLayer<Recurrent> {
  /** Calls the layer, optionally with an initial state as `withState` returns it. */
  (x: SymbolicTensor, initial?: readonly SymbolicTensor[]): SymbolicTensor;
  /** Whether the output is all hidden states instead of the last one. */
  readonly returnSequences: boolean;
  /** The number of tensors of a state: 1 for a GRU, 2 for an LSTM, twice as many for a bidirectional layer. */
  readonly stateSize: number;
  /**
   * Calls the layer and returns the output and the last state: the hidden state and, for an LSTM, the cell; for a
   * bidirectional layer those of the forward direction, then those of the backward one. Keras calls this
   * `return_state`.
   */
  withState(
    x: SymbolicTensor,
    initial?: readonly SymbolicTensor[],
  ): { readonly output: SymbolicTensor; readonly state: readonly SymbolicTensor[] };
}

/** The result of a recurrent layer: all hidden states, the last one, and the last state as a list. */
interface Result {
  readonly sequence: Tensor;
  readonly hidden: Tensor;
  readonly state: readonly Tensor[];
}

function recurrent<M extends Recurrent>(
  name: string,
  { returnSequences, stateSize }: { readonly returnSequences: boolean; readonly stateSize: number },
  make: (shape: Shape) => M,
  run: (module: M, x: Tensor, mask: Tensor | undefined, initial: readonly Tensor[] | undefined) => Result,
): SymbolicRecurrent {
  const moduleFor = once(name, make);
  const withState: SymbolicRecurrent['withState'] = (x, initial = []) => {
    expectSymbols(name, x);
    if (initial.length !== 0 && initial.length !== stateSize)
      throw new TesseraError(`${name}: an initial state must have ${stateSize} tensors, got ${initial.length}`);
    const module = moduleFor(x.shape);
    const masks = x.mask === undefined ? [] : [x.mask];
    const compute = (value: Tensor, ...others: Tensor[]) => {
      const initialState = others.slice(masks.length);
      const mask = masks.length === 0 ? undefined : others[0];
      const { sequence, hidden, state } = run(
        module,
        value,
        mask,
        initialState.length === 0 ? undefined : initialState,
      );
      return [returnSequences ? sequence : hidden, ...state];
    };
    const mask = returnSequences ? x.mask : undefined;
    const [output, ...state] = call(name, [x, ...masks, ...initial], compute, { module, mask });
    return { output, state };
  };
  const apply = (x: SymbolicTensor, initial?: readonly SymbolicTensor[]) => withState(x, initial).output;
  return Object.assign(apply, { make, moduleFor, returnSequences, stateSize, withState });
}

/** A long short-term memory: (time, features) -> (units), or (time, units) with `returnSequences`; see `LSTM`. */
export function lstm(options: RecurrentLayerOptions): SymbolicRecurrent {
  const { units, returnSequences = false, generator } = checkOptions('lstm', options, CHECKS);
  return recurrent(
    'lstm',
    { returnSequences, stateSize: 2 },
    (shape) => new LSTM({ inputs: featuresOf(shape), outputs: units, generator }),
    (module, x, mask, initial) => {
      const { sequence, last } = module.run(x, mask, initial && { hidden: initial[0], cell: initial[1] });
      return { sequence, hidden: last.hidden, state: [last.hidden, last.cell] };
    },
  );
}

/** A gated recurrent unit: (time, features) -> (units), or (time, units) with `returnSequences`; see `GRU`. */
export function gru(options: RecurrentLayerOptions & { readonly resetAfter?: boolean }): SymbolicRecurrent {
  const checks = { ...CHECKS, resetAfter: optional(boolean) };
  const { units, returnSequences = false, resetAfter, generator } = checkOptions('gru', options, checks);
  return recurrent(
    'gru',
    { returnSequences, stateSize: 1 },
    (shape) => new GRU({ inputs: featuresOf(shape), outputs: units, resetAfter, generator }),
    (module, x, mask, initial) => {
      const { sequence, last } = module.run(x, mask, initial && { hidden: initial[0] });
      return { sequence, hidden: last.hidden, state: [last.hidden] };
    },
  );
}

/** Keras's names of the merge modes. */
const MERGES = { concat: 'concat', sum: 'sum', mul: 'multiply', ave: 'average' } as const;

/**
 * Runs two layers with the options of the given one over a sequence, forward and backward, and merges their hidden
 * states by `mergeMode`, 'concat' by default; see `Bidirectional`. As in Keras, both are new: they share no weights
 * with the given layer.
 */
export function bidirectional(
  wrapped: SymbolicRecurrent,
  options: { readonly mergeMode?: keyof typeof MERGES } = {},
): SymbolicRecurrent {
  if (typeof wrapped?.withState !== 'function')
    throw new TesseraError('bidirectional: expected a recurrent layer, such as layers.lstm({ units })');
  const checks = { mergeMode: optional(oneOf(...Object.keys(MERGES))) };
  const { mergeMode = 'concat' } = checkOptions('bidirectional', options, checks);
  const { returnSequences } = wrapped;
  const { stateSize } = wrapped;
  return recurrent(
    'bidirectional',
    { returnSequences, stateSize: 2 * stateSize },
    (shape) =>
      new Bidirectional({ forwards: wrapped.make(shape), backwards: wrapped.make(shape), merge: MERGES[mergeMode] }),
    (module, x, mask, initial) => {
      const { sequence, hidden, last } = module.run(x, mask, initial && concatenatedState(initial, stateSize));
      return { sequence, hidden, state: [0, 1].flatMap((direction) => stateOf(last, direction).slice(0, stateSize)) };
    },
  );
}

/** The concatenated states of both directions, as `Bidirectional` takes them. */
function concatenatedState(states: readonly Tensor[], stateSize: number): LstmState {
  const both = (index: number) => concat([states[index], states[stateSize + index]], -1);
  return { hidden: both(0), cell: both(stateSize - 1) };
}

/** The hidden state and the cell of one direction, 0 for forward and 1 for backward. */
function stateOf({ hidden, cell }: LstmState, direction: number): Tensor[] {
  const [batch, width] = hidden.shape;
  const begin = (direction * width) / 2;
  return [hidden, cell].map((state) => state.slice([0, begin], [batch, begin + width / 2]));
}
