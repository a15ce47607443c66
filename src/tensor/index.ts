export { DEVICE_CHOICES, type Device, type DeviceChoice, type HostArray } from '../gpu/device.js';
export { DeviceLostError, KernelError, OutOfMemoryError, TesseraError } from '../gpu/errors.js';
export { type OpenOptions, openDevice } from '../gpu/open.js';
export type { Shape } from '../launch/shape.js';
export { grad } from './autograd.js';
export { full, type Nested, ones, onesLike, scalar, tensor, zeros, zerosLike } from './create.js';
export { defaultDevice, setDefaultDevice } from './default-device.js';
export { evaluate } from './evaluate.js';
export { Generator } from './generator.js';
export type { DType } from './graph/graph.js';
export { checkFinite } from './inspect/check-finite.js';
export { type DispatchOutline, type ExplainedDispatch, type Explanation, explain } from './inspect/explain.js';
export { type Profile, type ProfiledDispatch, profile } from './inspect/profile.js';
export * as ops from './ops/index.js';
export {
  type AttentionOptions,
  adagradUpdate,
  adamUpdate,
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  arange,
  argsort,
  atan2,
  attention,
  averagePool2d,
  batchNorm,
  type CtcOptions,
  checkpoint,
  concat,
  conv1d,
  conv2d,
  conv2dTranspose,
  crossEntropyRows,
  ctcRows,
  dropout,
  einsum,
  elu,
  expandDims,
  eye,
  flip,
  type GruOptions,
  gather,
  gelu,
  globalAveragePool2d,
  globalMaxPool2d,
  groupNorm,
  gru,
  hardSigmoid,
  instanceNorm,
  type LstmOptions,
  type LstmState,
  layerNorm,
  leakyRelu,
  linear,
  linspace,
  lstm,
  matmul,
  maxPool2d,
  momentumUpdate,
  type NormOptions,
  nesterovUpdate,
  oneHot,
  outer,
  pad,
  type RandomKey,
  randomBernoulli,
  randomCategorical,
  randomNormal,
  randomPermutation,
  randomTruncatedNormal,
  randomUniform,
  resize,
  rmsNorm,
  rmspropUpdate,
  roll,
  scatterAdd,
  sgdUpdate,
  silu,
  sliceUpdate,
  softplus,
  sort,
  split,
  squeeze,
  stack,
  take,
  takeAlongAxis,
  tile,
  topK,
  track,
  tril,
  triu,
  where,
} from './ops/index.js';
export { type Operand, Tensor } from './tensor.js';
export { type TunedChoice, type TuneOptions, tune } from './tune/tune.js';
export type { NestedNumbers } from './values.js';
export { Variable, type VariableOptions, variable } from './variable.js';
