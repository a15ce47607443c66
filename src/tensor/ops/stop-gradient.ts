import { defineOp } from '../graph/define.js';

/**
 * The same value as a constant: no gradient passes it, and once its value is known it lets go of the graph that it came
 * from. Exact.
 */
export const stopGradient = defineOp({
  name: 'stopGradient',
  inputs: ['x'],
  alias: true,
  detaches: true,
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  vjp: () => [null],
});
