import { wgsl } from '../../gpu/wgsl.js';
import { define, FLOAT } from './table.js';

/*
 * The functions of the calculus books, element by element. On a GPU they are as exact as WGSL asks of its built-in
 * functions (https://www.w3.org/TR/WGSL/#floating-point-evaluation); what a built-in leaves open is closed here.
 */

/** 1 / (1 + e^-x). For x below -88 e^-x is infinite and the quotient 0, as it should be. */
export const SIGMOID = wgsl`fn sigmoid(x: Float) -> Float { return Float(1) / (Float(1) + exp(-x)); }`;
/** tanh, kept off arguments whose exponentials overflow: beyond 10 it is ±1 in f32. */
export const TANH = wgsl`fn safe_tanh(x: Float) -> Float { return tanh(clamp(x, Float(-10), Float(10))); }`;
/** SwiftShader's own log of 0 is -88, and of a negative number 0: here they are -∞ and NaN on every adapter. */
const LOGARITHM = wgsl`fn natural_log(x: Float) -> Float {
  let positive = select(log(x), Float(-1) / abs(x), x == Float(0));
  return select(positive, (x - x) / (x - x), x < Float(0));
}`;

export const exp = define('exp', FLOAT, { flops: 4, wgsl: (x) => `exp(${x})`, apply: Math.exp });
export const log = define('log', FLOAT, {
  ...{ flops: 6, helpers: [LOGARITHM] },
  wgsl: (x) => `natural_log(${x})`,
  apply: Math.log,
});
export const sqrt = define('sqrt', FLOAT, { flops: 2, wgsl: (x) => `sqrt(${x})`, apply: Math.sqrt });
/**
 * sin(x + quarter·π/2). WGSL allows an error of 2^-11, and some adapters use a part of it; this is within a unit or two of
 * the last place on all, for |x| up to some thousands. x is brought to |r| ≤ π/4 by quarters of a turn, π/2 being taken
 * off in three parts so that nothing is lost (Cody and Waite 1980); there sin and cos are polynomials (Moshier's Cephes).
 */
export const SINE = wgsl`fn sine_of(x: Float, quarter: Float) -> Float {
  let quarters = round(x * Float(${2 / Math.PI}));
  let r = ((x - quarters * Float(1.5703125)) - quarters * Float(4.837512969970703e-4)) - quarters * Float(7.549789954891882e-8);
  let z = r * r;
  let sin_r = ((Float(-1.9515295891e-4) * z + Float(8.3321608736e-3)) * z - Float(1.6666654611e-1)) * z * r + r;
  let cos_r = ((Float(2.443315711809948e-5) * z - Float(1.388731625493765e-3)) * z + Float(4.166664568298827e-2)) * z * z - Float(0.5) * z + Float(1);
  let turn = quarters + quarter - Float(4) * floor((quarters + quarter) / Float(4));
  let value = select(sin_r, cos_r, (turn == Float(1)) | (turn == Float(3)));
  return select(value, -value, turn >= Float(2));
}`;
export const sin = define('sin', FLOAT, {
  ...{ flops: 26, helpers: [SINE] },
  wgsl: (x) => `sine_of(${x}, Float(0))`,
  apply: Math.sin,
});
export const cos = define('cos', FLOAT, {
  ...{ flops: 26, helpers: [SINE] },
  wgsl: (x) => `sine_of(${x}, Float(1))`,
  apply: Math.cos,
});
export const tan = define('tan', FLOAT, {
  ...{ flops: 53, helpers: [SINE] },
  wgsl: (x) => `(sine_of(${x}, Float(0)) / sine_of(${x}, Float(1)))`,
  apply: Math.tan,
});
export const sinh = define('sinh', FLOAT, { flops: 8, wgsl: (x) => `sinh(${x})`, apply: Math.sinh });
export const cosh = define('cosh', FLOAT, { flops: 8, wgsl: (x) => `cosh(${x})`, apply: Math.cosh });
export const tanh = define('tanh', FLOAT, {
  ...{ flops: 6, helpers: [TANH] },
  wgsl: (x) => `safe_tanh(${x})`,
  apply: Math.tanh,
});
export const sigmoid = define('sigmoid', FLOAT, {
  ...{ flops: 6, helpers: [SIGMOID] },
  wgsl: (x) => `sigmoid(${x})`,
  apply: (x) => 1 / (1 + Math.exp(-x)),
});
/** max(x, 0), and NaN of NaN. */
export const relu = define('relu', FLOAT, {
  wgsl: (x) => `select(${x}, Float(0), ${x} < Float(0))`,
  apply: (x) => Math.max(x, 0),
});

/**
 * Arcs. WGSL allows its own an error of 2^-11 or so, and some adapters use it; these are within a few units of the last
 * place on all. atan is brought to |x| ≤ √2 - 1 and there a polynomial (Moshier's Cephes); the others follow from the
 * angle of a point.
 */
const ARC_TANGENT = wgsl`fn arc_tangent(x: Float) -> Float {
  let size = abs(x);
  let steep = size > Float(2.4142135); // tan 3π/8
  let middle = (size > Float(0.41421357)) & !steep; // tan π/8
  let turned = select(size, Float(-1) / size, steep);
  let small = select(turned, (size - Float(1)) / (size + Float(1)), middle);
  let z = small * small;
  let series = ((Float(0.0805374449538) * z - Float(0.138776856032)) * z + Float(0.199777106478)) * z - Float(0.333329491539);
  let from0 = select(select(Float(0), Float(${Math.PI / 4}), middle), Float(${Math.PI / 2}), steep);
  let angle = from0 + (series * z * small + small);
  return select(angle, -angle, x < Float(0));
}`;
const ANGLE_OF = wgsl`fn angle_of(y: Float, x: Float) -> Float {
  let large = max(abs(x), abs(y));
  let small = min(abs(x), abs(y));
  let octant = arc_tangent(select(small / large, Float(0), large == Float(0)));
  let quadrant = select(octant, Float(${Math.PI / 2}) - octant, abs(y) > abs(x));
  let half_plane = select(quadrant, Float(${Math.PI}) - quadrant, x < Float(0));
  return select(half_plane, -half_plane, y < Float(0));
}`;
/** √(1 - x²), NaN beyond ±1 on every adapter. */
const OTHER_SIDE = wgsl`fn other_side(x: Float) -> Float {
  let square = (Float(1) - x) * (Float(1) + x);
  return select(sqrt(square), (x - x) / (x - x), square < Float(0));
}`;
const ARC_SINE = wgsl`
fn arc_sine(x: Float) -> Float { return select(angle_of(x, other_side(x)), other_side(x), abs(x) > Float(1)); }`;
const ARC_COSINE = wgsl`
fn arc_cosine(x: Float) -> Float { return select(angle_of(other_side(x), x), other_side(x), abs(x) > Float(1)); }`;
export const atan = define('atan', FLOAT, {
  ...{ flops: 16, helpers: [ARC_TANGENT] },
  wgsl: (x) => `arc_tangent(${x})`,
  apply: Math.atan,
});
export const asin = define('asin', FLOAT, {
  ...{ flops: 24, helpers: [ARC_TANGENT, ANGLE_OF, OTHER_SIDE, ARC_SINE] },
  wgsl: (x) => `arc_sine(${x})`,
  apply: Math.asin,
});
export const acos = define('acos', FLOAT, {
  ...{ flops: 24, helpers: [ARC_TANGENT, ANGLE_OF, OTHER_SIDE, ARC_COSINE] },
  wgsl: (x) => `arc_cosine(${x})`,
  apply: Math.acos,
});
/** The angle of the point (x, y), within [-π, π]; atan2(0, 0) is 0. */
export const atan2 = define('atan2', FLOAT, {
  ...{ flops: 24, helpers: [ARC_TANGENT, ANGLE_OF] },
  wgsl: (y, x) => `angle_of(${y}, ${x})`,
  apply: (y, x) => (y === 0 && x === 0 ? 0 : Math.atan2(y, x)),
});

/** ln(1 + x), exact for small x: 2 artanh(x / (2 + x)) by its series, where 1 + x would lose digits. */
export const log1p = define('log1p', FLOAT, {
  flops: 16,
  wgsl: (x) => `log_1p(${x})`,
  apply: Math.log1p,
  helpers: [
    LOGARITHM,
    wgsl`fn log_1p(x: Float) -> Float {
  let s = x / (Float(2) + x);
  let square = s * s;
  let series = Float(2) * s * (Float(1) + square * (Float(${1 / 3}) + square * (Float(0.2) + square * Float(${1 / 7}))));
  return select(natural_log(Float(1) + x), series, abs(x) < Float(0.3));
}`,
  ],
});

/** e^x - 1, exact for small x, where e^x - 1 would lose digits: Taylor's series there. */
export const expm1 = define('expm1', FLOAT, {
  flops: 18,
  wgsl: (x) => `exp_m1(${x})`,
  apply: Math.expm1,
  helpers: [
    wgsl`fn exp_m1(x: Float) -> Float {
  let higher = Float(${1 / 24}) + x * (Float(${1 / 120}) + x * (Float(${1 / 720}) + x * Float(${1 / 5040})));
  let series = x * (Float(1) + x * (Float(0.5) + x * (Float(${1 / 6}) + x * higher)));
  return select(exp(x) - Float(1), series, abs(x) < Float(0.5));
}`,
  ],
});

/** Σ_n 2^n x^(2n+1) / (2n+1)!!, times 2/√π e^(-x²): all terms of one sign, so nothing cancels. */
function exactErrorFunction(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/**
 * The error function 2/√π ∫₀ˣ e^(-t²) dt, within 5e-7: Abramowitz and Stegun 7.1.26, and a series near 0, where the
 * formula would cancel.
 */
export const erf = define('erf', FLOAT, {
  flops: 24,
  wgsl: (x) => `error_function(${x})`,
  apply: exactErrorFunction,
  helpers: [
    wgsl`fn error_function(x: Float) -> Float {
  let size = abs(x);
  let t = Float(1) / (Float(1) + Float(0.3275911) * size);
  let polynomial = t * (Float(0.254829592) + t * (Float(-0.284496736)
                 + t * (Float(1.421413741) + t * (Float(-1.453152027) + t * Float(1.061405429)))));
  let far = sign(x) * (Float(1) - polynomial * exp(-min(size * size, Float(100))));
  let square = x * x;
  let near = x * Float(${2 / Math.sqrt(Math.PI)})
           * (Float(1) + square * (Float(${-1 / 3}) + square * (Float(0.1) + square * (Float(${-1 / 42}) + square * Float(${1 / 216})))));
  return select(far, near, size < Float(0.35));
}`,
  ],
});
