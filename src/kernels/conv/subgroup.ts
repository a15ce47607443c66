import { ceilDivide, defineKernel } from '../../gpu/kernel.js';
import { epilogue, wgsl } from '../../gpu/wgsl.js';
import { CONV_SIZES_STRUCT, conv2dRegister, convCost, convSizes, convSplits, pixels, windowSize } from './conv2d.js';

/*
 * The convolutions of conv2d.ts as implicit matrix products that share values through the subgroup, as in
 * matmul/subgroup.ts: an invocation computes 16 lines by four adjacent columns. It loads its own columns as vec4; each
 * lane loads one line, which all of them need, and broadcasts it by a shuffle. Lines beyond the end are clamped to the
 * last one, and not stored.
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
const GROUPS = LINES / LANES;  // lines that each lane loads for all`;

const main = wgsl`
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32, @builtin(subgroup_invocation_id) in_subgroup: u32) {
  let lane = in_subgroup % LANES;
  let tile = group.y * groups.x + group.x;`;

/** y = x * w; out_channels is a multiple of 4. */
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

/** x at (kh, kw, ci) of the window whose first pixel is (top, left) of image n; 0 outside of the image. */
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
  var window = vec3u();  // kh, kw, ci
  var sum: array<vec4f, LINES>;
  for (var k = 0u; k < steps; k += 4u) {
    var weights: mat4x4f;  // four steps of k by four channels
    var values: array<vec4f, GROUPS>;
    for (var q = 0u; q < 4u; q++) {
      weights[q] = select(vec4f(), w[min(k + q, steps - 1u) * channels + column], k + q < steps);
      for (var g = 0u; g < GROUPS; g++) { values[g][q] = load(n[g], top[g], left[g], window.x, window.y, window.z); }
      window.z++;
      if (window.z == sizes.in_channels) { window = vec3u(window.x, window.y + 1u, 0u); }
      if (window.y == sizes.kernel_width) { window = vec3u(window.x + 1u, 0u, 0u); }
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

/** dx, the gradient of y = x * w with respect to x; in_channels and out_channels are multiples of 4. */
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
  let vectors = sizes.out_channels / 4u;  // vec4 per pixel of dy
  var sum: array<vec4f, LINES>;
  for (var kh = 0u; kh < sizes.kernel_height; kh++) {
    for (var kw = 0u; kw < sizes.kernel_width; kw++) {
      var source: array<u32, GROUPS>;
      var reached: array<bool, GROUPS>;  // whether (kh, kw) of some window is this pixel
      for (var g = 0u; g < GROUPS; g++) {
        let up = kh * sizes.dilation_height;
        let back = kw * sizes.dilation_width;
        let oh = (ih[g] - up) / sizes.stride_height;
        let ow = (iw[g] - back) / sizes.stride_width;
        reached[g] = ih[g] >= up && (ih[g] - up) % sizes.stride_height == 0u && oh < sizes.out_height
                  && iw[g] >= back && (iw[g] - back) % sizes.stride_width == 0u && ow < sizes.out_width;
        source[g] = select(0u, ((n[g] * sizes.out_height + oh) * sizes.out_width + ow) * vectors, reached[g]);
      }
      let weight = ((kh * sizes.kernel_width + kw) * sizes.in_channels + column) * vectors;
      for (var co = 0u; co < vectors; co++) {
        let at = weight + co;
        let weights = mat4x4f(w[at], w[at + vectors], w[at + 2u * vectors], w[at + 3u * vectors]);
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

/** dw, the gradient of y = x * w with respect to w, of chunks of rows of pixels; out_channels is a multiple of 4. */
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
    let index = min(row + g * LANES + lane, window - 1u);
    ci[g] = index % sizes.in_channels;
    up[g] = i32(index / (sizes.in_channels * sizes.kernel_width) * sizes.dilation_height) - i32(sizes.pad_top);
    back[g] = i32(index / sizes.in_channels % sizes.kernel_width * sizes.dilation_width) - i32(sizes.pad_left);
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

/** Convolutions that share values by subgroup shuffles, for adapters with subgroups of at least eight lanes. */
export const conv2dSubgroup = { forward, inputBackward, filterBackward } as const;
