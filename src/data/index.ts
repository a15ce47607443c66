export { CellError, CellErrors, type OnError } from './cell-errors.js';
export { type Batch, type BatchOptions, batchCount, batches, type PairedData, rowsOf } from './dataset.js';
export { normalize, type PixelStatistics, pixelStatistics } from './normalize.js';
export { type RowObject, type RowSource, type TableOfOptions, tableOf } from './rows.js';
export { splitKeys } from './split.js';
export type { Cell, Row, Table } from './table.js';
export { type EncodedTexts, PADDING, UNKNOWN, Vocabulary, type VocabularyOptions, words } from './tokenizer.js';
export { type ToyOptions, toyData } from './toy.js';
