export { type Activation, activations } from './activations.js';
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
export type { Rows } from './keras/array-dataset.js';
export {
  type Callbacks,
  type EarlyStoppingOptions,
  earlyStopping,
  type Logs,
  type Progress,
  progress,
  type TrainedModel,
  type TrainingPlan,
} from './keras/callbacks.js';
export type { CompileOptions } from './keras/compile.js';
export type { RecurrentLayerOptions, SymbolicRecurrent } from './keras/layers/recurrent.js';
export { layers } from './keras/layers.js';
export { losses, type RowFunction } from './keras/losses.js';
export { type Metric, meanMetric, metrics } from './keras/metrics.js';
export { type FitOptions, Model } from './keras/model.js';
export { optimizers } from './keras/optimizers.js';
export { type Call, call, type InputOptions, input, type SymbolicLayer, SymbolicTensor } from './keras/symbols.js';
export * from './layers/index.js';
export {
  binaryCrossEntropy,
  type CrossEntropyOptions,
  cosineDistance,
  crossEntropy,
  ctc,
  huber,
  infoNCE,
  klDivergence,
  meanAbsoluteError,
  meanSquaredError,
} from './losses.js';
export { accuracy, areaUnderCurve, ConfusionMatrix, topKAccuracy } from './metrics.js';
export { Counter, Layer, type LoadReport, Module, type Precision } from './module.js';
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
export { l1, l1l2, l2, type Regularizer } from './regularizers.js';
export { type CtcLossOptions, l2Normalize } from './row-losses.js';
export { decodeSafetensors, encodeSafetensors, type StoredTensor, type StoredTensors } from './safetensors.js';
export { cosineDecay, exponentialDecay, oneCycle, type Schedule, stepDecay, warmUp } from './schedules.js';
