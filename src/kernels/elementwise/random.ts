import { wgsl } from '../../gpu/wgsl.js';
import { LOG, TRIGONOMETRIC } from './math.js';
import { define } from './table.js';

/*
 * Threefry-2x32 with 20 rounds, a counter-based random number generator: bits[i] = threefry(key, i), without state.
 * Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 * It uses only additions, rotations and xor, so its bits are the same on every device.
 */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const PARITY = 0x1bd11bda;
const ROUNDS = 20;

const rotateLeft = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

/** The two random words of counter (c0, c1) under the key (k0, k1). */
export function threefry(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const keys = [k0, k1, PARITY ^ k0 ^ k1];
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  for (let round = 0; round < ROUNDS; round++) {
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, ROTATIONS[round % 8]) ^ x0;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x0 = (x0 + keys[injection % 3]) | 0;
      x1 = (x1 + keys[(injection + 1) % 3] + injection) | 0;
    }
  }
  return [x0 >>> 0, x1 >>> 0];
}

/** The upper 24 bits as a number in [0, 1), which f32 represents exactly. */
export const uniformFromBits = (bits: number): number => (bits >>> 8) / 2 ** 24;

const rounds = Array.from({ length: ROUNDS }, (_, round) => {
  const bits = ROTATIONS[round % 8];
  const mix = `  x0 += x1; x1 = ((x1 << Uint(${bits}u)) | (x1 >> Uint(${32 - bits}u))) ^ x0;`;
  const injection = (round + 1) / 4;
  if (!Number.isInteger(injection)) return mix;
  return `${mix}\n  x0 += k${injection % 3}; x1 += k${(injection + 1) % 3} + Uint(${injection}u);`;
}).join('\n');

/** WGSL of Threefry for one counter or four: the kernel declares `Uint` and `Float` as scalars or vec4. */
export const THREEFRY = wgsl`struct Random { first: Uint, second: Uint }
fn threefry(k0: Uint, k1: Uint, counter: Uint) -> Random {
  let k2 = Uint(${PARITY}u) ^ k0 ^ k1;
  var x0 = counter + k0;
  var x1 = k1;
${rounds}
  return Random(x0, x1);
}
fn uniform_from_bits(bits: Uint) -> Float { return Float(bits >> Uint(8u)) * Float(${1 / 2 ** 24}); }`;

const BOX_MULLER = wgsl`fn normal_from_bits(random: Random) -> Float {
  let radius = sqrt(Float(-2) * log_of(Float(1) - uniform_from_bits(random.first)));
  return radius * cos_of(Float(${2 * Math.PI}) * uniform_from_bits(random.second));
}`;

/** Uniform random numbers in [0, 1), from 24 bits of Threefry of the element's index with a key of two words. */
export const uniform = define('uniform', ['u32'], {
  gives: 'f32',
  flops: 100,
  helpers: [THREEFRY],
  indexed: true,
  wgsl: (key0, key1, index) => `uniform_from_bits(threefry(${key0}, ${key1}, ${index}).first)`,
  apply: (key0, key1, index) => uniformFromBits(threefry(key0, key1, index, 0)[0]),
});

/** Standard normal random numbers by the Box-Muller transform √(-2 ln(1-u)) · cos(2π v) of uniform u and v. */
export const normal = define('normal', ['u32'], {
  gives: 'f32',
  flops: 120,
  helpers: [THREEFRY, ...new Set([...LOG, ...TRIGONOMETRIC]), BOX_MULLER],
  indexed: true,
  wgsl: (key0, key1, index) => `normal_from_bits(threefry(${key0}, ${key1}, ${index}))`,
  apply: (key0, key1, index) => {
    const [first, second] = threefry(key0, key1, index, 0).map(uniformFromBits);
    return Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second);
  },
});
