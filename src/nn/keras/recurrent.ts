import type { Generator } from '../../tensor/generator.js';
import type { Shape, Tensor } from '../../tensor/index.js';
import type { Recurrence, Recurrent } from '../layers/index.js';
import { call, once, type SymbolicLayer, type SymbolicTensor } from './symbols.js';

/** Settings of a recurrent layer by Keras's names. */
export interface RecurrentOptions {
  /** The size of the hidden state. */
  readonly units: number;
  /** All hidden states (time, units), not only the last. */
  readonly returnSequences?: boolean;
  /** Where the first values come from; give all layers of a model one. */
  readonly generator?: Generator;
}

/** A recurrent layer: it heeds the mask of its input, and may begin with a state and give the last one. */
export interface SymbolicRecurrent extends SymbolicLayer<Recurrent> {
  /** From a state: its hidden part, and an LSTM's cell. */
  (x: SymbolicTensor, initial?: readonly SymbolicTensor[]): SymbolicTensor;
  /** Whether it gives all hidden states. */
  readonly returnSequences: boolean;
  /** The output, and the last state: its hidden part, and an LSTM's cell. Keras calls this `return_state`. */
  withState(
    x: SymbolicTensor,
    initial?: readonly SymbolicTensor[],
  ): { readonly output: SymbolicTensor; readonly state: readonly SymbolicTensor[] };
}

/** `run` gives a module's states from a sequence, its mask and a first state; `states` lists the parts of a state. */
export function recurrent<M extends Recurrent>(
  name: string,
  returnSequences: boolean,
  make: (shape: Shape) => M,
  run: (module: M, x: Tensor, mask: Tensor | undefined, initial: readonly Tensor[]) => Recurrence,
  states: readonly (keyof Recurrence['last'])[],
): SymbolicRecurrent {
  const moduleFor = once(make);
  const withState: SymbolicRecurrent['withState'] = (x, initial = []) => {
    const module = moduleFor(x.shape);
    const masks = x.mask === undefined ? [] : [x.mask];
    const compute = (value?: Tensor, ...others: Tensor[]) => {
      const [mask, given] = [others[masks.length - 1], others.slice(masks.length)];
      const { sequence, last } = run(module, value!, mask, given);
      return [returnSequences ? sequence : last.hidden, ...states.map((part) => last[part])];
    };
    const [output, ...state] = call(name, [x, ...masks, ...initial], compute, { module, keepsMask: returnSequences });
    return { output, state };
  };
  const apply = (x: SymbolicTensor, initial?: readonly SymbolicTensor[]) => withState(x, initial).output;
  return Object.assign(apply, { make, returnSequences, withState });
}
