import { wgsl } from '../../gpu/wgsl.js';

/*
 * max and min propagate NaN, as in NumPy and ONNX. WGSL's own may not, and its compilers may assume that there are no
 * NaNs, so NaN is tested by its bits: all those of the exponent, as in an infinity, and some of the mantissa.
 */
/** WGSL of whether a number is NaN. */
export const IS_NAN = wgsl`
fn is_nan(value: f32) -> bool { return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u; }`;

/** WGSL that makes a NaN from any number below 2³¹, because WGSL rejects a constant NaN. */
export const NOT_A_NUMBER = wgsl`
fn not_a_number(any: u32) -> f32 { return bitcast<f32>(any | 0x7fc00000u); }`;

/** WGSL of whether a replaces b as the maximum so far; the first NaN stays. Includes `IS_NAN`. */
export const REPLACES = wgsl`${IS_NAN}
fn replaces(a: f32, b: f32) -> bool { return (a > b || is_nan(a)) && !is_nan(b); }`;

/** WGSL of `is_nan` and `replaces` for vec4. */
export const REPLACES_VEC4 = wgsl`
fn is_nan(value: vec4f) -> vec4<bool> { return (bitcast<vec4u>(value) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u); }
fn replaces(a: vec4f, b: vec4f) -> vec4<bool> { return ((a > b) | is_nan(a)) & !is_nan(b); }`;

/** Whether a replaces b as the maximum so far; the first NaN stays. */
export const replaces = (a: number, b: number): boolean => (a > b || Number.isNaN(a)) && !Number.isNaN(b);
