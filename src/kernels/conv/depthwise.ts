import { ceilDivide, defineKernel } from '../../gpu/kernel.js';
import { epilogue, wgsl } from '../../gpu/wgsl.js';
import { convSplits, inputSize, pixels } from './conv2d.js';
import { groupedConv2d, groupedSizes } from './grouped.js';

/*
 * Depthwise convolution, the grouped convolution of grouped.ts with a filter of its own for each channel:
 *
 *   y[n,oh,ow,c] = Σ_{kh,kw} x[n, oh·s+kh·d-p, ow·s+kw·d-p, c] · w[kh,kw,c]
 *
 * Channels are the innermost axis of all operands, so one invocation computes four of them as a vec4 and finds their
 * place once. The number of channels must be a multiple of 4.
 */
const THREADS = 64;

const { forward: naive, inputBackward: naiveInput, filterBackward: naiveFilter } = groupedConv2d;
const SIZES = `struct Sizes { ${groupedSizes.map((name) => `${name}: u32`).join(', ')} }`;

/** The depthwise convolution y = x * w. */
const forward = defineKernel({
  name: 'depthwise_conv2d_vec4',
  reads: ['x', 'w'],
  writes: ['y'],
  splits: convSplits.forward,
  sizes: groupedSizes,
  workgroups: (s) => ceilDivide((pixels(s) * s.out_channels) / 4, THREADS),
  cost: naive.cost,
  wgsl: wgsl`
${SIZES}
@group(0) @binding(0) var<storage, read> x: array<vec4f>;        // (batch, in_height, in_width, channels)
@group(0) @binding(1) var<storage, read> w: array<vec4f>;        // (kernel_height, kernel_width, 1, channels)
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;  // (batch, out_height, out_width, channels)
@group(0) @binding(3) var<uniform> sizes: Sizes;
${epilogue('y', 'vec4f')}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  let vectors = sizes.out_channels / 4u;
  let pixel = index / vectors;
  if (pixel >= sizes.batch * sizes.out_height * sizes.out_width) { return; }
  let c = index % vectors;
  let n = pixel / (sizes.out_height * sizes.out_width);
  let top = i32(pixel / sizes.out_width % sizes.out_height * sizes.stride_height) - i32(sizes.pad_top);
  let left = i32(pixel % sizes.out_width * sizes.stride_width) - i32(sizes.pad_left);
  var sum = vec4f();
  for (var kh = 0u; kh < sizes.kernel_height; kh++) {
    let ih = top + i32(kh * sizes.dilation_height);
    if (ih < 0 || ih >= i32(sizes.in_height)) { continue; }
    let row = (n * sizes.in_height + u32(ih)) * sizes.in_width;
    for (var kw = 0u; kw < sizes.kernel_width; kw++) {
      let iw = left + i32(kw * sizes.dilation_width);
      if (iw < 0 || iw >= i32(sizes.in_width)) { continue; }
      sum += x[(row + u32(iw)) * vectors + c] * w[(kh * sizes.kernel_width + kw) * vectors + c];
    }
  }
  y[index] = epilogue(sum, index);
}`,
  reference: naive.reference,
});

/** dx, the gradient of a depthwise convolution with respect to its input. */
const inputBackward = defineKernel({
  name: 'depthwise_conv2d_input_backward_vec4',
  reads: ['dy', 'w'],
  writes: ['dx'],
  splits: convSplits.inputBackward,
  sizes: groupedSizes,
  workgroups: (s) => ceilDivide(inputSize(s) / 4, THREADS),
  cost: naiveInput.cost,
  wgsl: wgsl`
${SIZES}
@group(0) @binding(0) var<storage, read> dy: array<vec4f>;        // (batch, out_height, out_width, channels)
@group(0) @binding(1) var<storage, read> w: array<vec4f>;         // (kernel_height, kernel_width, 1, channels)
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;  // (batch, in_height, in_width, channels)
@group(0) @binding(3) var<uniform> sizes: Sizes;
${epilogue('dx', 'vec4f')}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  let vectors = sizes.in_channels / 4u;
  let pixel = index / vectors;
  if (pixel >= sizes.batch * sizes.in_height * sizes.in_width) { return; }
  let c = index % vectors;
  let n = pixel / (sizes.in_height * sizes.in_width);
  let ih = pixel / sizes.in_width % sizes.in_height + sizes.pad_top;
  let iw = pixel % sizes.in_width + sizes.pad_left;
  // Quotient and rest of (ih - kh·d) / s are counted down from tap to tap, as in grouped.ts.
  let step = vec2i(i32(sizes.dilation_height / sizes.stride_height), i32(sizes.dilation_height % sizes.stride_height));
  let step_across = vec2i(i32(sizes.dilation_width / sizes.stride_width), i32(sizes.dilation_width % sizes.stride_width));
  var row = vec2i(i32(ih / sizes.stride_height), i32(ih % sizes.stride_height));
  let last = vec2i(i32(iw / sizes.stride_width), i32(iw % sizes.stride_width));
  var sum = vec4f();
  for (var kh = 0u; kh < sizes.kernel_height; kh++) {
    if (row.y == 0 && row.x >= 0 && row.x < i32(sizes.out_height)) {
      let line = (n * sizes.out_height + u32(row.x)) * sizes.out_width;
      var column = last;
      for (var kw = 0u; kw < sizes.kernel_width; kw++) {
        if (column.y == 0 && column.x >= 0 && column.x < i32(sizes.out_width)) {
          sum += dy[(line + u32(column.x)) * vectors + c] * w[(kh * sizes.kernel_width + kw) * vectors + c];
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
  reference: naiveInput.reference,
});

/**
 * dw, the gradient with respect to the filter; as in conv2d.ts, of chunks of rows of pixels (n, oh): (chunks, ...w).
 */
const filterBackward = defineKernel({
  name: 'depthwise_conv2d_filter_backward_vec4',
  reads: ['x', 'dy'],
  writes: ['dw'],
  splits: convSplits.filterBackward,
  sizes: groupedSizes,
  workgroups: (s) => ceilDivide((s.chunks * s.kernel_height * s.kernel_width * s.in_channels) / 4, THREADS),
  cost: naiveFilter.cost,
  wgsl: wgsl`
${SIZES}
@group(0) @binding(0) var<storage, read> x: array<vec4f>;         // (batch, in_height, in_width, channels)
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;        // (batch, out_height, out_width, channels)
@group(0) @binding(2) var<storage, read_write> dw: array<vec4f>;  // (chunks, kernel_height, kernel_width, 1, channels)
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  let vectors = sizes.in_channels / 4u;
  let size = sizes.kernel_height * sizes.kernel_width * vectors;
  let chunk = index / size;
  if (chunk >= sizes.chunks) { return; }
  let c = index % vectors;
  let tap = index % size / vectors;
  let kw = i32(tap % sizes.kernel_width * sizes.dilation_width) - i32(sizes.pad_left);
  let kh = i32(tap / sizes.kernel_width * sizes.dilation_height) - i32(sizes.pad_top);
  var sum = vec4f();
  let end = min((chunk + 1u) * sizes.chunk_length, sizes.batch * sizes.out_height);
  for (var line = chunk * sizes.chunk_length; line < end; line++) {
    let ih = i32(line % sizes.out_height * sizes.stride_height) + kh;
    if (ih < 0 || ih >= i32(sizes.in_height)) { continue; }
    let row = (line / sizes.out_height * sizes.in_height + u32(ih)) * sizes.in_width;
    for (var ow = 0u; ow < sizes.out_width; ow++) {
      let iw = i32(ow * sizes.stride_width) + kw;
      if (iw < 0 || iw >= i32(sizes.in_width)) { continue; }
      sum += x[(row + u32(iw)) * vectors + c] * dy[(line * sizes.out_width + ow) * vectors + c];
    }
  }
  dw[index] = sum;
}`,
  reference: naiveFilter.reference,
});

/** Depthwise convolutions, forward and backward, of channels in fours. */
export const depthwiseConv2d = { forward, inputBackward, filterBackward } as const;
