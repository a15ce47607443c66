export { EMOJI_VENDORS, type EmojiData, type EmojiOptions, type EmojiVendor, emojiData } from './emoji.js';
export { checkWritable, readWholeFile, writeFileAtomically } from './files.js';
export { decodeBytes, decodeImage, readImage, thumbnail } from './images.js';
export { type OpenTableOptions, openTable } from './tables/open.js';
