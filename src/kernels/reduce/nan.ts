import { wgsl } from '../../gpu/wgsl.js';

/*
 * The largest of several numbers is NaN where one of them is, as in NumPy and ONNX: a mistake is not to vanish in a
 * maximum. WGSL leaves that open, and its compilers may assume that there are no NaNs: so they are known by their bits,
 * of which an infinity has all of the exponent's and a NaN more.
 */
export const IS_NAN = wgsl`
fn is_nan(value: f32) -> bool { return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u; }`;

/** A NaN of its own, in WGSL: out of any number below 2³¹, because WGSL refuses a constant one. */
export const NOT_A_NUMBER = wgsl`
fn not_a_number(any: u32) -> f32 { return bitcast<f32>(any | 0x7fc00000u); }`;

/** Whether a replaces b as the largest so far, in WGSL; the first NaN stays. Needs `IS_NAN`. */
export const REPLACES = wgsl`${IS_NAN}
fn replaces(a: f32, b: f32) -> bool { return (a > b || is_nan(a)) && !is_nan(b); }`;

/** The same for four values at once. */
export const REPLACES_VEC4 = wgsl`
fn is_nan(value: vec4f) -> vec4<bool> { return (bitcast<vec4u>(value) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u); }
fn replaces(a: vec4f, b: vec4f) -> vec4<bool> { return ((a > b) | is_nan(a)) & !is_nan(b); }`;

/** The same in float64. */
export const replaces = (a: number, b: number): boolean => (a > b || Number.isNaN(a)) && !Number.isNaN(b);
