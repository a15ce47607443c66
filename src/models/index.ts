export {
  type CtcBeamSearchOptions,
  type CtcGreedyOptions,
  ctcBeamSearch,
  ctcGreedy,
  type Decoded,
} from './decoding/ctc.js';
export { type SamplingOptions, sampleToken, tokenProbabilities } from './decoding/sampling.js';
export { EmbeddingConv, type EmbeddingConvSizes } from './embedding-conv.js';
export {
  CategoryEmbedding,
  type CategoryEmbeddingOptions,
  type CategoryInputs,
} from './encoders/category-embedding.js';
export { Encoder, type Features, type FieldInputs, type ImageInputs, type TextInputs } from './encoders/encoder.js';
export type { SequenceInputs, SequenceOptions } from './encoders/event-embedding.js';
export { ImageConv, type ImageConvOptions } from './encoders/image-conv.js';
export { ImageResidual, type ImageResidualOptions } from './encoders/image-residual.js';
export { ImageViT, type ImageViTOptions } from './encoders/image-vit.js';
export type { LogMelOptions } from './encoders/log-mel.js';
export { type NumberInputs, PiecewiseLinear, type PiecewiseLinearOptions } from './encoders/piecewise-linear.js';
export { SequenceLSTM } from './encoders/sequence-lstm.js';
export { SequenceTransformer, type SequenceTransformerOptions } from './encoders/sequence-transformer.js';
export type { SoundInputs } from './encoders/sound.js';
export { SoundConv, type SoundConvOptions } from './encoders/sound-conv.js';
export { SoundCRNN, type SoundCRNNOptions } from './encoders/sound-crnn.js';
export { SoundTransformer, type SoundTransformerOptions } from './encoders/sound-transformer.js';
export { SoundWaveCNN, type SoundWaveCNNOptions } from './encoders/sound-wave-cnn.js';
export type { TextOptions } from './encoders/text.js';
export { TextBag } from './encoders/text-bag.js';
export { TextCNN, type TextCNNOptions } from './encoders/text-cnn.js';
export { TextGRU, type TextGRUOptions } from './encoders/text-gru.js';
export { TextLSTM, type TextLSTMOptions } from './encoders/text-lstm.js';
export { TextTransformer, type TextTransformerOptions } from './encoders/text-transformer.js';
export { type ValuesInputs, ValuesMLP, type ValuesMLPOptions } from './encoders/values-mlp.js';
export { AdditionFusion, type AdditionFusionOptions } from './fusion/addition.js';
export { ConcatenationFusion, type ConcatenationFusionOptions } from './fusion/concatenation.js';
export { CrossAttentionFusion, type CrossAttentionFusionOptions } from './fusion/cross-attention.js';
export { FiLMFusion, type FiLMFusionOptions } from './fusion/film.js';
export { Fusion, type FusionOptions } from './fusion/fusion.js';
export { GatedFusion } from './fusion/gated.js';
export { LowRankFusion, type LowRankFusionOptions } from './fusion/low-rank.js';
export {
  TokenConcatenationFusion,
  type TokenConcatenationFusionOptions,
} from './fusion/token-concatenation.js';
export { TransformerFusion, type TransformerFusionOptions } from './fusion/transformer.js';
export { type CachedLayer, GPT, type GPTAttention, type GPTLayer, type GPTOptions } from './gpt.js';
export { GPTCache, type GPTCacheOptions } from './gpt-cache.js';
export { GPT_PRESETS, type GPTPreset } from './gpt-presets.js';
export { type LoadGPT2Options, loadGPT2 } from './gpt2.js';
export { Multimodal, type MultimodalField, type MultimodalOptions } from './multimodal.js';
export type { FeatureOptions } from './options.js';
export { SigmaFusion, type SigmaFusionSizes } from './sigma-fusion.js';
export { ClassificationTask, type ClassificationTaskOptions } from './tasks/classification.js';
export type { DenseHead, HeadOptions } from './tasks/dense-head.js';
export { OrdinalTask, type OrdinalTaskOptions } from './tasks/ordinal.js';
export { RegressionTask, type RegressionTaskOptions } from './tasks/regression.js';
export { TagsTask, type TagsTaskOptions } from './tasks/tags.js';
export { Task } from './tasks/task.js';
export { TranscriptionTask, type TranscriptionTaskOptions } from './tasks/transcription.js';
export {
  type Modality,
  TextImageClassifier,
  type TextImageInputs,
  type TextImageSizes,
} from './text-image-classifier.js';
