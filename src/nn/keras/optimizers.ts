import type { Variable } from '../../tensor/index.js';
import { Adagrad, Adam, AdamW, type Optimizer, type OptimizerOptions, RMSprop, SGD } from '../optimizers.js';

/** Functions that make optimizers, by Keras's names and with Keras's defaults. */
export const optimizers = {
  adam: (parameters: readonly Variable[], options?: OptimizerOptions): Optimizer => new Adam(parameters, options),
  adamw: (parameters: readonly Variable[], options?: OptimizerOptions): Optimizer => new AdamW(parameters, options),
  sgd: (parameters: readonly Variable[], options?: OptimizerOptions): Optimizer => new SGD(parameters, options),
  rmsprop: (parameters: readonly Variable[], options?: OptimizerOptions): Optimizer => new RMSprop(parameters, options),
  adagrad: (parameters: readonly Variable[], options?: OptimizerOptions): Optimizer => new Adagrad(parameters, options),
} as const;
