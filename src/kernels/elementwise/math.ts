import { wgsl } from '../../gpu/wgsl.js';

/*
 * WGSL of elementary functions. WGSL's built-ins may be off by 2^-11, drop NaN, or fail beyond some range; these are
 * accurate to a few ulp on every adapter. They work on scalars and vec4: kernels declare `Float`, `Int`, `Uint` and
 * `Bool` as aliases. Polynomials are those of Moshier's Cephes. Subnormal numbers may be flushed to 0.
 *
 * NaN is tested and made by its bits: a compiler may assume that there are no NaNs, and fold `x != x` to false.
 */
const NAN = wgsl`
fn float_is_nan(x: Float) -> Bool { return (bitcast<Uint>(x) & Uint(0x7fffffffu)) > Uint(0x7f800000u); }
fn float_is_finite(x: Float) -> Bool { return (bitcast<Uint>(x) & Uint(0x7fffffffu)) < Uint(0x7f800000u); }
fn is_negative(x: Float) -> Bool { return (bitcast<Uint>(x) >> Uint(31u)) != Uint(0u); }
/** NaN, whatever x is: a constant NaN is an error in WGSL. */
fn nan_of(x: Float) -> Float { return bitcast<Float>(bitcast<Uint>(x) | Uint(0x7fc00000u)); }
fn infinity_of(x: Float) -> Float { return bitcast<Float>((bitcast<Uint>(x) & Uint(0u)) | Uint(0x7f800000u)); }
/** y, or NaN if x is. */
fn keep_nan(x: Float, y: Float) -> Float { return select(y, x, float_is_nan(x)); }
/** |size| with the sign of x, including signed zeros. */
fn with_sign(size: Float, x: Float) -> Float {
  return bitcast<Float>((bitcast<Uint>(size) & Uint(0x7fffffffu)) | (bitcast<Uint>(x) & Uint(0x80000000u)));
}`;

/**
 * x · 2^n for a whole n in ±250, in two steps, because 2^n alone may be out of range. Added to 1.5·2^23, n + 127 is in
 * the lowest bits; a conversion to an integer would take longer, as it is clamped.
 */
const SCALE = wgsl`
fn power_of_two(n: Float) -> Float { return bitcast<Float>(bitcast<Uint>(n + Float(${1.5 * 2 ** 23 + 127})) << Uint(23u)); }
fn scale_by(x: Float, n: Float) -> Float {
  let half = floor(n * Float(0.5));
  return x * power_of_two(half) * power_of_two(n - half);
}`;

/** e^x = 2^n · e^r, where x = n·ln 2 + r with |r| ≤ ln 2 / 2, and a polynomial for e^r. */
const EXPONENTIAL = wgsl`
/** e^r - 1 for |r| ≤ 0.35. */
fn expm1_series(r: Float) -> Float {
  return ((((((Float(1.9875691500e-4) * r + Float(1.3981999507e-3)) * r + Float(8.3334519073e-3)) * r
       + Float(4.1665795894e-2)) * r + Float(1.6666665459e-1)) * r + Float(5.0000001201e-1)) * r * r) + r;
}
/** 2^shift · e^x. */
fn scaled_exp(x: Float, shift: Float) -> Float {
  let bounded = clamp(x, Float(-105), Float(91));
  let n = round(bounded * Float(${Math.LOG2E}));
  let r = (bounded - n * Float(0.693359375)) + n * Float(2.12194440e-4);
  return keep_nan(x, scale_by(Float(1) + expm1_series(r), n + shift));
}
fn exp_of(x: Float) -> Float { return scaled_exp(x, Float(0)); }`;
export const EXP = [NAN, SCALE, EXPONENTIAL];

export const EXPM1 = [
  ...EXP,
  wgsl`
fn expm1_of(x: Float) -> Float { return select(exp_of(x) - Float(1), expm1_series(x), abs(x) < Float(0.34)); }`,
];

/** ln x = n·ln 2 + ln(1 + f), where x = 2^n·(1 + f) with 1 + f in [√½, √2]. ln 0 is -∞, of a negative number NaN. */
export const LOG = [
  NAN,
  wgsl`
/** ln(1 + f) + n·ln 2 for 1 + f in [√½, √2]. */
fn log_series(f: Float, n: Float) -> Float {
  let z = f * f;
  let tail = ((((((((Float(7.0376836292e-2) * f - Float(1.1514610310e-1)) * f + Float(1.1676998740e-1)) * f
           - Float(1.2420140846e-1)) * f + Float(1.4249322787e-1)) * f - Float(1.6668057665e-1)) * f
           + Float(2.0000714765e-1)) * f - Float(2.4999993993e-1)) * f + Float(3.3333331174e-1)) * f * z;
  return (f + ((tail - n * Float(2.12194440e-4)) - Float(0.5) * z)) + n * Float(0.693359375);
}
fn log_of(x: Float) -> Float {
  let subnormal = x < Float(1.17549435e-38);
  let bits = bitcast<Uint>(select(x, x * Float(8388608), subnormal));
  let half = bitcast<Float>((bits & Uint(0x007fffffu)) | Uint(0x3f000000u)); // in [1/2, 1)
  let low = half < Float(${Math.SQRT1_2});
  let n = Float(Int(bits >> Uint(23u)) - Int(126)) - select(Float(0), Float(1), low) - select(Float(0), Float(23), subnormal);
  let positive = select(log_series(select(half, half + half, low) - Float(1), n), x, !float_is_finite(x));
  let real = select(positive, -infinity_of(x), x == Float(0));
  return select(real, nan_of(x), (x < Float(0)) | float_is_nan(x));
}`,
];

export const LOG1P = [
  ...LOG,
  wgsl`
fn log1p_of(x: Float) -> Float { return select(log_of(Float(1) + x), log_series(x, Float(0)), abs(x) < Float(0.29)); }`,
];

/** 1 / (1 + e^-x), computed from e^-|x|, which cannot overflow. */
export const SIGMOID = [
  ...EXP,
  wgsl`
fn sigmoid_of(x: Float) -> Float {
  let e = exp_of(-abs(x));
  return keep_nan(x, select(e, Float(1), x >= Float(0)) / (Float(1) + e));
}`,
];

/** tanh x = 1 - 2 / (e^(2|x|) + 1) with the sign of x; near 0, where that would cancel, an odd polynomial. */
export const TANH = [
  ...EXP,
  wgsl`
fn tanh_of(x: Float) -> Float {
  let size = abs(x);
  let z = x * x;
  let near = ((((Float(-5.70498872745e-3) * z + Float(2.06390887954e-2)) * z - Float(5.37397155531e-2)) * z
           + Float(1.33314422036e-1)) * z - Float(3.33332819422e-1)) * z * x + x;
  let far = with_sign(Float(1) - Float(2) / (exp_of(Float(2) * min(size, Float(10))) + Float(1)), x);
  return keep_nan(x, select(far, near, size < Float(0.625)));
}`,
];

/** cosh and sinh are e^|x| / 2 ± e^-|x| / 2, halved before they can overflow; sinh in ±1 is an odd polynomial. */
export const HYPERBOLIC = [
  ...EXP,
  wgsl`
fn sinh_of(x: Float) -> Float {
  let z = x * x;
  let near = ((Float(2.03721912945e-4) * z + Float(8.33028376239e-3)) * z + Float(1.66667160211e-1)) * z * x + x;
  let far = with_sign(scaled_exp(abs(x), Float(-1)) - scaled_exp(-abs(x), Float(-1)), x);
  return keep_nan(x, select(far, near, abs(x) < Float(1)));
}
fn cosh_of(x: Float) -> Float { return scaled_exp(abs(x), Float(-1)) + scaled_exp(-abs(x), Float(-1)); }`,
];

/** 2/π in words of 32 bits, after a word of zeros, with enough bits for the largest f32. */
const TWO_OVER_PI = [0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab];
/** WGSL of word `index` + offset of 2/π, for an index from 0 to 4. */
const word = (offset: number): string =>
  [1, 2, 3, 4].reduce(
    (chosen, index) => `select(${chosen}, Uint(${TWO_OVER_PI[index + offset]}u), index == Uint(${index}u))`,
    `Uint(${TWO_OVER_PI[offset]}u)`,
  );

/**
 * sin, cos and tan by range reduction, x = quarters·π/2 + r with |r| ≤ π/4, and polynomials in r. Up to |x| = 8192, π/2
 * is subtracted as a sum of three f32 (Cody and Waite 1980). Beyond, the mantissa is multiplied by the relevant bits of
 * 2/π (Payne and Hanek 1983): for x = m·2^e, the bits of 2/π above 2^(2-e) contribute whole turns.
 */
export const TRIGONOMETRIC = [
  NAN,
  wgsl`
struct Reduced { r: Float, quarters: Float } // quarters modulo 4
/** The upper 32 bits of m·u for m < 2^24. */
fn upper_product(m: Uint, u: Uint) -> Uint {
  let low = Uint(0xffffu);
  let half = Uint(16u);
  let cross = (m & low) * (u >> half);
  let other = (m >> half) * (u & low);
  let carry = (((m & low) * (u & low)) >> half) + (cross & low) + (other & low);
  return (m >> half) * (u >> half) + (cross >> half) + (other >> half) + (carry >> half);
}
fn reduce_large(x: Float) -> Reduced {
  let bits = bitcast<Uint>(x) & Uint(0x7fffffffu);
  let m = (bits & Uint(0x007fffffu)) | Uint(0x00800000u);
  let start = max(bits >> Uint(23u), Uint(120u)) - Uint(120u); // the first bit of weight 2 in m·2^e·2/π
  let index = start >> Uint(5u);
  let shift = start & Uint(31u);
  let w0 = ${word(0)};
  let w1 = ${word(1)};
  let w2 = ${word(2)};
  let w3 = ${word(3)};
  let back = Uint(31u) - shift;
  let u0 = (w0 << shift) | ((w1 >> Uint(1u)) >> back);
  let u1 = (w1 << shift) | ((w2 >> Uint(1u)) >> back);
  let u2 = (w2 << shift) | ((w3 >> Uint(1u)) >> back);
  let low = m * u1 + upper_product(m, u2);
  let carry = select(Uint(0u), Uint(1u), low < m * u1);
  let high = m * u0 + upper_product(m, u1) + carry; // two bits of quarters, then their fraction
  let upper = bitcast<Int>((high << Uint(2u)) | (low >> Uint(30u)));
  let lower = Float((low << Uint(2u)) >> Uint(8u)) * Float(${2 ** -24});
  let r = (Float(upper) + lower) * Float(${(Math.PI / 2) * 2 ** -32});
  let quarters = Float((high + Uint(0x20000000u)) >> Uint(30u));
  return Reduced(select(r, -r, is_negative(x)), select(quarters, -quarters, is_negative(x)));
}
fn reduce_quarters(x: Float) -> Reduced {
  let quarters = round(x * Float(${2 / Math.PI}));
  let r = ((x - quarters * Float(1.5703125)) - quarters * Float(4.837512969970703e-4)) - quarters * Float(7.549789954891882e-8);
  var reduced = Reduced(r, quarters);
  let large = abs(x) > Float(8192);
  if (any(large)) {
    let other = reduce_large(x);
    reduced = Reduced(select(r, other.r, large), select(quarters, other.quarters, large));
  }
  return Reduced(reduced.r, reduced.quarters - Float(4) * floor(reduced.quarters * Float(0.25)));
}
fn sine_series(r: Float) -> Float {
  let z = r * r;
  return ((Float(-1.9515295891e-4) * z + Float(8.3321608736e-3)) * z - Float(1.6666654611e-1)) * z * r + r;
}
fn cosine_series(r: Float) -> Float {
  let z = r * r;
  return ((Float(2.443315711809948e-5) * z - Float(1.388731625493765e-3)) * z + Float(4.166664568298827e-2)) * z * z
       - Float(0.5) * z + Float(1);
}
/** sin(r + quarters·π/2). */
fn sine_at(r: Float, quarters: Float) -> Float {
  let turn = select(quarters, Float(0), quarters == Float(4));
  let value = select(sine_series(r), cosine_series(r), (turn == Float(1)) | (turn == Float(3)));
  return select(value, -value, turn >= Float(2));
}
fn sin_of(x: Float) -> Float {
  let reduced = reduce_quarters(x);
  return select(nan_of(x), sine_at(reduced.r, reduced.quarters), float_is_finite(x));
}
fn cos_of(x: Float) -> Float {
  let reduced = reduce_quarters(x);
  return select(nan_of(x), sine_at(reduced.r, reduced.quarters + Float(1)), float_is_finite(x));
}
fn tan_of(x: Float) -> Float {
  let reduced = reduce_quarters(x);
  let odd = (reduced.quarters == Float(1)) | (reduced.quarters == Float(3));
  let s = sine_series(reduced.r);
  let c = cosine_series(reduced.r);
  return select(nan_of(x), select(s, -c, odd) / select(c, s, odd), float_is_finite(x));
}`,
];

/** atan by a polynomial for |x| ≤ √2 - 1, to which other arguments are reduced; asin and acos by atan2. */
export const ARCS = [
  NAN,
  wgsl`
fn atan_of(x: Float) -> Float {
  let size = abs(x);
  let steep = size > Float(2.4142135); // tan 3π/8
  let middle = (size > Float(0.41421357)) & !steep; // tan π/8
  let turned = select(size, Float(-1) / size, steep);
  let small = select(turned, (size - Float(1)) / (size + Float(1)), middle);
  let z = small * small;
  let series = ((Float(0.0805374449538) * z - Float(0.138776856032)) * z + Float(0.199777106478)) * z - Float(0.333329491539);
  let from0 = select(select(Float(0), Float(${Math.PI / 4}), middle), Float(${Math.PI / 2}), steep);
  let angle = select(from0 + (series * z * small + small), Float(${Math.PI / 2}), !float_is_finite(x));
  return keep_nan(x, with_sign(angle, x));
}
/** atan2 as in IEEE 754, including zeros and infinities. */
fn atan2_of(y: Float, x: Float) -> Float {
  let large = max(abs(x), abs(y));
  let small = min(abs(x), abs(y));
  let scale = select(Float(1), Float(0.125), large > Float(1e37)); // a GPU may flush the quotient of large numbers to 0
  let quotient = select((small * scale) / (large * scale), select(Float(0), Float(1), small == large), !float_is_finite(large));
  let octant = atan_of(select(quotient, Float(0), large == Float(0)));
  let quadrant = select(octant, Float(${Math.PI / 2}) - octant, abs(y) > abs(x));
  let half_plane = select(quadrant, Float(${Math.PI}) - quadrant, is_negative(x));
  return keep_nan(x, keep_nan(y, with_sign(half_plane, y)));
}
/** √(1 - x²). */
fn other_side(x: Float) -> Float { return sqrt(max((Float(1) - x) * (Float(1) + x), Float(0))); }
fn asin_of(x: Float) -> Float { return select(atan2_of(x, other_side(x)), nan_of(x), (abs(x) > Float(1)) | float_is_nan(x)); }
fn acos_of(x: Float) -> Float { return select(atan2_of(other_side(x), x), nan_of(x), (abs(x) > Float(1)) | float_is_nan(x)); }`,
];

export const SQRT = [
  NAN,
  wgsl`fn sqrt_of(x: Float) -> Float { return select(sqrt(x), nan_of(x), (x < Float(0)) | float_is_nan(x)); }`,
];

/** erf within 5e-7, by Abramowitz and Stegun 7.1.26 and, near 0, where that would cancel, a series. */
export const ERF = [
  ...EXP,
  wgsl`fn erf_of(x: Float) -> Float {
  let size = abs(x);
  let t = Float(1) / (Float(1) + Float(0.3275911) * size);
  let polynomial = t * (Float(0.254829592) + t * (Float(-0.284496736)
                 + t * (Float(1.421413741) + t * (Float(-1.453152027) + t * Float(1.061405429)))));
  let far = with_sign(Float(1) - polynomial * exp_of(-min(size * size, Float(100))), x);
  let square = x * x;
  let near = x * Float(${2 / Math.sqrt(Math.PI)})
           * (Float(1) + square * (Float(${-1 / 3}) + square * (Float(0.1) + square * (Float(${-1 / 42}) + square * Float(${1 / 216})))));
  return keep_nan(x, select(far, near, size < Float(0.35)));
}`,
];

/** ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|), which cannot overflow. */
export const SOFTPLUS = [
  ...new Set([...EXP, ...LOG1P]),
  wgsl`fn softplus_of(x: Float) -> Float { return keep_nan(x, max(x, Float(0)) + log1p_of(exp_of(-abs(x)))); }`,
];

/** The remainder of a / b with the sign of b, exact by long division of the mantissas, eight bits at a time. */
export const MODULO = [
  NAN,
  SCALE,
  wgsl`
fn mod_of(a: Float, b: Float) -> Float {
  let size_a = bitcast<Uint>(a) & Uint(0x7fffffffu);
  let size_b = bitcast<Uint>(b) & Uint(0x7fffffffu);
  let exponent_a = max(size_a >> Uint(23u), Uint(1u));
  let exponent_b = max(size_b >> Uint(23u), Uint(1u));
  let fraction = Uint(0x007fffffu);
  let one = Uint(0x00800000u);
  let divisor = max((size_b & fraction) | select(Uint(0u), one, size_b >= one), Uint(1u));
  var left = ((size_a & fraction) | select(Uint(0u), one, size_a >= one)) % divisor;
  var shift = select(Uint(0u), exponent_a - exponent_b, exponent_a > exponent_b);
  while (any(shift > Uint(0u))) {
    let step = min(shift, Uint(8u));
    left = (left << step) % divisor;
    shift -= step;
  }
  let size = select(scale_by(Float(left), Float(exponent_b) - Float(150)), abs(a), size_a < size_b);
  let remainder = with_sign(size, a);
  let opposite = (is_negative(a) != is_negative(b)) & (size != Float(0));
  let result = select(with_sign(size, b), remainder + b, opposite);
  return select(result, nan_of(a), float_is_nan(b) | !float_is_finite(a) | (size_b == Uint(0u)));
}`,
];

/**
 * |a|^b = 2^(b·log2|a|), as in FreeBSD's e_powf.c: the logarithm is the sum of two f32, because b may be large. Masks
 * truncate an f32 to twelve bits, so that products are exact. Signs, zeros, infinities and NaN are those of IEEE 754.
 */
export const POWER = [
  ...EXP,
  wgsl`
fn twelve_bits(x: Float) -> Float { return bitcast<Float>(bitcast<Uint>(x) & Uint(0xfffff000u)); }
fn power_of_size(a: Float, b: Float) -> Float {
  let subnormal = a < Float(1.17549435e-38);
  let bits = bitcast<Uint>(select(a, a * Float(16777216), subnormal));
  let mantissa = bits & Uint(0x007fffffu);
  let middle = (mantissa > Uint(0x1cc471u)) & (mantissa < Uint(0x5db3d7u)); // between √(3/2) and √3
  let upper = mantissa >= Uint(0x5db3d7u);
  let x = bitcast<Float>((mantissa | Uint(0x3f800000u)) - select(Uint(0u), Uint(0x00800000u), upper));
  let n = Float(Int(bits >> Uint(23u)) - Int(127)) + select(Float(0), Float(1), upper) - select(Float(0), Float(24), subnormal);
  let base = select(Float(1), Float(1.5), middle);
  // s = (x - base) / (x + base), as s_high + s_low
  let u = x - base;
  let v = Float(1) / (x + base);
  let s = u * v;
  let s_high = twelve_bits(s);
  let t_high = twelve_bits(x + base);
  let t_low = x - (t_high - base);
  let s_low = v * ((u - s_high * t_high) - s_high * t_low);
  let z = s * s;
  let series = z * z * (Float(6.0000002384e-1) + z * (Float(4.2857143283e-1) + z * (Float(3.3333334327e-1)
             + z * (Float(2.7272811532e-1) + z * (Float(2.3066075146e-1) + z * Float(2.0697501302e-1))))))
             + s_low * (s_high + s);
  let square = s_high * s_high;
  let r_high = twelve_bits(Float(3) + square + series);
  let r_low = series - ((r_high - Float(3)) - square);
  let p = s_high * r_high;
  let q = s_low * r_high + r_low * s;
  let p_high = twelve_bits(p + q);
  let p_low = q - (p_high - p);
  // times 2 / (3 ln 2), plus log2 of the base, plus n
  let z_high = Float(9.6191406250e-1) * p_high;
  let z_low = Float(-1.1736857402e-4) * p_high + p_low * Float(9.6179670095e-1) + select(Float(0), Float(1.56322085e-6), middle);
  let base_log = select(Float(0), Float(5.84960938e-1), middle);
  let log_high = twelve_bits(((z_high + z_low) + base_log) + n);
  let log_low = z_low - (((log_high - n) - base_log) - z_high);
  let exponent = clamp(b, Float(-1e12), Float(1e12));
  let b_high = twelve_bits(exponent);
  let low = (exponent - b_high) * log_high + exponent * log_low;
  let high = b_high * log_high;
  let whole = round(clamp(high + low, Float(-200), Float(200)));
  let rest = clamp((high - whole) + low, Float(-0.51), Float(0.51));
  return scale_by(Float(1) + expm1_series(rest * Float(${Math.LN2})), whole);
}
fn pow_of(a: Float, b: Float) -> Float {
  let size = abs(a);
  let grows = (size > Float(1)) == (b > Float(0));
  let limit = select(Float(0), infinity_of(a), grows);
  let is_limit = (size == Float(0)) | !float_is_finite(size) | !float_is_finite(b);
  let power = select(select(power_of_size(size, b), limit, is_limit), Float(1), (size == Float(1)) | (b == Float(0)));
  let whole = (b == floor(b)) | !float_is_finite(b);
  let odd = whole & (abs(b) < Float(16777216)) & (abs(b - Float(2) * floor(b * Float(0.5))) == Float(1));
  let signed = select(power, -power, odd & is_negative(a));
  let real = select(signed, nan_of(a), (a < Float(0)) & float_is_finite(a) & !whole);
  let is_one = (b == Float(0)) | ((a == Float(1)) & !float_is_nan(a));
  return select(select(real, nan_of(a), float_is_nan(a) | float_is_nan(b)), Float(1), is_one);
}`,
];

/** Conversions to integers, truncated towards zero and clamped to the type's range; NaN becomes 0. */
export const TO_INTEGER = [
  NAN,
  wgsl`
fn to_int(x: Float) -> Int {
  let within = Int(clamp(x, Float(-2147483648), Float(2147483520)));
  return select(select(within, Int(2147483647), x >= Float(2147483648)), Int(0), float_is_nan(x));
}
fn to_uint(x: Float) -> Uint {
  let within = Uint(clamp(x, Float(0), Float(4294967040)));
  return select(select(within, Uint(4294967295u), x >= Float(4294967296)), Uint(0u), float_is_nan(x));
}`,
];

/** Rounds an f32 to the nearest f16, ties to even, by its bits: a compiler may drop a conversion to f16 and back. */
export const TO_F16 = [
  NAN,
  wgsl`
fn to_f16(x: Float) -> Float {
  let size = abs(x);
  let bits = bitcast<Uint>(size);
  let normal = bitcast<Float>((bits + Uint(0xfffu) + ((bits >> Uint(13u)) & Uint(1u))) & Uint(0xffffe000u));
  let small = round(size * Float(16777216)) * Float(${2 ** -24});
  let rounded = select(normal, small, size < Float(${2 ** -14}));
  return keep_nan(x, with_sign(select(rounded, infinity_of(x), rounded > Float(65504)), x));
}`,
];

export const IS_NAN = [NAN];
