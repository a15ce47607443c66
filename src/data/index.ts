export { type DropWordsOptions, dropWords } from './augment.js';
export { type Batch, type BatchOptions, batchCount, batches, type PairedData, rowsOf, splitKeys } from './dataset.js';
export { normalize, type PixelStatistics, pixelStatistics } from './normalize.js';
export { joinByMark } from './split.js';
export { type EncodedTexts, PADDING, UNKNOWN, Vocabulary, words } from './tokenizer.js';
export { type ToyOptions, toyData } from './toy.js';
