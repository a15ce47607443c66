import { ceilDivide, defineKernel } from '../../gpu/kernel.js';
import { epilogue, wgsl } from '../../gpu/wgsl.js';
import { type ConvSizes, convSizes, convSplits, inputSize, pixels } from './conv2d.js';

/*
 * Grouped convolution, channels last: the output channels of a group depend on the input channels of that group only.
 * With as many groups as input channels it is a depthwise convolution.
 *
 *   y[n,oh,ow,co] = Σ_{kh,kw,ci < in/groups} x[n, oh·s+kh·d-p, ow·s+kw·d-p, group(co)·in/groups + ci] · w[kh,kw,ci,co]
 *
 * with w (kernel_height, kernel_width, in/groups, out); the gradients are those of conv2d.ts, summed over the channels
 * of one group. Channels share few values, so one invocation computes one element.
 */
const THREADS = 64;

/** The uniforms of grouped convolutions. */
export const groupedSizes = [...convSizes, 'groups'] as const;
export type GroupedConvSizes = ConvSizes & { readonly groups: number };

const SIZES = `struct Sizes { ${groupedSizes.map((name) => `${name}: u32`).join(', ')} }`;

const weights = (s: GroupedConvSizes) => s.kernel_height * s.kernel_width * (s.in_channels / s.groups) * s.out_channels;
const cost = (s: GroupedConvSizes) => ({
  flops: 2 * pixels(s) * weights(s),
  bytes: 4 * (inputSize(s) + weights(s) + pixels(s) * s.out_channels),
});

/** Calls `visit` for every product of the convolution, with the indices of its three factors. */
function forEachProduct(s: GroupedConvSizes, visit: (x: number, w: number, y: number) => void): void {
  const [ins, outs] = [s.in_channels / s.groups, s.out_channels / s.groups];
  for (let pixel = 0; pixel < pixels(s); pixel++) {
    const ow = pixel % s.out_width;
    const oh = Math.floor(pixel / s.out_width) % s.out_height;
    const n = Math.floor(pixel / (s.out_width * s.out_height));
    for (let kh = 0; kh < s.kernel_height; kh++) {
      const ih = oh * s.stride_height + kh * s.dilation_height - s.pad_top;
      if (ih < 0 || ih >= s.in_height) continue;
      for (let kw = 0; kw < s.kernel_width; kw++) {
        const iw = ow * s.stride_width + kw * s.dilation_width - s.pad_left;
        if (iw < 0 || iw >= s.in_width) continue;
        for (let co = 0; co < s.out_channels; co++) {
          for (let ci = 0; ci < ins; ci++) {
            const x = ((n * s.in_height + ih) * s.in_width + iw) * s.in_channels + Math.floor(co / outs) * ins + ci;
            visit(x, ((kh * s.kernel_width + kw) * ins + ci) * s.out_channels + co, pixel * s.out_channels + co);
          }
        }
      }
    }
  }
}

/** The grouped convolution y = x * w. */
const forward = defineKernel({
  name: 'grouped_conv2d',
  reads: ['x', 'w'],
  writes: ['y'],
  splits: convSplits.forward,
  sizes: groupedSizes,
  workgroups: (s) => ceilDivide(pixels(s) * s.out_channels, THREADS),
  cost,
  wgsl: wgsl`
${SIZES}
@group(0) @binding(0) var<storage, read> x: array<f32>;        // (batch, in_height, in_width, in_channels)
@group(0) @binding(1) var<storage, read> w: array<f32>;        // (kernel_height, kernel_width, in_channels / groups, out_channels)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (batch, out_height, out_width, out_channels)
@group(0) @binding(3) var<uniform> sizes: Sizes;
${epilogue('y')}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.batch * sizes.out_height * sizes.out_width * sizes.out_channels) { return; }
  let ins = sizes.in_channels / sizes.groups;
  let co = index % sizes.out_channels;
  let first = co / (sizes.out_channels / sizes.groups) * ins;
  let pixel = index / sizes.out_channels;
  let n = pixel / (sizes.out_height * sizes.out_width);
  let top = i32(pixel / sizes.out_width % sizes.out_height * sizes.stride_height) - i32(sizes.pad_top);
  let left = i32(pixel % sizes.out_width * sizes.stride_width) - i32(sizes.pad_left);
  var sum = 0.0;
  for (var kh = 0u; kh < sizes.kernel_height; kh++) {
    let ih = top + i32(kh * sizes.dilation_height);
    if (ih < 0 || ih >= i32(sizes.in_height)) { continue; }
    for (var kw = 0u; kw < sizes.kernel_width; kw++) {
      let iw = left + i32(kw * sizes.dilation_width);
      if (iw < 0 || iw >= i32(sizes.in_width)) { continue; }
      let source = ((n * sizes.in_height + u32(ih)) * sizes.in_width + u32(iw)) * sizes.in_channels + first;
      let weight = (kh * sizes.kernel_width + kw) * ins * sizes.out_channels + co;
      for (var ci = 0u; ci < ins; ci++) { sum += x[source + ci] * w[weight + ci * sizes.out_channels]; }
    }
  }
  y[index] = epilogue(sum, index);
}`,
  reference({ x, w, y, ...s }) {
    y.fill(0, 0, pixels(s) * s.out_channels);
    forEachProduct(s, (at, weight, out) => {
      y[out] += x[at] * w[weight];
    });
  },
});

/** dx, the gradient of a grouped convolution with respect to its input. */
const inputBackward = defineKernel({
  name: 'grouped_conv2d_input_backward',
  reads: ['dy', 'w'],
  writes: ['dx'],
  splits: convSplits.inputBackward,
  sizes: groupedSizes,
  workgroups: (s) => ceilDivide(inputSize(s), THREADS),
  cost,
  wgsl: wgsl`
${SIZES}
@group(0) @binding(0) var<storage, read> dy: array<f32>;        // (batch, out_height, out_width, out_channels)
@group(0) @binding(1) var<storage, read> w: array<f32>;         // (kernel_height, kernel_width, in_channels / groups, out_channels)
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;  // (batch, in_height, in_width, in_channels)
@group(0) @binding(3) var<uniform> sizes: Sizes;
${epilogue('dx')}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.batch * sizes.in_height * sizes.in_width * sizes.in_channels) { return; }
  let ins = sizes.in_channels / sizes.groups;
  let outs = sizes.out_channels / sizes.groups;
  let channel = index % sizes.in_channels;
  let first = channel / ins * outs;
  let pixel = index / sizes.in_channels;
  let n = pixel / (sizes.in_height * sizes.in_width);
  let ih = pixel / sizes.in_width % sizes.in_height + sizes.pad_top;
  let iw = pixel % sizes.in_width + sizes.pad_left;
  let row_weights = ins * sizes.out_channels;
  let own_weight = channel % ins * sizes.out_channels + first;
  // Tap kh meets dy in row (ih - kh·d) / s, a whole number where the rest is 0. Quotient and rest are counted down, as a
  // division for each tap would take longer than its product.
  let step = vec2i(i32(sizes.dilation_height / sizes.stride_height), i32(sizes.dilation_height % sizes.stride_height));
  let step_across = vec2i(i32(sizes.dilation_width / sizes.stride_width), i32(sizes.dilation_width % sizes.stride_width));
  var row = vec2i(i32(ih / sizes.stride_height), i32(ih % sizes.stride_height));
  let last = vec2i(i32(iw / sizes.stride_width), i32(iw % sizes.stride_width));
  var sum = 0.0;
  for (var kh = 0u; kh < sizes.kernel_height; kh++) {
    if (row.y == 0 && row.x >= 0 && row.x < i32(sizes.out_height)) {
      let line = (n * sizes.out_height + u32(row.x)) * sizes.out_width;
      var column = last;
      for (var kw = 0u; kw < sizes.kernel_width; kw++) {
        if (column.y == 0 && column.x >= 0 && column.x < i32(sizes.out_width)) {
          let source = (line + u32(column.x)) * sizes.out_channels + first;
          let weight = (kh * sizes.kernel_width + kw) * row_weights + own_weight;
          for (var co = 0u; co < outs; co++) { sum += dy[source + co] * w[weight + co]; }
        }
        column -= step_across;
        if (column.y < 0) { column += vec2i(-1, i32(sizes.stride_width)); }
      }
    }
    row -= step;
    if (row.y < 0) { row += vec2i(-1, i32(sizes.stride_height)); }
  }
  dx[index] = epilogue(sum, index);
}`,
  reference({ dy, w, dx, ...s }) {
    dx.fill(0, 0, inputSize(s));
    forEachProduct(s, (at, weight, out) => {
      dx[at] += dy[out] * w[weight];
    });
  },
});

/**
 * dw, the gradient with respect to the filter; as in conv2d.ts, of chunks of rows of pixels (n, oh): (chunks, ...w).
 */
const filterBackward = defineKernel({
  name: 'grouped_conv2d_filter_backward',
  reads: ['x', 'dy'],
  writes: ['dw'],
  splits: convSplits.filterBackward,
  sizes: groupedSizes,
  workgroups: (s) => ceilDivide(s.chunks * weights(s), THREADS),
  cost,
  wgsl: wgsl`
${SIZES}
@group(0) @binding(0) var<storage, read> x: array<f32>;         // (batch, in_height, in_width, in_channels)
@group(0) @binding(1) var<storage, read> dy: array<f32>;        // (batch, out_height, out_width, out_channels)
@group(0) @binding(2) var<storage, read_write> dw: array<f32>;  // (chunks, kernel_height, kernel_width, in_channels / groups, out_channels)
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  let ins = sizes.in_channels / sizes.groups;
  let size = sizes.kernel_height * sizes.kernel_width * ins * sizes.out_channels;
  let chunk = index / size;
  if (chunk >= sizes.chunks) { return; }
  let co = index % sizes.out_channels;
  let window = index % size / sizes.out_channels;
  let channel = co / (sizes.out_channels / sizes.groups) * ins + window % ins;
  let kw = i32(window / ins % sizes.kernel_width * sizes.dilation_width) - i32(sizes.pad_left);
  let kh = i32(window / (ins * sizes.kernel_width) * sizes.dilation_height) - i32(sizes.pad_top);
  var sum = 0.0;
  let end = min((chunk + 1u) * sizes.chunk_length, sizes.batch * sizes.out_height);
  for (var line = chunk * sizes.chunk_length; line < end; line++) {
    let ih = i32(line % sizes.out_height * sizes.stride_height) + kh;
    if (ih < 0 || ih >= i32(sizes.in_height)) { continue; }
    let row = (line / sizes.out_height * sizes.in_height + u32(ih)) * sizes.in_width;
    for (var ow = 0u; ow < sizes.out_width; ow++) {
      let iw = i32(ow * sizes.stride_width) + kw;
      if (iw < 0 || iw >= i32(sizes.in_width)) { continue; }
      sum += x[(row + u32(iw)) * sizes.in_channels + channel] * dy[(line * sizes.out_width + ow) * sizes.out_channels + co];
    }
  }
  dw[index] = sum;
}`,
  reference({ x, dy, dw, ...s }) {
    dw.fill(0, 0, s.chunks * weights(s));
    forEachProduct(s, (at, weight, out) => {
      const line = Math.floor(out / (s.out_channels * s.out_width));
      dw[Math.floor(line / s.chunk_length) * weights(s) + weight] += x[at] * dy[out];
    });
  },
});

/** Grouped convolutions, forward and backward. */
export const groupedConv2d = { forward, inputBackward, filterBackward } as const;
