import { bytesOf } from '../gpu/device.js';
import { toF16 } from '../gpu/f16.js';
import { ceilDivide, defineKernel, type Kernel, type Span, type Split, splitAlong } from '../gpu/kernel.js';
import { wgsl } from '../gpu/wgsl.js';

const THREADS = 64;

/** The number of axes of a strided copy, after merging adjacent axes. */
export const COPY_AXES = 5;

/** A multiple of this many elements of any type is a valid offset of a binding on every device. */
const ALIGNMENT = 128;

type CopySizes = Readonly<Record<string, number>>;

/** The sizes of the axes of a copy, outermost first. */
function axesOf({ count, size_1, size_2, size_3, size_4 }: CopySizes): number[] {
  const inner = [size_1, size_2, size_3, size_4];
  return [count / inner.reduce((product, size) => product * size, 1), ...inner];
}

/** Splits a copy along one of its axes; each part binds the span of memory that it touches on either side. */
function splitAxis(axis: number, width: number): Split<'x' | 'y', string> {
  return {
    parts: (sizes) => axesOf(sizes)[axis],
    launch(sizes, first, end) {
      const axes = axesOf(sizes);
      const size = axes[axis];
      axes[axis] = end - first;
      /** The span that the part touches on one side, and the offset of the copy in it. */
      const touched = (side: 'x' | 'y'): { span: Span; offset: number } => {
        const strides = axes.map((_, at) => sizes[`${side}_stride_${at}`]);
        const begin = sizes[`${side}_offset`] + first * strides[axis];
        const reach = (sign: 1 | -1) =>
          strides.reduce((sum, stride, at) => sum + (sign * stride > 0 ? stride * (axes[at] - 1) : 0), begin);
        const low = Math.floor((reach(-1) * width) / ALIGNMENT) * ALIGNMENT;
        // The padding makes parts of equal size bind equal lengths, whatever their offset.
        const length = (reach(1) + 1 - reach(-1)) * width + ALIGNMENT;
        return { span: { first: low, length }, offset: begin - low / width };
      };
      const [x, y] = [touched('x'), touched('y')];
      const count = (sizes.count / size) * axes[axis];
      const own = { count, x_offset: x.offset, y_offset: y.offset, ...(axis > 0 && { [`size_${axis}`]: axes[axis] }) };
      return { values: { ...sizes, ...own }, spans: { x: x.span, y: y.span } };
    },
  };
}

/** The WGSL type of the elements of a copy, whatever they represent. */
export type CopyElement = 'u32' | 'vec4u' | 'f16' | 'vec4h';

/** WGSL of the uniforms of a copy. */
export const COPY_SIZES = wgsl`
struct Sizes {
  count: u32, size_1: u32, size_2: u32, size_3: u32, size_4: u32, x_offset: i32, y_offset: i32,
  x_stride_0: i32, x_stride_1: i32, x_stride_2: i32, x_stride_3: i32, x_stride_4: i32,
  y_stride_0: i32, y_stride_1: i32, y_stride_2: i32, y_stride_3: i32, y_stride_4: i32,
}`;

/** The parts of a kernel's definition that all copies of such elements share. */
export function copyOf(element: CopyElement) {
  const width = element.startsWith('vec4') ? 4 : 1;
  const f16 = element === 'f16' || element === 'vec4h';
  return {
    f16,
    reads: ['x'],
    writes: ['y'],
    sizes: [
      ...['count', 'size_1', 'size_2', 'size_3', 'size_4', 'x_offset', 'y_offset'],
      ...['x_stride_0', 'x_stride_1', 'x_stride_2', 'x_stride_3', 'x_stride_4'],
      ...['y_stride_0', 'y_stride_1', 'y_stride_2', 'y_stride_3', 'y_stride_4'],
    ],
    splits: [0, 1, 2, 3, 4].map((axis) => splitAxis(axis, width)),
    cost: ({ count }: { readonly count: number }) => ({
      flops: 0,
      bytes: 2 * bytesOf(f16 ? 'f16' : 'u32', width * count),
    }),
    reference(given: object) {
      const { x, y } = given as unknown as { x: Float64Array; y: Float64Array };
      const size = given as unknown as Record<string, number>;
      for (let index = 0; index < size.count; index++) {
        let rest = index;
        let from = size.x_offset;
        let to = size.y_offset;
        for (let axis = COPY_AXES - 1; axis >= 0; axis--) {
          const i = axis === 0 ? rest : rest % size[`size_${axis}`];
          rest = axis === 0 ? 0 : Math.floor(rest / size[`size_${axis}`]);
          from += i * size[`x_stride_${axis}`];
          to += i * size[`y_stride_${axis}`];
        }
        for (let lane = 0; lane < width; lane++) y[to * width + lane] = x[from * width + lane];
      }
    },
  } as const;
}

/*
 * Copies between strided regions of x and y, which implement permute, slice, flip, concatenate and pad:
 *
 *   y[y_offset + Σ_d i_d·y_stride_d] = x[x_offset + Σ_d i_d·x_stride_d]    for all i within (size_0, ..., size_4)
 *
 * Elements are copied as u32, whatever their type, or as f16, and as scalars or vec4. Strides may be negative.
 */
const stridedCopy = (name: string, element: CopyElement): Kernel =>
  defineKernel({
    name,
    ...copyOf(element),
    workgroups: ({ count }) => ceilDivide(count, THREADS),
    wgsl: wgsl`
${COPY_SIZES}
@group(0) @binding(0) var<storage, read> x: array<${element}>;
@group(0) @binding(1) var<storage, read_write> y: array<${element}>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.count) { return; }
  let i4 = i32(index % sizes.size_4);
  var rest = index / sizes.size_4;
  let i3 = i32(rest % sizes.size_3);
  rest /= sizes.size_3;
  let i2 = i32(rest % sizes.size_2);
  rest /= sizes.size_2;
  let i1 = i32(rest % sizes.size_1);
  let i0 = i32(rest / sizes.size_1);
  let source = sizes.x_offset + i0 * sizes.x_stride_0 + i1 * sizes.x_stride_1 + i2 * sizes.x_stride_2
           + i3 * sizes.x_stride_3 + i4 * sizes.x_stride_4;
  let to = sizes.y_offset + i0 * sizes.y_stride_0 + i1 * sizes.y_stride_1 + i2 * sizes.y_stride_2
         + i3 * sizes.y_stride_3 + i4 * sizes.y_stride_4;
  y[to] = x[source];
}`,
  });

/** Strided copies of 32-bit elements. As vec4, sizes, offsets and strides count vec4, and innermost strides are 1. */
export const stridedCopies = {
  scalar: stridedCopy('strided_copy', 'u32'),
  vec4: stridedCopy('strided_copy_vec4', 'vec4u'),
} as const;

/** Strided copies of f16. */
export const stridedCopiesF16 = {
  scalar: stridedCopy('strided_copy_f16', 'f16'),
  vec4: stridedCopy('strided_copy_vec4_f16', 'vec4h'),
} as const;

/** The element type of a fill, as stored. */
export type FillType = 'f32' | 'i32' | 'u32' | 'f16';

/** WGSL of the uniforms of a fill; the value of an f16 is passed as f32. */
export const fillSizes = (type: FillType): string =>
  wgsl`struct Sizes { count: u32, value: ${type === 'f16' ? 'f32' : type} }`;

/** The parts of a kernel's definition that all fills share. */
export const fillOf = (type: FillType) =>
  ({
    f16: type === 'f16',
    writes: ['y'],
    sizes: ['count'],
    numbers: ['value'],
    splits: [splitAlong('count', () => ({ y: 1 }))],
    cost: ({ count }: { readonly count: number }) => ({ flops: 0, bytes: bytesOf(type, count) }),
    reference: ({ y, count, value }: { readonly y: Float64Array; readonly count: number; readonly value: number }) => {
      y.fill(type === 'f16' ? toF16(value) : value, 0, count);
    },
  }) as const;

const fill = (type: FillType): Kernel =>
  defineKernel({
    name: `fill_${type}`,
    ...fillOf(type),
    workgroups: ({ count }) => ceilDivide(count, 4 * THREADS),
    wgsl: wgsl`
${fillSizes(type)}
@group(0) @binding(0) var<storage, read_write> y: array<vec4<${type}>>;
@group(0) @binding(1) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  // Buffers are padded to a multiple of 4 elements, so the last vec4 may extend beyond the count.
  if (i < (sizes.count + 3u) / 4u) { y[i] = vec4<${type}>(${type}(sizes.value)); }
}`,
  });

/** Fills by element type; bool is stored as u32. */
export function fillsBy(fill: (type: FillType) => Kernel) {
  const u32 = fill('u32');
  return { f32: fill('f32'), i32: fill('i32'), u32, bool: u32, f16: fill('f16') } as const;
}

/** y[i] = value for i < count, one vec4 per invocation. */
export const fills = fillsBy(fill);
