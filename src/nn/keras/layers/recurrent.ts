import type { Generator } from '../../../tensor/generator.js';
import { concat, type LstmState, type Shape, type Tensor, TesseraError } from '../../../tensor/index.js';
import { anything, boolean, checkOptions, oneOf, optional, positiveInteger } from '../../../tensor/options.js';
import { Bidirectional, GRU, LSTM, type Recurrent } from '../../layers/index.js';
import { call, once, type SymbolicLayer, type SymbolicTensor } from '../symbols.js';

/** Options of a recurrent layer by Keras's names. */
export interface RecurrentLayerOptions {
  /** Features of the hidden state. */
  readonly units: number;
  /** All hidden states (time, units), not only the last. */
  readonly returnSequences?: boolean;
  /** Draws the initial values. */
  readonly generator?: Generator;
}

const CHECKS = { units: positiveInteger, returnSequences: optional(boolean), generator: anything };

/** A recurrent layer: it heeds the mask of its input, and may begin with a state and give the last one. */
export interface SymbolicRecurrent extends SymbolicLayer<Recurrent> {
  /** From a state, as `withState` gives it. */
  (x: SymbolicTensor, initial?: readonly SymbolicTensor[]): SymbolicTensor;
  /** Whether it gives all hidden states. */
  readonly returnSequences: boolean;
  /** How many tensors a state has: 1 of a GRU, 2 of an LSTM, and twice as many of two directions. */
  readonly stateSize: number;
  /**
   * The output, and the last state: the hidden part, and an LSTM's cell; of two directions those of the first, then
   * those of the second. Keras calls this `return_state`.
   */
  withState(
    x: SymbolicTensor,
    initial?: readonly SymbolicTensor[],
  ): { readonly output: SymbolicTensor; readonly state: readonly SymbolicTensor[] };
}

/** What a layer computes: all hidden states, the last one, and the last state as a list. */
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
  const moduleFor = once(make);
  const withState: SymbolicRecurrent['withState'] = (x, initial = []) => {
    if (initial.length !== 0 && initial.length !== stateSize)
      throw new TesseraError(`${name}: an initial state has ${stateSize} tensors, got ${initial.length}`);
    const module = moduleFor(x.shape);
    const masks = x.mask === undefined ? [] : [x.mask];
    const compute = (value: Tensor, ...others: Tensor[]) => {
      const given = others.slice(masks.length);
      const mask = masks.length === 0 ? undefined : others[0];
      const { sequence, hidden, state } = run(module, value, mask, given.length === 0 ? undefined : given);
      return [returnSequences ? sequence : hidden, ...state];
    };
    const mask = returnSequences ? x.mask : undefined;
    const [output, ...state] = call(name, [x, ...masks, ...initial], compute, { module, mask });
    return { output, state };
  };
  const apply = (x: SymbolicTensor, initial?: readonly SymbolicTensor[]) => withState(x, initial).output;
  return Object.assign(apply, { make, moduleFor, returnSequences, stateSize, withState });
}

/** A long short-term memory over the steps of a sequence. */
export function lstm(options: RecurrentLayerOptions): SymbolicRecurrent {
  const { units, returnSequences = false, generator } = checkOptions('lstm', options, CHECKS);
  return recurrent(
    'lstm',
    { returnSequences, stateSize: 2 },
    (shape) => new LSTM({ inputs: lastOf(shape), outputs: units, generator }),
    (module, x, mask, initial) => {
      const { sequence, last } = module.run(x, mask, initial && { hidden: initial[0], cell: initial[1] });
      return { sequence, hidden: last.hidden, state: [last.hidden, last.cell] };
    },
  );
}

/** A gated recurrent unit over the steps of a sequence. */
export function gru(options: RecurrentLayerOptions & { readonly resetAfter?: boolean }): SymbolicRecurrent {
  const checks = { ...CHECKS, resetAfter: optional(boolean) };
  const { units, returnSequences = false, resetAfter, generator } = checkOptions('gru', options, checks);
  return recurrent(
    'gru',
    { returnSequences, stateSize: 1 },
    (shape) => new GRU({ inputs: lastOf(shape), outputs: units, resetAfter, generator }),
    (module, x, mask, initial) => {
      const { sequence, last } = module.run(x, mask, initial && { hidden: initial[0] });
      return { sequence, hidden: last.hidden, state: [last.hidden] };
    },
  );
}

/** Keras's names of how two directions become one. */
const MERGES = { concat: 'concat', sum: 'sum', mul: 'multiply', ave: 'average' } as const;

/**
 * Two layers with the options of a recurrent one, the second from the end of the sequence; their hidden states become
 * one by `mergeMode`, concatenated by default. As in Keras, both are new: they share no weights with the layer that is
 * given.
 */
export function bidirectional(
  around: SymbolicRecurrent,
  options: { readonly mergeMode?: keyof typeof MERGES } = {},
): SymbolicRecurrent {
  if (typeof around?.withState !== 'function')
    throw new TesseraError('bidirectional: expected a recurrent layer, such as layers.lstm({ units })');
  const checks = { mergeMode: optional(oneOf(...Object.keys(MERGES))) };
  const { mergeMode = 'concat' } = checkOptions('bidirectional', options, checks);
  const { returnSequences } = around;
  const parts = around.stateSize;
  return recurrent(
    'bidirectional',
    { returnSequences, stateSize: 2 * parts },
    (shape) =>
      new Bidirectional({ forwards: around.make(shape), backwards: around.make(shape), merge: MERGES[mergeMode] }),
    (module, x, mask, initial) => {
      const { sequence, hidden, last } = module.run(x, mask, initial && besides(initial, parts));
      return { sequence, hidden, state: [0, 1].flatMap((side) => halfOf(last, side).slice(0, parts)) };
    },
  );
}

/** The states of both directions side by side, as `Bidirectional` takes them. */
function besides(states: readonly Tensor[], parts: number): LstmState {
  const both = (part: number) => concat([states[part], states[parts + part]], -1);
  return { hidden: both(0), cell: both(parts - 1) };
}

/** The hidden part and the cell of one direction. */
function halfOf({ hidden, cell }: LstmState, side: number): Tensor[] {
  const [batch, width] = hidden.shape;
  const from = (side * width) / 2;
  return [hidden, cell].map((state) => state.slice([0, from], [batch, from + width / 2]));
}

const lastOf = (shape: Shape): number => shape[shape.length - 1];
