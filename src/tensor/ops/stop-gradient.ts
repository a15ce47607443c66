import { defineOp } from './define.js';

/**
 * Returns the same value as a constant: no gradient flows through it, and once it has been evaluated it releases the
 * graph that it was computed by. Exact.
 */
export const stopGradient = defineOp({
  name: 'stopGradient',
  inputs: ['x'],
  alias: true,
  detaches: true,
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  vjp: () => [null],
});
