import { ceilDivide, defineKernel, type Kernel } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { composedBody, composedHead, composedLength, composedOf } from './compose.js';
import type { Expression } from './expression.js';
import { canVectorize } from './expression-wgsl.js';

const THREADS = 64;
const RUN = 4;

/**
 * Composes the kernel of an expression for software adapters: an invocation computes several adjacent elements, or
 * vec4, because starting an invocation costs as much as a few loads.
 */
export const composeElementwiseCpu = (expression: Expression): Kernel =>
  defineKernel({
    ...composedOf(expression),
    workgroups: ({ count }) => ceilDivide(count, (canVectorize(expression) ? 4 : 1) * RUN * THREADS),
    wgsl: wgsl`
${composedHead(expression)}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let first = ((group.y * groups.x + group.x) * ${THREADS}u + thread) * ${RUN}u;
  let end = min(first + ${RUN}u, ${composedLength(expression)});
  for (var i = first; i < end; i++) {
${composedBody(expression)}
  }
}`,
  });
