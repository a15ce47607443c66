import { ceilDivide, defineKernel, splitAlong } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { NOT_A_NUMBER } from '../reduce/nan.js';
import { rowKernels } from './row-kernels.js';
import { rowStatistics, statistics } from './softmax.js';

/*
 * Cross-entropy of logits x (rows, cols) and class labels (rows), and its gradient:
 *
 *   loss[r] = log Σ_k exp(x[r,k]) - x[r, label[r]]
 *   dx[r,c] = dloss[r] · (softmax(x)[r,c] - [c = label[r]])
 *
 * The logarithm of a softmax is never taken, so nothing overflows, and tiny probabilities lose no precision. The
 * forward kernel stores `maximum`, max_k x[r,k], and `sums`, Σ_k exp(x[r,k] - maximum[r]), so that the gradient needs
 * no reduction. They are not combined into the logsumexp, because its second term would be rounded away beside a large
 * maximum. A label that is no class makes loss and gradient NaN.
 */
const THREADS = 64;

/** loss = log Σ exp(x) - x[label], and the maximum and the sum of exponentials, of each row. */
export const crossEntropyForward = rowKernels(({ suffix, subgroupLanes, element, wgsl: reduction }) =>
  defineKernel({
    name: `cross_entropy${suffix}`,
    reads: ['logits', 'labels'],
    writes: ['loss', 'maximum', 'sums'],
    sizes: ['rows', 'cols'],
    splits: [splitAlong('rows', ({ cols }) => ({ logits: cols, labels: 1, loss: 1, maximum: 1, sums: 1 }))],
    subgroupLanes,
    workgroups: ({ rows }) => rows,
    cost: ({ rows, cols }) => ({ flops: 7 * rows * cols, bytes: 4 * rows * (cols + 4) }),
    wgsl: wgsl`
struct Sizes { rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> logits: array<${element}>;  // (rows, cols)
@group(0) @binding(1) var<storage, read> labels: array<i32>;         // (rows)
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;     // (rows)
@group(0) @binding(3) var<storage, read_write> maximum: array<f32>;  // (rows)
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;     // (rows)
@group(0) @binding(5) var<uniform> sizes: Sizes;
${reduction}
${NOT_A_NUMBER}
${rowStatistics('logits')}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x; // dispatches of more than 65,535 workgroups extend into y
  if (row >= sizes.rows) { return; }
  let begin = row * (sizes.cols / WIDTH);
  let end = begin + sizes.cols / WIDTH;
  let own = row_statistics(row, begin, end, thread);
  if (thread == 0u) {
    let label = u32(labels[row]); // a negative label becomes larger than any class
    let is_class = label < sizes.cols;
    let at = select(0u, label, is_class);
    let score = pick(logits[begin + at / WIDTH], at % WIDTH);
    loss[row] = select(not_a_number(row), (own.maximum - score) + log(own.sum), is_class);
    maximum[row] = own.maximum;
    sums[row] = own.sum;
  }
}`,
    reference({ logits, labels, loss, maximum, sums, rows, cols }) {
      for (let r = 0; r < rows; r++) {
        const own = statistics(logits.subarray(r * cols, (r + 1) * cols));
        const isClass = labels[r] >= 0 && labels[r] < cols;
        loss[r] = isClass ? own.shift - logits[r * cols + labels[r]] + Math.log(own.total) : Number.NaN;
        maximum[r] = own.shift;
        sums[r] = own.total;
      }
    },
  }),
);

/**
 * dx = dloss · (softmax(x) - one-hot(label)); 0 where dloss is 0, so that masked rows have no gradient, even if it is
 * NaN.
 */
export const crossEntropyBackward = defineKernel({
  name: 'cross_entropy_backward',
  reads: ['logits', 'labels', 'maximum', 'sums', 'dloss'],
  writes: ['dlogits'],
  sizes: ['rows', 'cols'],
  splits: [
    splitAlong('rows', ({ cols }) => ({ logits: cols, labels: 1, maximum: 1, sums: 1, dloss: 1, dlogits: cols })),
  ],
  workgroups: ({ rows, cols }) => ceilDivide(rows * cols, THREADS),
  cost: ({ rows, cols }) => ({ flops: 7 * rows * cols, bytes: 4 * rows * (2 * cols + 4) }),
  wgsl: wgsl`
struct Sizes { rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;         // (rows, cols)
@group(0) @binding(1) var<storage, read> labels: array<i32>;         // (rows)
@group(0) @binding(2) var<storage, read> maximum: array<f32>;        // (rows)
@group(0) @binding(3) var<storage, read> sums: array<f32>;           // (rows)
@group(0) @binding(4) var<storage, read> dloss: array<f32>;          // (rows)
@group(0) @binding(5) var<storage, read_write> dlogits: array<f32>;  // (rows, cols)
@group(0) @binding(6) var<uniform> sizes: Sizes;

${NOT_A_NUMBER}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.rows * sizes.cols) { return; }
  let row = index / sizes.cols;
  let label = u32(labels[row]); // a negative label becomes larger than any class
  let hit = select(not_a_number(row), f32(index % sizes.cols == label), label < sizes.cols);
  let gradient = exp(logits[index] - maximum[row]) / sums[row] - hit;
  dlogits[index] = select(dloss[row] * gradient, 0.0, dloss[row] == 0.0);
}`,
  reference({ logits, labels, maximum, sums, dloss, dlogits, rows, cols }) {
    for (let index = 0; index < rows * cols; index++) {
      const row = Math.floor(index / cols);
      const isClass = labels[row] >= 0 && labels[row] < cols;
      const hit = isClass ? Number(index % cols === labels[row]) : Number.NaN;
      const gradient = Math.exp(logits[index] - maximum[row]) / sums[row] - hit;
      dlogits[index] = dloss[row] === 0 ? 0 : dloss[row] * gradient;
    }
  },
});
