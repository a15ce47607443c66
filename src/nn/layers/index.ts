export type { AffineOptions } from './affine.js';
export {
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
  PositionalEmbedding,
  type PositionalEmbeddingOptions,
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
  type Conv2DTransposeOptions,
  DepthwiseConv2D,
  type DepthwiseConv2DOptions,
} from './convolution.js';
export {
  Activate,
  concatenate,
  Dropout,
  type DropoutOptions,
  Embedding,
  type EmbeddingOptions,
  Flatten,
  Linear,
  type LinearOptions,
  Residual,
  Sequential,
} from './core.js';
export { BatchNorm, GroupNorm, InstanceNorm, LayerNorm, type NormalizationOptions, RMSNorm } from './normalization.js';
export { AveragePool2D, GlobalAveragePool2D, GlobalMaxPool2D, MaxPool2D, type Pool2DOptions } from './pooling.js';
export {
  Bidirectional,
  type BidirectionalOptions,
  GRU,
  LSTM,
  type Recurrence,
  type Recurrent,
  type RecurrentOptions,
  StackedRecurrent,
  TimeDistributed,
} from './recurrent.js';
export { rotaryPositions } from './rotary.js';
export { MelSpectrogram, type MelSpectrogramOptions } from './spectrogram.js';
