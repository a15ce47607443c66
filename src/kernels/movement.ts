import { bytesOf } from '../gpu/device.js';
import { toF16 } from '../gpu/f16.js';
import { ceilDivide, defineKernel, type Kernel, type Span, type Split, splitAlong } from '../gpu/kernel.js';
import { wgsl } from '../gpu/wgsl.js';

const THREADS = 64;

/** How many axes a strided copy can walk, after neighbouring axes have been merged. */
export const COPY_AXES = 5;

/** On every device a binding may begin at a multiple of this many elements, whatever their type. */
const ALIGNED = 128;

type Places = Readonly<Record<string, number>>;

/** Sizes of the axes of a copy, the outermost first. */
function axesOf({ count, size_1, size_2, size_3, size_4 }: Places): number[] {
  const inner = [size_1, size_2, size_3, size_4];
  return [count / inner.reduce((product, size) => product * size, 1), ...inner];
}

/** Splits a copy along one of its axes: what the part touches on either side begins and ends somewhere in memory. */
function splitAxis(axis: number, width: number): Split<'x' | 'y', string> {
  return {
    parts: (places) => axesOf(places)[axis],
    launch(places, first, end) {
      const axes = axesOf(places);
      const size = axes[axis];
      axes[axis] = end - first;
      /** The span that is touched on one side, and where the copy begins in it. */
      const touched = (side: 'x' | 'y'): { span: Span; offset: number } => {
        const strides = axes.map((_, at) => places[`${side}_stride_${at}`]);
        const begin = places[`${side}_offset`] + first * strides[axis];
        const reach = (sign: 1 | -1) =>
          strides.reduce((sum, stride, at) => sum + (sign * stride > 0 ? stride * (axes[at] - 1) : 0), begin);
        const low = Math.floor((reach(-1) * width) / ALIGNED) * ALIGNED;
        // All parts of a size ask for as much, wherever they begin.
        const length = (reach(1) + 1 - reach(-1)) * width + ALIGNED;
        return { span: { first: low, length }, offset: begin - low / width };
      };
      const [x, y] = [touched('x'), touched('y')];
      const count = (places.count / size) * axes[axis];
      const own = { count, x_offset: x.offset, y_offset: y.offset, ...(axis > 0 && { [`size_${axis}`]: axes[axis] }) };
      return { values: { ...places, ...own }, spans: { x: x.span, y: y.span } };
    },
  };
}

/*
 * Copies between two strided regions, which is all of permute, slice, flip, concatenate and pad:
 *
 *   y[y_offset + Σ_d i_d·y_stride_d] = x[x_offset + Σ_d i_d·x_stride_d]    for all i within (size_0, ..., size_4)
 *
 * Elements are moved as 32 bits, whatever they mean, or as f16; one at a time or as vec4. Strides may be negative.
 */
function stridedCopy(name: string, element: 'u32' | 'vec4u' | 'f16' | 'vec4h', run: number): Kernel {
  const width = element.startsWith('vec4') ? 4 : 1;
  const f16 = element === 'f16' || element === 'vec4h';
  return defineKernel({
    ...{ name, f16 },
    reads: ['x'],
    writes: ['y'],
    sizes: [
      ...['count', 'size_1', 'size_2', 'size_3', 'size_4', 'x_offset', 'y_offset'],
      ...['x_stride_0', 'x_stride_1', 'x_stride_2', 'x_stride_3', 'x_stride_4'],
      ...['y_stride_0', 'y_stride_1', 'y_stride_2', 'y_stride_3', 'y_stride_4'],
    ],
    splits: [0, 1, 2, 3, 4].map((axis) => splitAxis(axis, width)),
    workgroups: ({ count, size_4 }) =>
      count === 0 ? 0 : ceilDivide((count / size_4) * ceilDivide(size_4, run), THREADS),
    cost: ({ count }) => ({ flops: 0, bytes: 2 * bytesOf(f16 ? 'f16' : 'u32', width * count) }),
    wgsl: wgsl`
struct Sizes {
  count: u32, size_1: u32, size_2: u32, size_3: u32, size_4: u32, x_offset: i32, y_offset: i32,
  x_stride_0: i32, x_stride_1: i32, x_stride_2: i32, x_stride_3: i32, x_stride_4: i32,
  y_stride_0: i32, y_stride_1: i32, y_stride_2: i32, y_stride_3: i32, y_stride_4: i32,
}
@group(0) @binding(0) var<storage, read> x: array<${element}>;
@group(0) @binding(1) var<storage, read_write> y: array<${element}>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  let runs = (sizes.size_4 + ${run - 1}u) / ${run}u;  // along the last axis
  if (index >= sizes.count / sizes.size_4 * runs) { return; }
  let i4 = i32(index % runs * ${run}u);
  var rest = index / runs;
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
  for (var r = 0; r < min(${run}, i32(sizes.size_4) - i4); r++) {
    y[to + r * sizes.y_stride_4] = x[source + r * sizes.x_stride_4];
  }
}`,
    reference(given) {
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
  });
}

/**
 * By how many an invocation moves (see `runLength`), and whether one at a time or as vec4: there all sizes, offsets and strides
 * count vec4 of elements, and both innermost strides are 1.
 */
export const stridedCopies = {
  1: { scalar: stridedCopy('strided_copy', 'u32', 1), vec4: stridedCopy('strided_copy_vec4', 'vec4u', 1) },
  4: {
    scalar: stridedCopy('strided_copy_software', 'u32', 4),
    vec4: stridedCopy('strided_copy_fours_software', 'vec4u', 4),
  },
} as const;

/** The same for f16. */
export const stridedCopiesF16 = {
  1: { scalar: stridedCopy('strided_copy_f16', 'f16', 1), vec4: stridedCopy('strided_copy_fours_f16', 'vec4h', 1) },
  4: {
    scalar: stridedCopy('strided_copy_f16_software', 'f16', 4),
    vec4: stridedCopy('strided_copy_fours_f16_software', 'vec4h', 4),
  },
} as const;

function fill(name: string, type: 'f32' | 'i32' | 'u32' | 'f16', run: number): Kernel {
  const number = type === 'f16' ? 'f32' : type; // as uniforms have it
  return defineKernel({
    ...{ name: `${name}_${type}`, f16: type === 'f16' },
    writes: ['y'],
    sizes: ['count'],
    numbers: ['value'],
    splits: [splitAlong('count', () => ({ y: 1 }))],
    workgroups: ({ count }) => ceilDivide(count, 4 * run * THREADS),
    cost: ({ count }) => ({ flops: 0, bytes: bytesOf(type, count) }),
    wgsl: wgsl`
struct Sizes { count: u32, value: ${number} }
@group(0) @binding(0) var<storage, read_write> y: array<vec4<${type}>>;
@group(0) @binding(1) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let first = ((group.y * groups.x + group.x) * ${THREADS}u + thread) * ${run}u;
  // Buffers are whole vec4, so the last one may reach beyond the count.
  let end = min(first + ${run}u, (sizes.count + 3u) / 4u);
  for (var i = first; i < end; i++) { y[i] = vec4<${type}>(${type}(sizes.value)); }
}`,
    reference: ({ y, count, value }) => {
      y.fill(type === 'f16' ? toF16(value) : value, 0, count);
    },
  });
}

const fillsOf = (name: string, run: number) => {
  const u32 = fill(name, 'u32', run);
  return { f32: fill(name, 'f32', run), i32: fill(name, 'i32', run), u32, bool: u32, f16: fill(name, 'f16', run) };
};

/** y[i] = value for i < count, by how many vec4 (see `runLength`) and the type of the elements; bool is stored as u32. */
export const fills = { 1: fillsOf('fill', 1), 4: fillsOf('fill_software', 4) } as const;
