/** The characters that stand for the bytes 0 to 255 in GPT-2's vocabulary. */
const BYTES = (() => {
  const isPrinted = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrinted(byte) ? byte : next++));
})();

/** The contents of a small `tokenizer.json` of GPT-2's kind: all bytes, and the merges of `low`. */
export const bytePairs = {
  version: '1.0',
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  added_tokens: [],
  model: {
    type: 'BPE',
    vocab: Object.fromEntries([...BYTES, 'lo', 'low'].map((token, id) => [token, id])),
    merges: ['l o', 'lo w'],
  },
};
