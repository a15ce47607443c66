export { EmbeddingConv, type EmbeddingConvSizes } from './embedding-conv.js';
export { SigmaFusion, type SigmaFusionSizes } from './sigma-fusion.js';
export {
  type Modality,
  TextImageClassifier,
  type TextImageInputs,
  type TextImageSizes,
} from './text-image-classifier.js';
