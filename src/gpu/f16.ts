/*
 * Half precision on the host (IEEE 754 binary16): 11 significant bits and exponents from -14 to 15; subnormal numbers
 * are multiples of 2^-24.
 */
const SMALLEST_EXPONENT = -14;
const LARGEST = 65_504;

const exponentOf = (x: number): number => Math.max(SMALLEST_EXPONENT, Math.floor(Math.log2(Math.abs(x))));

/** Rounds to the nearest f16 number, ties to the even one. */
export function toF16(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const step = 2 ** (exponentOf(x) - 10);
  // Doubles above 2^52 have no fraction: adding and subtracting 2^52 rounds to an integer, ties to even.
  const steps = Math.abs(x) / step + 2 ** 52 - 2 ** 52;
  return Math.sign(x) * (steps * step > LARGEST ? Number.POSITIVE_INFINITY : steps * step);
}

/** Packs numbers as f16, two in each u32, the first one in the lower bits. */
export function packF16(values: ArrayLike<number>): Uint32Array {
  const packed = new Uint32Array(Math.ceil(values.length / 2));
  const bits = new Uint16Array(packed.buffer);
  for (let at = 0; at < values.length; at++) bits[at] = bitsOf(toF16(values[at]));
  return packed;
}

/** Returns the bits of a number that f16 represents exactly. */
function bitsOf(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  if (x === 0) return sign;
  if (!Number.isFinite(x)) return sign | 0x7c00;
  const exponent = exponentOf(x);
  // The implicit leading 1 of a normal number adds one to the exponent field.
  return sign | (((exponent - SMALLEST_EXPONENT) << 10) + Math.abs(x) / 2 ** (exponent - 10));
}

/** Unpacks the first `count` f16 numbers of a buffer. */
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
