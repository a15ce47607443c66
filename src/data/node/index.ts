export { type EmojiData, type EmojiOptions, emojiData } from './emoji.js';
export { EMOJI_VENDORS, type EmojiVendor } from './emoji-icons.js';
export { type EmojiTableOptions, writeEmojiTable } from './emoji-table.js';
export { checkWritable, readWholeFile, writeFileAtomically } from './files.js';
export { decodeBytes, decodeImage, readImage, thumbnail } from './images.js';
export { decodeSound } from './sounds.js';
export { type OpenTableOptions, openTable } from './tables/open.js';
