import { crossEntropyBackward, crossEntropyForward } from '../kernels/rows/cross-entropy.js';
import { type Launch, type LaunchContext, launch, type Value } from './launch.js';
import { rowLaunches } from './rows.js';

/** logits (rows, cols), labels (rows); loss, the maximum of each row, and the sum of its exponentials (rows). */
type Forward = Readonly<Record<'logits' | 'labels' | 'loss' | 'maximum' | 'sums', Value>>;
type Backward = Readonly<Record<'logits' | 'labels' | 'maximum' | 'sums' | 'dloss' | 'dlogits', Value>>;

/** The launch of the cross-entropy of each row of logits (rows, cols). */
export function crossEntropyLaunches(values: Forward, context: LaunchContext): Launch[] {
  const [rows, cols] = values.logits.shape;
  return rowLaunches('cross_entropy', crossEntropyForward, { rows, cols }, values, { rows, cols }, context);
}

/** The launch of the gradient of each row's cross-entropy with respect to its logits. */
export function crossEntropyBackwardLaunches(values: Backward): Launch[] {
  const [rows, cols] = values.logits.shape;
  return [launch(crossEntropyBackward, values, { rows, cols })];
}
