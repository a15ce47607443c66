import { ceilDivide, cutAlong, defineKernel } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { ROW_HEAD, rowKernels } from './row-kernels.js';
import { rowStatistics, statistics } from './softmax.js';

/*
 * Cross-entropy of class labels, straight from logits, and its gradient:
 *
 *   loss[r] = log Σ_k exp(x[r,k]) - x[r, label[r]]
 *   dx[r,c] = dloss[r] · (softmax(x)[r,c] - [c = label[r]])
 *
 * The softmax never meets a logarithm, so nothing overflows and nothing is lost where a probability is tiny. Beside
 * the loss the forward kernel keeps log Σ_k exp(x[r,k]) of every row, so that the gradient needs no reduction.
 */
const THREADS = 64;

/** loss = ln Σ e^x - x[label] for each row. */
export const crossEntropyForward = rowKernels(({ suffix, subgroupLanes, element, wgsl: team }) =>
  defineKernel({
    name: `cross_entropy${suffix}`,
    reads: ['logits', 'labels'],
    writes: ['loss', 'normalizer'],
    sizes: ['rows', 'cols'],
    cuts: [cutAlong('rows', ({ cols }) => ({ logits: cols, labels: 1, loss: 1, normalizer: 1 }))],
    subgroupLanes,
    workgroups: ({ rows }) => rows,
    cost: ({ rows, cols }) => ({ flops: 7 * rows * cols, bytes: 4 * rows * (cols + 3) }),
    wgsl: wgsl`
struct Sizes { rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> logits: array<${element}>;     // (rows, cols)
@group(0) @binding(1) var<storage, read> labels: array<i32>;            // (rows)
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;        // (rows)
@group(0) @binding(3) var<storage, read_write> normalizer: array<f32>;  // (rows)
@group(0) @binding(4) var<uniform> sizes: Sizes;
${team}
${ROW_HEAD}
${rowStatistics('logits')}
  if (thread == 0u) {
    let label = u32(labels[row]);
    normalizer[row] = shift + log(total);
    loss[row] = (shift - pick(logits[begin + label / WIDTH], label % WIDTH)) + log(total);
  }
}`,
    reference({ logits, labels, loss, normalizer, rows, cols }) {
      for (let r = 0; r < rows; r++) {
        const { shift, total } = statistics(logits.subarray(r * cols, (r + 1) * cols));
        normalizer[r] = shift + Math.log(total);
        loss[r] = normalizer[r] - logits[r * cols + labels[r]];
      }
    },
  }),
);

/** dx = dloss · (softmax(x) - one-hot(label)). */
export const crossEntropyBackward = defineKernel({
  name: 'cross_entropy_backward',
  reads: ['logits', 'labels', 'normalizer', 'dloss'],
  writes: ['dlogits'],
  sizes: ['rows', 'cols'],
  cuts: [cutAlong('rows', ({ cols }) => ({ logits: cols, labels: 1, normalizer: 1, dloss: 1, dlogits: cols }))],
  workgroups: ({ rows, cols }) => ceilDivide(rows * cols, THREADS),
  cost: ({ rows, cols }) => ({ flops: 7 * rows * cols, bytes: 4 * rows * (2 * cols + 3) }),
  wgsl: wgsl`
struct Sizes { rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;         // (rows, cols)
@group(0) @binding(1) var<storage, read> labels: array<i32>;         // (rows)
@group(0) @binding(2) var<storage, read> normalizer: array<f32>;     // (rows)
@group(0) @binding(3) var<storage, read> dloss: array<f32>;          // (rows)
@group(0) @binding(4) var<storage, read_write> dlogits: array<f32>;  // (rows, cols)
@group(0) @binding(5) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.rows * sizes.cols) { return; }
  let row = index / sizes.cols;
  let hit = f32(i32(index % sizes.cols) == labels[row]);
  dlogits[index] = dloss[row] * (exp(logits[index] - normalizer[row]) - hit);
}`,
  reference({ logits, labels, normalizer, dloss, dlogits, rows, cols }) {
    for (let index = 0; index < rows * cols; index++) {
      const row = Math.floor(index / cols);
      const hit = index % cols === labels[row] ? 1 : 0;
      dlogits[index] = dloss[row] * (Math.exp(logits[index] - normalizer[row]) - hit);
    }
  },
});
