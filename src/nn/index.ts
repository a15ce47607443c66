export { type Activation, activations } from './activations.js';
export {
  type Callbacks,
  type EarlyStoppingOptions,
  earlyStopping,
  type Logs,
  type Progress,
  progress,
} from './callbacks.js';
export { type Call, call, input, type SymbolicLayer, SymbolicTensor } from './functional.js';
export { layers } from './functional-layers.js';
export type { RecurrentOptions, SymbolicRecurrent } from './functional-recurrent.js';
export {
  constant,
  type Initializer,
  type InitializerLike,
  initializers,
  orthogonal,
  Parameter,
  parameter,
  randomNormal,
  randomUniform,
  truncatedNormal,
  type VarianceScalingOptions,
  varianceScaling,
} from './initializers.js';
export * from './layers/index.js';
export {
  binaryCrossEntropy,
  type CrossEntropyOptions,
  cosineDistance,
  crossEntropy,
  huber,
  infoNCE,
  klDivergence,
  meanAbsoluteError,
  meanSquaredError,
  normalizeLength,
} from './losses.js';
export { accuracy, areaUnderCurve, ConfusionMatrix, topKAccuracy } from './metrics.js';
export { type CompileOptions, type FitOptions, Model } from './model.js';
export { Layer, Module, type Precision, valuesOf } from './module.js';
export { losses, type Metric, meanOf, metrics, optimizers, type RowFunction } from './named.js';
export {
  Adagrad,
  Adam,
  type AdamOptions,
  AdamW,
  Optimizer,
  type OptimizerOptions,
  RMSprop,
  SGD,
  type SGDOptions,
  type StepOptions,
} from './optimizers.js';
export { l1, l1l2, l2, type Regularizer } from './regularizers.js';
export type { Rows } from './rows.js';
export { decodeSafetensors, encodeSafetensors, type StoredTensor, type StoredTensors } from './safetensors.js';
export { cosineDecay, exponentialDecay, oneCycle, type Schedule, stepDecay, warmUp } from './schedules.js';
