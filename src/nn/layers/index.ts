export { AffineLayer, type AffineOptions } from './affine.js';
export {
  MultiHeadAttention,
  PositionalEmbedding,
  sinusoidalPositions,
  TransformerBlock,
  type TransformerBlockOptions,
} from './attention.js';
export {
  Conv1D,
  type Conv1DOptions,
  Conv2D,
  type Conv2DOptions,
  Conv2DTranspose,
  DepthwiseConv2D,
} from './convolution.js';
export {
  Activate,
  concatenate,
  Dropout,
  Embedding,
  type EmbeddingOptions,
  Flatten,
  Linear,
  Residual,
  Sequential,
} from './core.js';
export { BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm } from './normalization.js';
export { AveragePool2D, GlobalAveragePool2D, GlobalMaxPool2D, MaxPool2D } from './pooling.js';
export {
  Bidirectional,
  GRU,
  LSTM,
  type Recurrence,
  type Recurrent,
  StackedRecurrent,
  TimeDistributed,
} from './recurrent.js';
