import { ceilDivide, defineKernel, splitAlong } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { REPLACES, replaces } from '../reduce/nan.js';

/*
 * 2-D max pooling, channels last, without padding:
 *
 *   y[n,oh,ow,c] = max_{kh<height, kw<width} x[n, oh·s+kh, ow·s+kw, c]
 *
 * with x (batch, in_height, in_width, channels), y (batch, out_height, out_width, channels) and stride s. NaN counts as
 * the largest. The gradient of a window goes to its maximum, on ties to the first. Backward gathers: each input element
 * sums the gradients of the windows that cover it and have it as their maximum, so no two invocations write the same
 * element.
 */
const THREADS = 64;

const sizes = [
  ...(['batch', 'in_height', 'in_width', 'channels', 'out_height', 'out_width'] as const),
  ...(['window_height', 'window_width', 'stride_height', 'stride_width'] as const),
] as const;
type PoolSizes = Readonly<Record<(typeof sizes)[number], number>>;

const SIZES = `struct Sizes { ${sizes.map((name) => `${name}: u32`).join(', ')} }`;
/** Elements of one image, and of a batch, of the input and the output. */
const input = (s: PoolSizes) => s.in_height * s.in_width * s.channels;
const output = (s: PoolSizes) => s.out_height * s.out_width * s.channels;
const inputs = (s: PoolSizes) => s.batch * input(s);
const outputs = (s: PoolSizes) => s.batch * output(s);

/** The index in x of the maximum of each window. */
function argmaxOfWindows(x: Float64Array, s: PoolSizes): Int32Array {
  const indices = new Int32Array(outputs(s));
  for (let index = 0; index < indices.length; index++) {
    const c = index % s.channels;
    const ow = Math.floor(index / s.channels) % s.out_width;
    const oh = Math.floor(index / (s.channels * s.out_width)) % s.out_height;
    const n = Math.floor(index / (s.channels * s.out_width * s.out_height));
    let best = -1;
    for (let kh = 0; kh < s.window_height; kh++) {
      for (let kw = 0; kw < s.window_width; kw++) {
        const row = n * s.in_height + oh * s.stride_height + kh;
        const at = (row * s.in_width + ow * s.stride_width + kw) * s.channels + c;
        if (best < 0 || replaces(x[at], x[best])) best = at;
      }
    }
    indices[index] = best;
  }
  return indices;
}

const WINDOW_ARGMAX = wgsl`${REPLACES}
fn window_argmax(n: u32, oh: u32, ow: u32, c: u32) -> u32 {
  var best = ((n * sizes.in_height + oh * sizes.stride_height) * sizes.in_width + ow * sizes.stride_width) * sizes.channels + c;
  var largest = x[best];
  for (var kh = 0u; kh < sizes.window_height; kh++) {
    for (var kw = 0u; kw < sizes.window_width; kw++) {
      let row = n * sizes.in_height + oh * sizes.stride_height + kh;
      let at = (row * sizes.in_width + ow * sizes.stride_width + kw) * sizes.channels + c;
      if (replaces(x[at], largest)) {
        largest = x[at];
        best = at;
      }
    }
  }
  return best;
}`;

/** y, the maximum of each window. */
export const maxPoolForward = defineKernel({
  name: 'max_pool2d',
  reads: ['x'],
  writes: ['y'],
  sizes,
  splits: [splitAlong('batch', (s) => ({ x: input(s), y: output(s) }))],
  workgroups: (s) => ceilDivide(outputs(s), THREADS),
  cost: (s) => ({ flops: outputs(s) * s.window_height * s.window_width, bytes: 4 * (inputs(s) + outputs(s)) }),
  wgsl: wgsl`
${SIZES}
@group(0) @binding(0) var<storage, read> x: array<f32>;        // (batch, in_height, in_width, channels)
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // (batch, out_height, out_width, channels)
@group(0) @binding(2) var<uniform> sizes: Sizes;
${WINDOW_ARGMAX}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.batch * sizes.out_height * sizes.out_width * sizes.channels) { return; }
  let pixel = index / sizes.channels;
  let line = pixel / sizes.out_width;
  y[index] = x[window_argmax(line / sizes.out_height, line % sizes.out_height, pixel % sizes.out_width, index % sizes.channels)];
}`,
  reference({ x, y, ...s }) {
    argmaxOfWindows(x, s).forEach((at, index) => {
      y[index] = x[at];
    });
  },
});

/** dx, the gradient of max pooling. */
export const maxPoolBackward = defineKernel({
  name: 'max_pool2d_backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  sizes,
  splits: [splitAlong('batch', (s) => ({ x: input(s), dy: output(s), dx: input(s) }))],
  workgroups: (s) => ceilDivide(inputs(s), THREADS),
  cost: (s) => ({ flops: outputs(s) * s.window_height * s.window_width, bytes: 4 * (2 * inputs(s) + outputs(s)) }),
  wgsl: wgsl`
${SIZES}
@group(0) @binding(0) var<storage, read> x: array<f32>;         // (batch, in_height, in_width, channels)
@group(0) @binding(1) var<storage, read> dy: array<f32>;        // (batch, out_height, out_width, channels)
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;  // (batch, in_height, in_width, channels)
@group(0) @binding(3) var<uniform> sizes: Sizes;
${WINDOW_ARGMAX}

/** The first window along an axis that covers an element. */
fn first_window(at: u32, window: u32, stride: u32) -> u32 {
  if (at < window) { return 0u; }
  return (at - window) / stride + 1u;
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.batch * sizes.in_height * sizes.in_width * sizes.channels) { return; }
  let c = index % sizes.channels;
  let iw = index / sizes.channels % sizes.in_width;
  let line = index / (sizes.channels * sizes.in_width);
  let ih = line % sizes.in_height;
  let n = line / sizes.in_height;
  var sum = 0.0;
  for (var oh = first_window(ih, sizes.window_height, sizes.stride_height);
       oh < sizes.out_height && oh * sizes.stride_height <= ih; oh++) {
    for (var ow = first_window(iw, sizes.window_width, sizes.stride_width);
         ow < sizes.out_width && ow * sizes.stride_width <= iw; ow++) {
      if (window_argmax(n, oh, ow, c) == index) {
        sum += dy[((n * sizes.out_height + oh) * sizes.out_width + ow) * sizes.channels + c];
      }
    }
  }
  dx[index] = sum;
}`,
  reference({ x, dy, dx, ...s }) {
    dx.fill(0, 0, inputs(s));
    argmaxOfWindows(x, s).forEach((at, index) => {
      dx[at] += dy[index];
    });
  },
});
