import { ceilDivide, defineKernel, type Kernel } from '../gpu/kernel.js';
import { wgsl } from '../gpu/wgsl.js';
import { COPY_SIZES, type CopyElement, copyOf, type FillType, fillOf, fillSizes, fillsBy } from './movement.js';

/*
 * The copies and fills of movement.ts for software adapters: an invocation takes several adjacent elements of the last
 * axis, because starting an invocation costs as much as a few loads.
 */
const THREADS = 64;
const RUN = 4;

const stridedCopy = (name: string, element: CopyElement): Kernel =>
  defineKernel({
    name,
    ...copyOf(element),
    workgroups: ({ count, size_4 }) =>
      count === 0 ? 0 : ceilDivide((count / size_4) * ceilDivide(size_4, RUN), THREADS),
    wgsl: wgsl`
${COPY_SIZES}
@group(0) @binding(0) var<storage, read> x: array<${element}>;
@group(0) @binding(1) var<storage, read_write> y: array<${element}>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  let runs = (sizes.size_4 + ${RUN - 1}u) / ${RUN}u;  // along the last axis
  if (index >= sizes.count / sizes.size_4 * runs) { return; }
  let i4 = i32(index % runs * ${RUN}u);
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
  for (var r = 0; r < min(${RUN}, i32(sizes.size_4) - i4); r++) {
    y[to + r * sizes.y_stride_4] = x[source + r * sizes.x_stride_4];
  }
}`,
  });

/** Strided copies of elements of 32 bits; see `stridedCopies`. */
export const stridedCopiesCpu = {
  scalar: stridedCopy('strided_copy_cpu', 'u32'),
  vec4: stridedCopy('strided_copy_vec4_cpu', 'vec4u'),
} as const;

/** Strided copies of f16. */
export const stridedCopiesF16Cpu = {
  scalar: stridedCopy('strided_copy_f16_cpu', 'f16'),
  vec4: stridedCopy('strided_copy_vec4_f16_cpu', 'vec4h'),
} as const;

const fill = (type: FillType): Kernel =>
  defineKernel({
    name: `fill_cpu_${type}`,
    ...fillOf(type),
    workgroups: ({ count }) => ceilDivide(count, 4 * RUN * THREADS),
    wgsl: wgsl`
${fillSizes(type)}
@group(0) @binding(0) var<storage, read_write> y: array<vec4<${type}>>;
@group(0) @binding(1) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let first = ((group.y * groups.x + group.x) * ${THREADS}u + thread) * ${RUN}u;
  // Buffers are padded to a multiple of 4 elements, so the last vec4 may extend beyond the count.
  let end = min(first + ${RUN}u, (sizes.count + 3u) / 4u);
  for (var i = first; i < end; i++) { y[i] = vec4<${type}>(${type}(sizes.value)); }
}`,
  });

/** y[i] = value for i < count; see `fills`. */
export const fillsCpu = fillsBy(fill);
