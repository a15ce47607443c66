import { ceilDivide, defineKernel } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { typesOf } from '../elementwise/expression-wgsl.js';
import { SIGMOID, TANH } from '../elementwise/math.js';

/*
 * One step of an LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000) as one kernel. The
 * order of gates is i, f, g, o. `x_gates` holds x·W + b of all steps, computed by one product beforehand.
 *
 *   (i, f, g, o) = x_gates[t] + h[t]·U                i, f, o ← σ,  g ← tanh
 *   c[t+1] = f ⊙ c[t] + i ⊙ g
 *   h[t+1] = o ⊙ tanh(c[t+1])
 *
 * with x_gates and gates (time, batch, 4, hidden), U (hidden, 4, hidden), h and c (time + 1, batch, hidden) and mask
 * (time, batch). At a masked step, where mask[t] is 0, h and c are unchanged. All buffers hold the whole sequence, so
 * its launches differ in `step` alone, and nothing is copied in between.
 */
const THREADS = 64;

const sizes = ['step', 'batch', 'hidden_size'] as const;
type StepSizes = Readonly<Record<(typeof sizes)[number], number>>;

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export const forwardCost = ({ batch, hidden_size }: StepSizes) => ({
  flops: batch * hidden_size * (8 * hidden_size + 40),
  bytes: 4 * (4 * hidden_size * hidden_size + batch * (12 * hidden_size + 1)),
});

export interface ForwardBuffers
  extends Record<'x_gates' | 'recurrent' | 'mask' | 'hidden' | 'cells' | 'gates', Float64Array> {}

export function forwardReference(given: ForwardBuffers & StepSizes): void {
  const { x_gates, recurrent, mask, hidden, cells, gates, step, batch, hidden_size: size } = given;
  for (let b = 0; b < batch; b++) {
    const row = step * batch + b;
    for (let j = 0; j < size; j++) {
      const [i, f, g, o] = [0, 1, 2, 3].map((gate) => {
        let sum = x_gates[(row * 4 + gate) * size + j];
        for (let k = 0; k < size; k++) sum += hidden[row * size + k] * recurrent[(k * 4 + gate) * size + j];
        return gate === 2 ? Math.tanh(sum) : sigmoid(sum);
      });
      [i, f, g, o].forEach((value, gate) => {
        gates[(row * 4 + gate) * size + j] = value;
      });
      const next = (row + batch) * size + j;
      const cell = f * cells[row * size + j] + i * g;
      const kept = mask[row] !== 0;
      cells[next] = kept ? cell : cells[row * size + j];
      hidden[next] = kept ? o * Math.tanh(cell) : hidden[row * size + j];
    }
  }
}

export const forwardHead = (type: 'f32' | 'vec4f', first: 'step' | 'time' = 'step') => wgsl`
struct Sizes { ${first}: u32, batch: u32, hidden_size: u32 }
@group(0) @binding(0) var<storage, read> x_gates: array<${type}>;       // (time, batch, 4, hidden)
@group(0) @binding(1) var<storage, read> recurrent: array<${type}>;     // (hidden, 4, hidden)
@group(0) @binding(2) var<storage, read> mask: array<f32>;              // (time, batch)
@group(0) @binding(3) var<storage, read_write> hidden: array<${type}>;  // (time + 1, batch, hidden)
@group(0) @binding(4) var<storage, read_write> cells: array<${type}>;   // (time + 1, batch, hidden)
@group(0) @binding(5) var<storage, read_write> gates: array<${type}>;   // (time, batch, 4, hidden), after σ and tanh
@group(0) @binding(6) var<uniform> sizes: Sizes;

${typesOf(type === 'vec4f', false)}
${[...new Set([...SIGMOID, ...TANH])].join('\n')}

/** Computes gates, c and h of element j of a row; \`size\` is the number of elements per row of hidden units. */
fn finish(row: u32, j: u32, size: u32, sum_i: ${type}, sum_f: ${type}, sum_g: ${type}, sum_o: ${type}) {
  let at = row * 4u * size + j;
  let i = sigmoid_of(sum_i + x_gates[at]);
  let f = sigmoid_of(sum_f + x_gates[at + size]);
  let g = tanh_of(sum_g + x_gates[at + 2u * size]);
  let o = sigmoid_of(sum_o + x_gates[at + 3u * size]);
  gates[at] = i;
  gates[at + size] = f;
  gates[at + 2u * size] = g;
  gates[at + 3u * size] = o;
  let before = row * size + j;
  let next = before + sizes.batch * size;
  let cell = f * cells[before] + i * g;
  let kept = mask[row] != 0.0;
  cells[next] = select(cells[before], cell, kept);
  hidden[next] = select(hidden[before], o * tanh_of(cell), kept);
}`;

/** One step of an LSTM, with one unit of one sample per invocation. */
export const lstmCell = defineKernel({
  name: 'lstm_cell',
  reads: ['x_gates', 'recurrent', 'mask'],
  updates: ['hidden', 'cells'],
  writes: ['gates'],
  sizes,
  workgroups: ({ batch, hidden_size }) => ceilDivide(batch * hidden_size, THREADS),
  cost: forwardCost,
  wgsl: wgsl`${forwardHead('f32')}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let size = sizes.hidden_size;
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.batch * size) { return; }
  let j = index % size;
  let row = sizes.step * sizes.batch + index / size;
  var sum = vec4f();
  for (var k = 0u; k < size; k++) {
    let u = k * 4u * size + j;
    sum += hidden[row * size + k] * vec4f(recurrent[u], recurrent[u + size], recurrent[u + 2u * size], recurrent[u + 3u * size]);
  }
  finish(row, j, size, sum.x, sum.y, sum.z, sum.w);
}`,
  reference: forwardReference,
});

/** One step of an LSTM, with four samples by four units per invocation; the hidden size is a multiple of 4. */
export const lstmCellVec4 = defineKernel({
  name: 'lstm_cell_vec4',
  reads: ['x_gates', 'recurrent', 'mask'],
  updates: ['hidden', 'cells'],
  writes: ['gates'],
  sizes,
  workgroups: ({ batch, hidden_size }) => ceilDivide(ceilDivide(batch, 4) * (hidden_size / 4), THREADS),
  cost: forwardCost,
  wgsl: wgsl`${forwardHead('vec4f')}

/** Σ_k h[k]·U[k] of one gate; columns are samples, rows are units. */
fn recurrent_sum(rows: vec4u, u: u32, vectors: u32) -> mat4x4f {
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var k = 0u; k < vectors; k++) {
    let at = u + k * 16u * vectors;
    let units = mat4x4f(recurrent[at], recurrent[at + 4u * vectors], recurrent[at + 8u * vectors], recurrent[at + 12u * vectors]);
    sum0 += units * hidden[rows.x + k];
    sum1 += units * hidden[rows.y + k];
    sum2 += units * hidden[rows.z + k];
    sum3 += units * hidden[rows.w + k];
  }
  return mat4x4f(sum0, sum1, sum2, sum3);
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let vectors = sizes.hidden_size / 4u;  // vec4 per row of units
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  let first = index / vectors * 4u;
  if (first >= sizes.batch) { return; }
  let j = index % vectors;
  let row = sizes.step * sizes.batch + first;
  // Samples beyond the end of the batch are clamped to the last one, and not stored.
  let rows = (row + min(vec4u(0u, 1u, 2u, 3u), vec4u(sizes.batch - 1u - first))) * vectors;
  let i = recurrent_sum(rows, j, vectors);
  let f = recurrent_sum(rows, j + vectors, vectors);
  let g = recurrent_sum(rows, j + 2u * vectors, vectors);
  let o = recurrent_sum(rows, j + 3u * vectors, vectors);
  finish(row, j, vectors, i[0], f[0], g[0], o[0]);
  if (first + 1u < sizes.batch) { finish(row + 1u, j, vectors, i[1], f[1], g[1], o[1]); }
  if (first + 2u < sizes.batch) { finish(row + 2u, j, vectors, i[2], f[2], g[2], o[2]); }
  if (first + 3u < sizes.batch) { finish(row + 3u, j, vectors, i[3], f[3], g[3], o[3]); }
}`,
  reference: forwardReference,
});

const LINES = 16; // samples per workgroup
const LANES = 8; // lanes that share them

/**
 * One step of an LSTM, with the four gates of one unit of 16 samples per invocation. It loads its own weights; each
 * lane loads the hidden states of other samples, and broadcasts them by a shuffle, for subgroups of at least eight
 * lanes.
 */
export const lstmCellSubgroup = defineKernel({
  name: 'lstm_cell_subgroup',
  reads: ['x_gates', 'recurrent', 'mask'],
  updates: ['hidden', 'cells'],
  writes: ['gates'],
  sizes,
  subgroupLanes: LANES,
  workgroups: ({ batch, hidden_size }) => ceilDivide(batch, LINES) * ceilDivide(hidden_size, LANES),
  cost: forwardCost,
  wgsl: wgsl`${forwardHead('f32')}
const LINES = ${LINES}u;
const LANES = ${LANES}u;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32, @builtin(subgroup_invocation_id) in_subgroup: u32) {
  let size = sizes.hidden_size;
  let lane = in_subgroup % LANES;
  let tiles = (size + LANES - 1u) / LANES;
  let tile = group.y * groups.x + group.x;
  let first = tile / tiles * LINES;
  if (first >= sizes.batch) { return; }
  let unit = tile % tiles * LANES + thread;
  let j = min(unit, size - 1u);
  let row = sizes.step * sizes.batch + first;
  // Samples beyond the end of the batch are clamped to the last one, and not stored.
  let lines = min(LINES, sizes.batch - first);
  var sum: array<vec4f, LINES>;  // gates
  for (var k = 0u; k < size; k += 4u) {
    var weights: mat4x4f;  // gates by four steps of k
    for (var q = 0u; q < 4u; q++) {
      let u = min(k + q, size - 1u) * 4u * size + j;
      let gates = vec4f(recurrent[u], recurrent[u + size], recurrent[u + 2u * size], recurrent[u + 3u * size]);
      weights[q] = select(vec4f(), gates, k + q < size);
    }
    for (var line = 0u; line < LINES; line += LANES) {
      let own = (row + min(line + lane, lines - 1u)) * size;
      var states: vec4f;
      for (var q = 0u; q < 4u; q++) { states[q] = hidden[own + min(k + q, size - 1u)]; }
      for (var l = 0u; l < LANES; l++) { sum[line + l] += weights * subgroupShuffle(states, l); }
    }
  }
  if (unit >= size) { return; }
  for (var line = 0u; line < LINES; line++) {
    if (line < lines) { finish(row + line, j, size, sum[line].x, sum[line].y, sum[line].z, sum[line].w); }
  }
}`,
  reference: forwardReference,
});
