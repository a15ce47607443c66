/** Up to `count` of the places 0 to size - 1, evenly spaced. */
export const evenly = (size: number, count: number): Uint32Array =>
  Uint32Array.from({ length: Math.min(size, count) }, (_, at) => Math.floor((at * size) / Math.min(size, count)));

/** The rows at some places. */
export const pick = (rows: Uint32Array, places: Uint32Array): Uint32Array => places.map((place) => rows[place]);
