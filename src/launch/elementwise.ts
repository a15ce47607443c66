import type { Kernel } from '../gpu/kernel.js';
import { composeElementwise } from '../kernels/elementwise/compose.js';
import { composeElementwiseCpu } from '../kernels/elementwise/compose-cpu.js';
import type { Expression } from '../kernels/elementwise/expression.js';
import type { LaunchContext } from './launch.js';

/** The kernel that computes an expression on a device. */
export const elementwiseKernel = (
  expression: Expression,
  { software }: Pick<LaunchContext['device'], 'software'>,
): Kernel => (software ? composeElementwiseCpu(expression) : composeElementwise(expression));
