import { bytesOf } from '../../gpu/device.js';
import { ceilDivide, defineKernel, type Split, splitAlong } from '../../gpu/kernel.js';
import { epilogue, wgsl } from '../../gpu/wgsl.js';
import { nameFor, type OperandType } from '../matmul/matmul.js';

/*
 * 2-D convolution, channels last, as an implicit matrix product: the rows are the output's pixels, the columns its
 * channels, and the inner axis runs over the window (kh, kw, ci). The matrix of windows (im2col) is never stored; each
 * kernel computes its addresses as it goes.
 *
 *   y[n,oh,ow,co]  = Σ_{kh,kw,ci} x[n, oh·s+kh·d-p, ow·s+kw·d-p, ci] · w[kh,kw,ci,co]
 *   dx[n,ih,iw,ci] = Σ_{kh,kw,co} dy[n, (ih+p-kh·d)/s, (iw+p-kw·d)/s, co] · w[kh,kw,ci,co]    where the quotients are whole
 *   dw[kh,kw,ci,co] = Σ_{n,oh,ow} x[n, oh·s+kh·d-p, ow·s+kw·d-p, ci] · dy[n,oh,ow,co]
 *
 * with stride s, dilation d and padding p along each axis, and x (batch, in_height, in_width, in_channels), w
 * (kernel_height, kernel_width, in_channels, out_channels), y (batch, out_height, out_width, out_channels). Pixels
 * outside of x are zeros. An invocation computes four rows by four columns of the product in registers; in subgroup.ts,
 * 16 by four.
 */
const THREADS = 64;

export const convSizes = [
  ...(['batch', 'in_height', 'in_width', 'in_channels', 'out_height', 'out_width', 'out_channels'] as const),
  ...([
    'kernel_height',
    'kernel_width',
    'stride_height',
    'stride_width',
    'dilation_height',
    'dilation_width',
    'pad_top',
    'pad_left',
    'chunks',
    'chunk_length',
  ] as const),
] as const;

export type ConvSizes = Readonly<Record<(typeof convSizes)[number], number>>;

export const CONV_SIZES_STRUCT = `struct Sizes { ${convSizes.map((name) => `${name}: u32`).join(', ')} }`;

/** The number of elements of a window, which is the inner axis of the implicit product. */
export const windowSize = (s: ConvSizes) => s.kernel_height * s.kernel_width * s.in_channels;
/** The number of output pixels. */
export const pixels = (s: ConvSizes) => s.batch * s.out_height * s.out_width;
const imageSize = (s: ConvSizes) => s.in_height * s.in_width * s.in_channels;
/** The number of elements of the input. */
export const inputSize = (s: ConvSizes) => s.batch * imageSize(s);
const outputSize = (s: ConvSizes) => s.out_height * s.out_width * s.out_channels;
export const convCost = (s: ConvSizes) => costOf(s, { x: 4, w: 4, y: 4 });

/** The cost with the given bytes per element of images, weights and outputs. */
const costOf = (s: ConvSizes, { x, w, y }: Readonly<Record<'x' | 'w' | 'y', number>>) => ({
  flops: 2 * pixels(s) * windowSize(s) * s.out_channels,
  bytes: x * inputSize(s) + w * windowSize(s) * s.out_channels + y * pixels(s) * s.out_channels,
});

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b));

/** Splits the chunks of the filter's gradient between images that begin with a chunk. */
const splitChunks: Split<'x' | 'dy' | 'dw', keyof ConvSizes> = {
  parts: (s) => (s.chunks === 1 ? 1 : Math.ceil(s.batch / imagesOfChunks(s))),
  launch(s, first, end) {
    const each = imagesOfChunks(s);
    const images = { first: first * each, length: Math.min(s.batch, end * each) - first * each };
    const chunks = Math.ceil((images.length * s.out_height) / s.chunk_length);
    const { groups = 1 } = s as ConvSizes & { groups?: number };
    const filter = (windowSize(s) / groups) * s.out_channels;
    if (s.chunks === 1) return undefined;
    return {
      values: { ...s, batch: images.length, chunks },
      spans: {
        x: { first: images.first * imageSize(s), length: images.length * imageSize(s) },
        dy: { first: images.first * outputSize(s), length: images.length * outputSize(s) },
        dw: { first: ((images.first * s.out_height) / s.chunk_length) * filter, length: chunks * filter },
      },
    };
  },
};

/** The least number of images whose rows of pixels are a multiple of the chunk length. */
const imagesOfChunks = ({ out_height, chunk_length }: ConvSizes): number =>
  chunk_length / greatestDivisor(chunk_length, out_height);

/** The splits of each direction, for operands larger than a binding. */
export const convSplits = {
  forward: [splitAlong('batch', (s: ConvSizes) => ({ x: imageSize(s), y: outputSize(s) }))],
  inputBackward: [splitAlong('batch', (s: ConvSizes) => ({ dy: outputSize(s), dx: imageSize(s) }))],
  filterBackward: [splitChunks],
} as const;

const bytesEach = (type: OperandType) => bytesOf(type, 2) / 2;

/** Calls `visit` for every product of the convolution, with the indices of its three factors. */
function forEachProduct(s: ConvSizes, visit: (x: number, w: number, y: number) => void): void {
  for (let n = 0; n < s.batch; n++) {
    for (let oh = 0; oh < s.out_height; oh++) {
      for (let ow = 0; ow < s.out_width; ow++) {
        const y = ((n * s.out_height + oh) * s.out_width + ow) * s.out_channels;
        for (let kh = 0; kh < s.kernel_height; kh++) {
          const ih = oh * s.stride_height + kh * s.dilation_height - s.pad_top;
          if (ih < 0 || ih >= s.in_height) continue;
          for (let kw = 0; kw < s.kernel_width; kw++) {
            const iw = ow * s.stride_width + kw * s.dilation_width - s.pad_left;
            if (iw < 0 || iw >= s.in_width) continue;
            const x = ((n * s.in_height + ih) * s.in_width + iw) * s.in_channels;
            for (let ci = 0; ci < s.in_channels; ci++) {
              const w = ((kh * s.kernel_width + kw) * s.in_channels + ci) * s.out_channels;
              for (let co = 0; co < s.out_channels; co++) visit(x + ci, w + co, y + co);
            }
          }
        }
      }
    }
  }
}

/** Defines the kernel of y = x * w. */
const forward = (type: OperandType) =>
  defineKernel({
    name: nameFor('conv2d', type),
    f16: type === 'f16',
    reads: ['x', 'w'],
    writes: ['y'],
    sizes: convSizes,
    splits: convSplits.forward,
    workgroups: (s) => ceilDivide(ceilDivide(pixels(s), 4) * ceilDivide(s.out_channels, 4), THREADS),
    cost: (s) => costOf(s, { x: bytesEach(type), w: bytesEach(type), y: 4 }),
    wgsl: wgsl`
${CONV_SIZES_STRUCT}
@group(0) @binding(0) var<storage, read> x: array<${type}>;    // (batch, in_height, in_width, in_channels)
@group(0) @binding(1) var<storage, read> w: array<${type}>;    // (kernel_height, kernel_width, in_channels, out_channels)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (batch, out_height, out_width, out_channels)
@group(0) @binding(3) var<uniform> sizes: Sizes;
${epilogue('y')}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let tiles = (sizes.out_channels + 3u) / 4u;
  let tile = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  let rows = sizes.batch * sizes.out_height * sizes.out_width;
  let row = tile / tiles * 4u;
  if (row >= rows) { return; }
  // Channels and pixels beyond the end are clamped to the last one, and not stored.
  let co = min(tile % tiles * 4u + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.out_channels - 1u));
  let pixel = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(rows - 1u));
  let n = pixel / (sizes.out_height * sizes.out_width);
  let top = vec4i(pixel / sizes.out_width % sizes.out_height * sizes.stride_height) - i32(sizes.pad_top);
  let left = vec4i(pixel % sizes.out_width * sizes.stride_width) - i32(sizes.pad_left);
  let height = vec4i(i32(sizes.in_height));
  let width = vec4i(i32(sizes.in_width));
  var sum: array<vec4f, 4>;
  for (var kh = 0u; kh < sizes.kernel_height; kh++) {
    for (var kw = 0u; kw < sizes.kernel_width; kw++) {
      let ih = top + i32(kh * sizes.dilation_height);
      let iw = left + i32(kw * sizes.dilation_width);
      let inside = (ih >= vec4i(0)) & (ih < height) & (iw >= vec4i(0)) & (iw < width);
      let at = select(vec4u(0u), ((n * sizes.in_height + vec4u(ih)) * sizes.in_width + vec4u(iw)) * sizes.in_channels, inside);
      let weight = (kh * sizes.kernel_width + kw) * sizes.in_channels;
      for (var ci = 0u; ci < sizes.in_channels; ci++) {
        let source = (weight + ci) * sizes.out_channels + co;
        let right = vec4f(vec4<${type}>(w[source.x], w[source.y], w[source.z], w[source.w]));
        let value = select(vec4f(0), vec4f(vec4<${type}>(x[at.x + ci], x[at.y + ci], x[at.z + ci], x[at.w + ci])), inside);
        sum[0] += value.x * right;
        sum[1] += value.y * right;
        sum[2] += value.z * right;
        sum[3] += value.w * right;
      }
    }
  }
  for (var r = 0u; r < min(4u, rows - row); r++) {
    let begin = (row + r) * sizes.out_channels + co.x;
    for (var s = 0u; s < min(4u, sizes.out_channels - co.x); s++) {
      y[begin + s] = epilogue(sum[r][s], begin + s);
    }
  }
}`,
    reference({ x, w, y, ...s }) {
      y.fill(0, 0, pixels(s) * s.out_channels);
      forEachProduct(s, (at, weight, out) => {
        y[out] += x[at] * w[weight];
      });
    },
  });

/** Defines the kernel of dx, the gradient of y = x * w with respect to x: a transposed convolution. */
const inputBackward = (type: OperandType) =>
  defineKernel({
    name: nameFor('conv2d_input_backward', type),
    f16: type === 'f16',
    reads: ['dy', 'w'],
    writes: ['dx'],
    sizes: convSizes,
    splits: convSplits.inputBackward,
    workgroups: (s) => ceilDivide(s.batch * s.in_height * s.in_width * ceilDivide(s.in_channels, 4), THREADS),
    cost: (s) => costOf(s, { x: 4, w: bytesEach(type), y: bytesEach(type) }),
    wgsl: wgsl`
${CONV_SIZES_STRUCT}
@group(0) @binding(0) var<storage, read> dy: array<${type}>;    // (batch, out_height, out_width, out_channels)
@group(0) @binding(1) var<storage, read> w: array<${type}>;     // (kernel_height, kernel_width, in_channels, out_channels)
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;  // (batch, in_height, in_width, in_channels)
@group(0) @binding(3) var<uniform> sizes: Sizes;
${epilogue('dx')}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let tiles = (sizes.in_channels + 3u) / 4u;
  let tile = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  let pixel = tile / tiles;
  if (pixel >= sizes.batch * sizes.in_height * sizes.in_width) { return; }
  let ci = min(tile % tiles * 4u + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.in_channels - 1u));
  let n = pixel / (sizes.in_height * sizes.in_width);
  let ih = pixel / sizes.in_width % sizes.in_height + sizes.pad_top;
  let iw = pixel % sizes.in_width + sizes.pad_left;
  var sum = vec4f();
  for (var kh = 0u; kh < sizes.kernel_height; kh++) {
    let up = kh * sizes.dilation_height;
    let oh = (ih - up) / sizes.stride_height;
    if (ih < up || (ih - up) % sizes.stride_height != 0u || oh >= sizes.out_height) { continue; }
    for (var kw = 0u; kw < sizes.kernel_width; kw++) {
      let back = kw * sizes.dilation_width;
      let ow = (iw - back) / sizes.stride_width;
      if (iw < back || (iw - back) % sizes.stride_width != 0u || ow >= sizes.out_width) { continue; }
      let source = ((n * sizes.out_height + oh) * sizes.out_width + ow) * sizes.out_channels;
      let weight = ((kh * sizes.kernel_width + kw) * sizes.in_channels + ci) * sizes.out_channels;
      for (var co = 0u; co < sizes.out_channels; co++) {
        let right = vec4f(vec4<${type}>(w[weight.x + co], w[weight.y + co], w[weight.z + co], w[weight.w + co]));
        sum += f32(dy[source + co]) * right;
      }
    }
  }
  let begin = pixel * sizes.in_channels + ci.x;
  for (var s = 0u; s < min(4u, sizes.in_channels - ci.x); s++) { dx[begin + s] = epilogue(sum[s], begin + s); }
}`,
    reference({ dy, w, dx, ...s }) {
      dx.fill(0, 0, inputSize(s));
      forEachProduct(s, (at, weight, out) => {
        dx[at] += dy[out] * w[weight];
      });
    },
  });

/**
 * Defines the kernel of dw, the gradient of y = x * w with respect to w. It sums over all pixels of a batch but has few
 * elements, so the rows of pixels (n, oh) are split into `chunks` of `chunk_length`, whose partial gradients (chunks,
 * window, out_channels) a second launch sums.
 */
const filterBackward = (type: OperandType) =>
  defineKernel({
    name: nameFor('conv2d_filter_backward', type),
    f16: type === 'f16',
    reads: ['x', 'dy'],
    writes: ['dw'],
    sizes: convSizes,
    splits: convSplits.filterBackward,
    workgroups: (s) => ceilDivide(s.chunks * ceilDivide(windowSize(s), 4) * ceilDivide(s.out_channels, 4), THREADS),
    cost: (s) => costOf(s, { x: bytesEach(type), w: 4, y: bytesEach(type) }),
    wgsl: wgsl`
${CONV_SIZES_STRUCT}
@group(0) @binding(0) var<storage, read> x: array<${type}>;     // (batch, in_height, in_width, in_channels)
@group(0) @binding(1) var<storage, read> dy: array<${type}>;    // (batch, out_height, out_width, out_channels)
@group(0) @binding(2) var<storage, read_write> dw: array<f32>;  // (chunks, kernel_height, kernel_width, in_channels, out_channels)
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let window_size = sizes.kernel_height * sizes.kernel_width * sizes.in_channels;
  let tiles_w = (window_size + 3u) / 4u;
  let tiles_c = (sizes.out_channels + 3u) / 4u;
  let tile = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  let chunk = tile / (tiles_w * tiles_c);
  if (chunk >= sizes.chunks) { return; }
  let row = tile / tiles_c % tiles_w * 4u;
  let window = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(window_size - 1u));
  let co = min(tile % tiles_c * 4u + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.out_channels - 1u));
  let ci = window % sizes.in_channels;
  let kw = vec4i(window / sizes.in_channels % sizes.kernel_width * sizes.dilation_width) - i32(sizes.pad_left);
  let kh = vec4i(window / (sizes.in_channels * sizes.kernel_width) * sizes.dilation_height) - i32(sizes.pad_top);
  var sum: array<vec4f, 4>;
  let end = min((chunk + 1u) * sizes.chunk_length, sizes.batch * sizes.out_height);
  for (var line = chunk * sizes.chunk_length; line < end; line++) {
    let n = line / sizes.out_height;
    let ih = i32(line % sizes.out_height * sizes.stride_height) + kh;
    let in_rows = (ih >= vec4i(0)) & (ih < vec4i(i32(sizes.in_height)));
    let line_at = (n * sizes.in_height + vec4u(ih)) * sizes.in_width;
    for (var ow = 0u; ow < sizes.out_width; ow++) {
      let iw = i32(ow * sizes.stride_width) + kw;
      let inside = in_rows & (iw >= vec4i(0)) & (iw < vec4i(i32(sizes.in_width)));
      let at = select(vec4u(0u), (line_at + vec4u(iw)) * sizes.in_channels + ci, inside);
      let left = select(vec4f(0), vec4f(vec4<${type}>(x[at.x], x[at.y], x[at.z], x[at.w])), inside);
      let source = (line * sizes.out_width + ow) * sizes.out_channels + co;
      let right = vec4f(vec4<${type}>(dy[source.x], dy[source.y], dy[source.z], dy[source.w]));
      sum[0] += left.x * right;
      sum[1] += left.y * right;
      sum[2] += left.z * right;
      sum[3] += left.w * right;
    }
  }
  for (var r = 0u; r < min(4u, window_size - row); r++) {
    let begin = (chunk * window_size + row + r) * sizes.out_channels + co.x;
    for (var s = 0u; s < min(4u, sizes.out_channels - co.x); s++) { dw[begin + s] = sum[r][s]; }
  }
}`,
    reference({ x, dy, dw, ...s }) {
      const size = windowSize(s) * s.out_channels;
      dw.fill(0, 0, s.chunks * size);
      forEachProduct(s, (at, weight, out) => {
        const line = Math.floor(out / (s.out_channels * s.out_width));
        dw[Math.floor(line / s.chunk_length) * size + weight] += x[at] * dy[out];
      });
    },
  });

/** Convolutions in one group, with 4 x 4 elements in the registers of each invocation. */
export const conv2dRegister = {
  forward: forward('f32'),
  inputBackward: inputBackward('f32'),
  filterBackward: filterBackward('f32'),
} as const;

/** The same convolutions for operands in half precision; results and sums are f32. */
export const conv2dF16 = {
  forward: forward('f16'),
  inputBackward: inputBackward('f16'),
  filterBackward: filterBackward('f16'),
} as const;
