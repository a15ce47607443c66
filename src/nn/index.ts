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
  setSeed,
  truncatedNormal,
  type VarianceScalingOptions,
  varianceScaling,
} from './initializers.js';
export { type Activation, activations } from './keras/activations.js';
export type { Rows } from './keras/array-dataset.js';
export {
  type Callbacks,
  type EarlyStoppingOptions,
  earlyStopping,
  type Logs,
  type Progress,
  progress,
} from './keras/callbacks.js';
export { layers } from './keras/layers.js';
export { type CompileOptions, type FitOptions, Model } from './keras/model.js';
export { losses, type Metric, meanOf, metrics, optimizers, type RowFunction } from './keras/named.js';
export type { RecurrentOptions, SymbolicRecurrent } from './keras/recurrent.js';
export { l1, l1l2, l2, type Regularizer } from './keras/regularizers.js';
export { type Call, call, input, type SymbolicLayer, SymbolicTensor } from './keras/symbols.js';
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
export { Counter, Layer, type LoadReport, Module, type Precision, valuesOf } from './module.js';
export {
  Adagrad,
  type AdagradOptions,
  Adam,
  type AdamOptions,
  AdamW,
  Optimizer,
  type OptimizerOptions,
  RMSprop,
  type RMSpropOptions,
  SGD,
  type SGDOptions,
  type StepOptions,
} from './optimizers.js';
export { decodeSafetensors, encodeSafetensors, type StoredTensor, type StoredTensors } from './safetensors.js';
export { cosineDecay, exponentialDecay, oneCycle, type Schedule, stepDecay, warmUp } from './schedules.js';
