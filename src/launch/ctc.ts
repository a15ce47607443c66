import { ctc } from '../kernels/ctc.js';
import { type Launch, launch, type Value } from './launch.js';

export { LOG_ZERO } from '../kernels/ctc.js';

/** emissions and scores (batch, time, states), labels (batch, states), lengths and loss (batch). */
type Ctc = Readonly<Record<'emissions' | 'labels' | 'input_lengths' | 'target_lengths' | 'scores' | 'loss', Value>>;

/** The launch of the recursion over the frames, from the first or from the last one. */
export function ctcLaunches(values: Ctc, { fromEnd }: { readonly fromEnd: boolean }): Launch[] {
  const [batch, time, states] = values.emissions.shape;
  return [launch(ctc, values, { batch, time, states, from_end: Number(fromEnd) })];
}
