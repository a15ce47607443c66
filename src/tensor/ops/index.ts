/*
 * The ops. Each says how exact it is: by how much y may differ from the same formula in float64, for inputs of everyday
 * size. Σ|terms| is the sum of the sizes of what is added up. test/tensor/accuracy.test.ts holds the ops to it.
 */
export * from './activations.js';
export * from './arrange.js';
export * from './assign.js';
export * from './attention.js';
export * from './conv2d.js';
export * from './cross-entropy.js';
export * from './einsum.js';
export * from './elementwise.js';
export * from './functions.js';
export * from './gather.js';
export * from './gru.js';
export * from './layer-norm.js';
export * from './lstm.js';
export * from './matmul.js';
export * from './max-pool.js';
export * from './movement.js';
export * from './normalization.js';
export * from './optimizers.js';
export * from './pooling.js';
export * from './random.js';
export * from './range.js';
export * from './reduce.js';
export * from './resize.js';
export * from './scan.js';
export * from './softmax.js';
export * from './sort.js';
export * from './statistics.js';
export * from './stop-gradient.js';
export * from './take.js';
export * from './track.js';
