/*
 * The ops that users call; the ops that these functions are made of stay in their files. Each states its error bound:
 * how far y may be from the same formula in float64, for inputs of moderate magnitude. Σ|terms| is the sum of the
 * absolute values of the terms of a sum. test/tensor/accuracy.test.ts checks the bounds.
 */
export * from './activations.js';
export { type AttentionOptions, attention } from './attention.js';
export { checkpoint } from './checkpoint.js';
export { type Conv1dOptions, type Conv2dOptions, conv1d, conv2d, conv2dTranspose } from './conv2d.js';
export { crossEntropyRows } from './cross-entropy.js';
export { type CtcOptions, ctcRows } from './ctc.js';
export * from './einsum.js';
export {
  abs,
  add,
  cast,
  ceil,
  divide,
  equal,
  floor,
  greater,
  greaterEqual,
  isFinite,
  isNaN,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  maximum,
  minimum,
  mod,
  multiply,
  negative,
  notEqual,
  pow,
  round,
  sign,
  subtract,
  where,
} from './elementwise.js';
export * from './functions.js';
export { gather, scatterAdd } from './gather.js';
export * from './gru.js';
export { type LstmOptions, type LstmState, lstm } from './lstm.js';
export { linear, matmul, outer } from './matmul.js';
export { maxPool2d, type PoolOptions } from './max-pool.js';
export { broadcastTo, concat, permute, reshape, slice, transpose } from './movement.js';
export * from './normalization.js';
export {
  adagradUpdate,
  adamUpdate,
  momentumUpdate,
  nesterovUpdate,
  rmspropUpdate,
  sgdUpdate,
  type UpdateOp,
} from './optimizers.js';
export * from './pooling.js';
export {
  dropout,
  type RandomKey,
  randomBernoulli,
  randomCategorical,
  randomNormal,
  randomPermutation,
  randomTruncatedNormal,
  randomUniform,
} from './random.js';
export { arange, eye, linspace, tril, triu } from './range.js';
export * from './rearrange.js';
export { type Axes, argmax, max, mean, min, prod, type ReduceOptions, sum } from './reduce.js';
export { type ResizeMode, resize } from './resize.js';
export { cumsum } from './scan.js';
export { sliceUpdate } from './slice-update.js';
export { logSoftmax, softmax } from './softmax.js';
export { argsort, sort, topK } from './sort.js';
export { all, any, argmin, logSumExp, norm, std, type VarianceOptions, variance } from './statistics.js';
export * from './stop-gradient.js';
export * from './take.js';
export { track } from './track.js';
