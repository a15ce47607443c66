import { ceilDivide, defineKernel } from '../../gpu/kernel.js';
import { epilogue, wgsl } from '../../gpu/wgsl.js';
import { CONV_SIZES_STRUCT, conv2dRegister, convCost, convSizes, convSplits, pixels, windowSize } from './conv2d.js';

/*
 * The convolutions of conv2d.ts as the implicit products of matmul-subgroup.ts: an invocation computes four neighbouring
 * columns of 16 lines. It reads its own columns, vec4; what all of them need of the lines, each lane reads for one
 * line and hands to the others by a shuffle. Lines beyond the end are read as the last one, and not stored.
 *
 *                    lines              columns        inner axis
 *   forward          output pixels      out_channels   window (kh, kw, ci)
 *   input gradient   input pixels       in_channels    (kh, kw, co)
 *   filter gradient  window (kh,kw,ci)  out_channels   output pixels
 */
const LINES = 16;
const THREADS = 8;
const LANES = 8;

const kinds = { sizes: convSizes, subgroupLanes: LANES, cost: convCost } as const;

const tilesOf = (lines: number, columns: number): number => ceilDivide(lines, LINES) * ceilDivide(columns, 4 * THREADS);

const head = wgsl`
${CONV_SIZES_STRUCT}
const LINES = ${LINES}u;
const LANES = ${LANES}u;
const GROUPS = LINES / LANES;  // lines that a lane reads for all`;

const main = wgsl`
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32, @builtin(subgroup_invocation_id) in_subgroup: u32) {
  let lane = in_subgroup % LANES;
  let tile = group.y * groups.x + group.x;`;

/** y = x * w, where out_channels are whole vec4. */
const forward = defineKernel({
  ...kinds,
  name: 'conv2d_subgroup',
  reads: ['x', 'w'],
  writes: ['y'],
  splits: convSplits.forward,
  workgroups: (s) => tilesOf(pixels(s), s.out_channels),
  wgsl: wgsl`${head}
@group(0) @binding(0) var<storage, read> x: array<f32>;          // (batch, in_height, in_width, in_channels)
@group(0) @binding(1) var<storage, read> w: array<vec4f>;        // (kernel_height, kernel_width, in_channels, out_channels)
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;  // (batch, out_height, out_width, out_channels)
@group(0) @binding(3) var<uniform> sizes: Sizes;
${epilogue('y', 'vec4f')}

/** x in a window whose corner, which may lie outside, is at (top, left) of image n; 0 outside. */
fn load(n: u32, top: i32, left: i32, kh: u32, kw: u32, ci: u32) -> f32 {
  let ih = top + i32(kh * sizes.dilation_height);
  let iw = left + i32(kw * sizes.dilation_width);
  let inside = ih >= 0 && ih < i32(sizes.in_height) && iw >= 0 && iw < i32(sizes.in_width) && kh < sizes.kernel_height;
  let at = ((n * sizes.in_height + u32(ih)) * sizes.in_width + u32(iw)) * sizes.in_channels + ci;
  return select(0.0, x[select(0u, at, inside)], inside);
}
${main}
  let channels = sizes.out_channels / 4u;
  let tiles = (channels + ${THREADS - 1}u) / ${THREADS}u;
  let rows = sizes.batch * sizes.out_height * sizes.out_width;
  let row = tile / tiles * LINES;
  if (row >= rows) { return; }
  let channel = tile % tiles * ${THREADS}u + thread;
  let column = min(channel, channels - 1u);
  var n: array<u32, GROUPS>;
  var top: array<i32, GROUPS>;
  var left: array<i32, GROUPS>;
  for (var g = 0u; g < GROUPS; g++) {
    let pixel = min(row + g * LANES + lane, rows - 1u);
    n[g] = pixel / (sizes.out_height * sizes.out_width);
    top[g] = i32(pixel / sizes.out_width % sizes.out_height * sizes.stride_height) - i32(sizes.pad_top);
    left[g] = i32(pixel % sizes.out_width * sizes.stride_width) - i32(sizes.pad_left);
  }
  let steps = sizes.kernel_height * sizes.kernel_width * sizes.in_channels;
  var place = vec3u();  // kh, kw, ci
  var sum: array<vec4f, LINES>;
  for (var k = 0u; k < steps; k += 4u) {
    var weights: mat4x4f;  // four steps by four channels
    var values: array<vec4f, GROUPS>;
    for (var q = 0u; q < 4u; q++) {
      weights[q] = select(vec4f(), w[min(k + q, steps - 1u) * channels + column], k + q < steps);
      for (var g = 0u; g < GROUPS; g++) { values[g][q] = load(n[g], top[g], left[g], place.x, place.y, place.z); }
      place.z++;
      if (place.z == sizes.in_channels) { place = vec3u(place.x, place.y + 1u, 0u); }
      if (place.y == sizes.kernel_width) { place = vec3u(place.x + 1u, 0u, 0u); }
    }
    for (var g = 0u; g < GROUPS; g++) {
      for (var l = 0u; l < LANES; l++) { sum[g * LANES + l] += weights * subgroupShuffle(values[g], l); }
    }
  }
  if (channel >= channels) { return; }
  for (var line = 0u; line < LINES; line++) {
    let at = (row + line) * channels + channel;
    if (row + line < rows) { y[at] = epilogue(sum[line], at); }
  }
}`,
  reference: conv2dRegister.forward.reference,
});

/** dx of y = x * w, where in_channels and out_channels are whole vec4. */
const inputBackward = defineKernel({
  ...kinds,
  name: 'conv2d_input_backward_subgroup',
  reads: ['dy', 'w'],
  writes: ['dx'],
  splits: convSplits.inputBackward,
  workgroups: (s) => tilesOf(s.batch * s.in_height * s.in_width, s.in_channels),
  wgsl: wgsl`${head}
@group(0) @binding(0) var<storage, read> dy: array<vec4f>;        // (batch, out_height, out_width, out_channels)
@group(0) @binding(1) var<storage, read> w: array<vec4f>;         // (kernel_height, kernel_width, in_channels, out_channels)
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;  // (batch, in_height, in_width, in_channels)
@group(0) @binding(3) var<uniform> sizes: Sizes;
${epilogue('dx', 'vec4f')}
${main}
  let channels = sizes.in_channels / 4u;
  let tiles = (channels + ${THREADS - 1}u) / ${THREADS}u;
  let rows = sizes.batch * sizes.in_height * sizes.in_width;
  let row = tile / tiles * LINES;
  if (row >= rows) { return; }
  let channel = tile % tiles * ${THREADS}u + thread;
  let column = 4u * min(channel, channels - 1u);
  var n: array<u32, GROUPS>;
  var ih: array<u32, GROUPS>;
  var iw: array<u32, GROUPS>;
  for (var g = 0u; g < GROUPS; g++) {
    let pixel = min(row + g * LANES + lane, rows - 1u);
    n[g] = pixel / (sizes.in_height * sizes.in_width);
    ih[g] = pixel / sizes.in_width % sizes.in_height + sizes.pad_top;
    iw[g] = pixel % sizes.in_width + sizes.pad_left;
  }
  let vec4 = sizes.out_channels / 4u;
  var sum: array<vec4f, LINES>;
  for (var kh = 0u; kh < sizes.kernel_height; kh++) {
    for (var kw = 0u; kw < sizes.kernel_width; kw++) {
      var source: array<u32, GROUPS>;
      var reached: array<bool, GROUPS>;  // by this place of a window
      for (var g = 0u; g < GROUPS; g++) {
        let up = kh * sizes.dilation_height;
        let back = kw * sizes.dilation_width;
        let oh = (ih[g] - up) / sizes.stride_height;
        let ow = (iw[g] - back) / sizes.stride_width;
        reached[g] = ih[g] >= up && (ih[g] - up) % sizes.stride_height == 0u && oh < sizes.out_height
                  && iw[g] >= back && (iw[g] - back) % sizes.stride_width == 0u && ow < sizes.out_width;
        source[g] = select(0u, ((n[g] * sizes.out_height + oh) * sizes.out_width + ow) * vec4, reached[g]);
      }
      let weight = ((kh * sizes.kernel_width + kw) * sizes.in_channels + column) * vec4;
      for (var co = 0u; co < vec4; co++) {
        let at = weight + co;
        let weights = mat4x4f(w[at], w[at + vec4], w[at + 2u * vec4], w[at + 3u * vec4]);
        for (var g = 0u; g < GROUPS; g++) {
          let value = select(vec4f(), dy[source[g] + co], reached[g]);
          for (var l = 0u; l < LANES; l++) { sum[g * LANES + l] += subgroupShuffle(value, l) * weights; }
        }
      }
    }
  }
  if (channel >= channels) { return; }
  for (var line = 0u; line < LINES; line++) {
    let at = (row + line) * channels + channel;
    if (row + line < rows) { dx[at] = epilogue(sum[line], at); }
  }
}`,
  reference: conv2dRegister.inputBackward.reference,
});

/** dw of y = x * w in chunks of rows of pixels, where out_channels are whole vec4. */
const filterBackward = defineKernel({
  ...kinds,
  name: 'conv2d_filter_backward_subgroup',
  reads: ['x', 'dy'],
  writes: ['dw'],
  splits: convSplits.filterBackward,
  workgroups: (s) => s.chunks * tilesOf(windowSize(s), s.out_channels),
  wgsl: wgsl`${head}
@group(0) @binding(0) var<storage, read> x: array<f32>;           // (batch, in_height, in_width, in_channels)
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;        // (batch, out_height, out_width, out_channels)
@group(0) @binding(2) var<storage, read_write> dw: array<vec4f>;  // (chunks, kernel_height, kernel_width, in_channels, out_channels)
@group(0) @binding(3) var<uniform> sizes: Sizes;
${main}
  let channels = sizes.out_channels / 4u;
  let tiles = (channels + ${THREADS - 1}u) / ${THREADS}u;
  let window = sizes.kernel_height * sizes.kernel_width * sizes.in_channels;
  let rows = (window + LINES - 1u) / LINES;
  let chunk = tile / (rows * tiles);
  if (chunk >= sizes.chunks) { return; }
  let row = tile / tiles % rows * LINES;
  let channel = tile % tiles * ${THREADS}u + thread;
  let column = min(channel, channels - 1u);
  var ci: array<u32, GROUPS>;
  var up: array<i32, GROUPS>;
  var back: array<i32, GROUPS>;
  for (var g = 0u; g < GROUPS; g++) {
    let place = min(row + g * LANES + lane, window - 1u);
    ci[g] = place % sizes.in_channels;
    up[g] = i32(place / (sizes.in_channels * sizes.kernel_width) * sizes.dilation_height) - i32(sizes.pad_top);
    back[g] = i32(place / sizes.in_channels % sizes.kernel_width * sizes.dilation_width) - i32(sizes.pad_left);
  }
  var sum: array<vec4f, LINES>;
  let end = min((chunk + 1u) * sizes.chunk_length, sizes.batch * sizes.out_height);
  for (var line = chunk * sizes.chunk_length; line < end; line++) {
    let n = line / sizes.out_height;
    for (var ow = 0u; ow < sizes.out_width; ow += 4u) {
      var gradients: mat4x4f;  // four pixels by four channels
      var values: array<vec4f, GROUPS>;
      for (var q = 0u; q < 4u; q++) {
        let exists = ow + q < sizes.out_width;
        let pixel = line * sizes.out_width + min(ow + q, sizes.out_width - 1u);
        gradients[q] = select(vec4f(), dy[pixel * channels + column], exists);
        for (var g = 0u; g < GROUPS; g++) {
          let ih = i32(line % sizes.out_height * sizes.stride_height) + up[g];
          let iw = i32((ow + q) * sizes.stride_width) + back[g];
          let inside = exists && ih >= 0 && ih < i32(sizes.in_height) && iw >= 0 && iw < i32(sizes.in_width);
          let at = ((n * sizes.in_height + u32(ih)) * sizes.in_width + u32(iw)) * sizes.in_channels + ci[g];
          values[g][q] = select(0.0, x[select(0u, at, inside)], inside);
        }
      }
      for (var g = 0u; g < GROUPS; g++) {
        for (var l = 0u; l < LANES; l++) { sum[g * LANES + l] += gradients * subgroupShuffle(values[g], l); }
      }
    }
  }
  if (channel >= channels) { return; }
  for (var line = 0u; line < LINES; line++) {
    if (row + line < window) { dw[(chunk * window + row + line) * channels + channel] = sum[line]; }
  }
}`,
  reference: conv2dRegister.filterBackward.reference,
});

/** Convolutions whose subgroups share the lines; for adapters with subgroups of eight lanes or more. */
export const conv2dSubgroup = { forward, inputBackward, filterBackward } as const;
