import { defineOp } from '../define.js';

/** The same value, which autograd takes for a constant. */
export const stopGradient = defineOp({
  name: 'stop_gradient',
  inputs: ['x'],
  alias: true,
  shape: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
  vjp: () => [null],
});
