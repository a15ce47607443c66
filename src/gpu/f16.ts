/*
 * Half precision on the host (IEEE 754 binary16): 11 significant bits, exponents from -14 to 15, steps of 2^-24 below.
 */
const SMALLEST_EXPONENT = -14;
const LARGEST = 65_504;

const exponentOf = (x: number): number => Math.max(SMALLEST_EXPONENT, Math.floor(Math.log2(Math.abs(x))));

/** The half-precision number nearest to x; of two equally near the even one. */
export function toF16(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const step = 2 ** (exponentOf(x) - 10);
  // Beyond 2^52 a double has no fraction: adding 2^52 steps rounds to whole steps, ties to the even one.
  const steps = Math.abs(x) / step + 2 ** 52 - 2 ** 52;
  return Math.sign(x) * (steps * step > LARGEST ? Number.POSITIVE_INFINITY : steps * step);
}

/** Numbers as a device stores them in half precision: two in each u32, the first in the lower bits. */
export function packF16(values: ArrayLike<number>): Uint32Array {
  const packed = new Uint32Array(Math.ceil(values.length / 2));
  const halves = new Uint16Array(packed.buffer);
  for (let at = 0; at < values.length; at++) halves[at] = bitsOf(toF16(values[at]));
  return packed;
}

function bitsOf(half: number): number {
  if (Number.isNaN(half)) return 0x7e00;
  const sign = half < 0 || Object.is(half, -0) ? 0x8000 : 0;
  if (half === 0) return sign;
  if (!Number.isFinite(half)) return sign | 0x7c00;
  const exponent = exponentOf(half);
  // The leading 1 of normal numbers lies where the exponent's lowest bit is, and adds one to it.
  return sign | (((exponent - SMALLEST_EXPONENT) << 10) + Math.abs(half) / 2 ** (exponent - 10));
}

/** The first `count` of halves that a device has stored. */
export function unpackF16(stored: ArrayBuffer, count: number): Float32Array {
  return Float32Array.from(new Uint16Array(stored, 0, count), (bits) => {
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const size =
      exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : exponent === 0
          ? fraction * 2 ** -24
          : (1024 + fraction) * 2 ** (exponent - 25);
    return bits & 0x8000 ? -size : size;
  });
}
