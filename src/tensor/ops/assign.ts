import { TesseraError } from '../../gpu/errors.js';
import { sameShape } from '../graph/shape.js';
import type { Variable } from '../variable.js';
import { defineOp } from './define.js';

/**
 * Assigns a value to a variable when it is evaluated. The plan runs the assignment after all reads of the old value; if
 * the value is an update of the same variable, the kernel writes it in place.
 */
export const assign = defineOp({
  name: 'assign',
  inputs: ['value'],
  acceptsF16: true,
  assigns: true,
  shape: ([value], { variable }: { variable: Variable }) => {
    if (!sameShape(value.shape, variable.shape) || value.dtype !== variable.dtype) {
      throw new TesseraError(`assign: '${variable.name}' is ${variable.describe()}, got ${value.describe()}`);
    }
    return value.shape;
  },
  vjp: 'it changes a variable; differentiate before it',
});
