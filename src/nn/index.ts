export { type Activation, activations } from './activations.js';
export { input, layers, type SymbolicLayer, SymbolicTensor } from './functional.js';
export {
  constant,
  type Initializer,
  type InitializerLike,
  initializers,
  orthogonal,
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
export {
  type Callbacks,
  type CompileOptions,
  earlyStopping,
  type FitOptions,
  type Logs,
  losses,
  Model,
  metrics,
  type Rows,
} from './model.js';
export { Layer, Module, valuesOf } from './module.js';
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
export { decodeSafetensors, encodeSafetensors, type StoredTensor, type StoredTensors } from './safetensors.js';
export { cosineDecay, exponentialDecay, oneCycle, type Schedule, stepDecay, warmUp } from './schedules.js';
