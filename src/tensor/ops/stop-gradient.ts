import { defineOp } from '../graph/define.js';

/** The same value, which autograd takes for a constant. Exact. */
export const stopGradient = defineOp({
  name: 'stopGradient',
  inputs: ['x'],
  alias: true,
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  vjp: () => [null],
});
