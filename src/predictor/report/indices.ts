/** Up to `count` of the indices 0 to size - 1, evenly spaced. */
export const evenly = (size: number, count: number): Uint32Array =>
  Uint32Array.from({ length: Math.min(size, count) }, (_, at) => Math.floor((at * size) / Math.min(size, count)));

/** The rows at some indices. */
export const pick = (rows: Uint32Array, indices: Uint32Array): Uint32Array => indices.map((index) => rows[index]);
