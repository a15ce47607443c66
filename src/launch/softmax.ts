import type { RowKernels } from '../kernels/rows/row-kernels.js';
import { logSoftmaxBackward, logSoftmaxForward, softmaxBackward, softmaxForward } from '../kernels/rows/softmax.js';
import type { Launch, LaunchContext, Value } from './launch.js';
import { rowLaunches } from './rows.js';
import { flattenRows } from './shape.js';

/** The launch of y = softmax(x) along the last axis. */
export const softmaxLaunches = (x: Value, y: Value, context: LaunchContext): Launch[] =>
  overRows('softmax', softmaxForward, x, { x, y }, context);

/** The launch of dx, the gradient of softmax, computed from its result y. */
export const softmaxBackwardLaunches = (y: Value, dy: Value, dx: Value, context: LaunchContext): Launch[] =>
  overRows('softmax_backward', softmaxBackward, y, { y, dy, dx }, context);

/** The launch of y = log softmax(x) along the last axis. */
export const logSoftmaxLaunches = (x: Value, y: Value, context: LaunchContext): Launch[] =>
  overRows('log_softmax', logSoftmaxForward, x, { x, y }, context);

/** The launch of dx, the gradient of log-softmax, computed from its result y. */
export const logSoftmaxBackwardLaunches = (y: Value, dy: Value, dx: Value, context: LaunchContext): Launch[] =>
  overRows('log_softmax_backward', logSoftmaxBackward, y, { y, dy, dx }, context);

function overRows(
  op: string,
  kernels: RowKernels,
  { shape }: Value,
  bindings: Launch['bindings'],
  context: LaunchContext,
): Launch[] {
  const size = flattenRows(shape);
  return rowLaunches(op, kernels, size, bindings, size, context);
}
