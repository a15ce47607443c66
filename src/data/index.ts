export { type Batch, type BatchOptions, batchCount, batches, type PairedData, rowsOf } from './dataset.js';
export { normalize, type PixelStatistics, pixelStatistics } from './normalize.js';
export { splitKeys } from './split.js';
export { type EncodedTexts, PADDING, UNKNOWN, Vocabulary, type VocabularyOptions, words } from './tokenizer.js';
export { type ToyOptions, toyData } from './toy.js';
