import { ceilDivide, defineKernel } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { typesOf } from '../elementwise/expression-wgsl.js';
import { TANH } from '../elementwise/math.js';

/*
 * The gradient of one step of an LSTM, whose equations and buffers are those of step.ts; gradients have the shapes of
 * their values. Launches run from step = time down to 0. With s the step,
 *
 *   dh[s] = dhidden[s] + dgates[s]·Uᵀ + (1 - mask[s]) ⊙ dh[s+1]       (only dhidden[s] where s = time)
 *
 * and, where s > 0, for the step t = s-1 that made h[s] and c[s]:
 *
 *   dc ← dc + dcells[s];      dct = dc + dh[s] ⊙ o ⊙ (1 - tanh²c[s])
 *   dgates[t] = (dct⊙g⊙i(1-i), dct⊙c[t]⊙f(1-f), dct⊙i⊙(1-g²), dh[s]⊙tanh c[s]⊙o(1-o))
 *   dc ← dct ⊙ f
 *
 * At a masked step dgates is 0 and dc is unchanged. The last launch leaves the gradients of the initial state in dh[0]
 * and dc.
 */
const THREADS = 64;

const sizes = ['step', 'time', 'batch', 'hidden_size'] as const;
type StepSizes = Readonly<Record<(typeof sizes)[number], number>>;

export const backwardCost = ({ batch, hidden_size }: StepSizes) => ({
  flops: batch * hidden_size * (8 * hidden_size + 30),
  bytes: 4 * (4 * hidden_size * hidden_size + batch * (18 * hidden_size + 2)),
});

interface Buffers
  extends Record<
    'recurrent' | 'gates' | 'cells' | 'mask' | 'dhidden' | 'dcells' | 'dgates' | 'dh' | 'dc',
    Float64Array
  > {}

export function backwardReference(given: Buffers & StepSizes): void {
  const {
    recurrent,
    gates,
    cells,
    mask,
    dhidden,
    dcells,
    dgates,
    dh,
    dc,
    step,
    time,
    batch,
    hidden_size: size,
  } = given;
  for (let b = 0; b < batch; b++) {
    const row = step * batch + b;
    for (let j = 0; j < size; j++) {
      const at = row * size + j;
      let total = dhidden[at];
      if (step < time) {
        for (let k = 0; k < 4 * size; k++) total += dgates[row * 4 * size + k] * recurrent[j * 4 * size + k];
        if (mask[row] === 0) total += dh[at + batch * size];
      }
      dh[at] = total;
    }
    if (step === 0) continue;
    const before = row - batch;
    for (let j = 0; j < size; j++) {
      const at = row * size + j;
      const gate = (index: number) => (before * 4 + index) * size + j;
      const [i, f, g, o] = [0, 1, 2, 3].map((index) => gates[gate(index)]);
      const carried = (step < time ? dc[b * size + j] : 0) + dcells[at];
      const kept = mask[before] !== 0;
      const tanhCell = Math.tanh(cells[at]);
      const dct = carried + dh[at] * o * (1 - tanhCell ** 2);
      dgates[gate(0)] = kept ? dct * g * i * (1 - i) : 0;
      dgates[gate(1)] = kept ? dct * cells[before * size + j] * f * (1 - f) : 0;
      dgates[gate(2)] = kept ? dct * i * (1 - g ** 2) : 0;
      dgates[gate(3)] = kept ? dh[at] * tanhCell * o * (1 - o) : 0;
      dc[b * size + j] = kept ? dct * f : carried;
    }
  }
}

export const backwardHead = (type: 'f32' | 'vec4f', first: 'step: u32, ' | '' = 'step: u32, ') => wgsl`
struct Sizes { ${first}time: u32, batch: u32, hidden_size: u32 }
@group(0) @binding(0) var<storage, read> recurrent: array<${type}>;     // (hidden, 4, hidden)
@group(0) @binding(1) var<storage, read> gates: array<${type}>;         // (time, batch, 4, hidden)
@group(0) @binding(2) var<storage, read> cells: array<${type}>;         // (time + 1, batch, hidden)
@group(0) @binding(3) var<storage, read> mask: array<f32>;              // (time, batch)
@group(0) @binding(4) var<storage, read> dhidden: array<${type}>;       // (time + 1, batch, hidden)
@group(0) @binding(5) var<storage, read> dcells: array<${type}>;        // (time + 1, batch, hidden)
@group(0) @binding(6) var<storage, read_write> state: array<${type}>;   // dh (time + 1, batch, hidden), then dc (batch, hidden)
@group(0) @binding(7) var<storage, read_write> dgates: array<${type}>;  // (time, batch, 4, hidden)
@group(0) @binding(8) var<uniform> sizes: Sizes;

${typesOf(type === 'vec4f', false)}
${TANH.join('\n')}

/** Computes dh, dc and dgates of element j of a sample; \`size\` is the number of elements per row of hidden units. */
fn finish(step: u32, b: u32, j: u32, size: u32, recurrent_sum: ${type}) {
  let row = step * sizes.batch + b;
  let at = row * size + j;
  var total = dhidden[at];
  if (step < sizes.time) {
    total += recurrent_sum;
    if (mask[row] == 0.0) { total += state[at + sizes.batch * size]; }
  }
  state[at] = total;
  if (step == 0u) { return; }
  let before = row - sizes.batch;
  let gate = before * 4u * size + j;
  let i = gates[gate];
  let f = gates[gate + size];
  let g = gates[gate + 2u * size];
  let o = gates[gate + 3u * size];
  let dc = (sizes.time + 1u) * sizes.batch * size + b * size + j;
  var carried = dcells[at];
  if (step < sizes.time) { carried += state[dc]; }
  let kept = mask[before] != 0.0;
  let tanh_cell = tanh_of(cells[at]);
  let dct = carried + total * o * (1.0 - tanh_cell * tanh_cell);
  let zero = ${type}();
  dgates[gate] = select(zero, dct * g * i * (1.0 - i), kept);
  dgates[gate + size] = select(zero, dct * cells[before * size + j] * f * (1.0 - f), kept);
  dgates[gate + 2u * size] = select(zero, dct * i * (1.0 - g * g), kept);
  dgates[gate + 3u * size] = select(zero, total * tanh_cell * o * (1.0 - o), kept);
  state[dc] = select(carried, dct * f, kept);
}`;

/** dh and dc, which share the binding `state` to stay within eight storage buffers. */
export function splitState(given: { state: Float64Array } & StepSizes): { dh: Float64Array; dc: Float64Array } {
  const hidden = given.batch * given.hidden_size;
  const end = (given.time + 1) * hidden;
  return { dh: given.state.subarray(0, end), dc: given.state.subarray(end, end + hidden) };
}

const buffers = {
  reads: ['recurrent', 'gates', 'cells', 'mask', 'dhidden', 'dcells'],
  updates: ['state', 'dgates'],
  sizes: sizes,
} as const;

/** The gradient of a step, with one unit of one sample per invocation. */
export const lstmCellBackward = defineKernel({
  ...buffers,
  name: 'lstm_cell_backward',
  workgroups: ({ batch, hidden_size }) => ceilDivide(batch * hidden_size, THREADS),
  cost: backwardCost,
  wgsl: wgsl`${backwardHead('f32')}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let size = sizes.hidden_size;
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.batch * size) { return; }
  let b = index / size;
  let j = index % size;
  var sum = 0.0;
  if (sizes.step < sizes.time) {
    let row = (sizes.step * sizes.batch + b) * 4u * size;
    for (var k = 0u; k < 4u * size; k++) { sum += dgates[row + k] * recurrent[j * 4u * size + k]; }
  }
  finish(sizes.step, b, j, size, sum);
}`,
  reference: (given) => backwardReference({ ...given, ...splitState(given) }),
});

/** The gradient of a step, with four samples by four units per invocation; the hidden size is a multiple of 4. */
export const lstmCellBackwardVec4 = defineKernel({
  ...buffers,
  name: 'lstm_cell_backward_vec4',
  workgroups: ({ batch, hidden_size }) => ceilDivide(ceilDivide(batch, 4) * (hidden_size / 4), THREADS),
  cost: backwardCost,
  wgsl: wgsl`${backwardHead('vec4f')}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let vectors = sizes.hidden_size / 4u;  // vec4 per row of units
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  let b = index / vectors * 4u;
  if (b >= sizes.batch) { return; }
  let j = index % vectors;
  let size = sizes.hidden_size;  // vec4 per row of 4 gates
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  if (sizes.step < sizes.time) {
    let rows = (sizes.step * sizes.batch + min(b + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.batch - 1u))) * size;
    let units = (4u * j + vec4u(0u, 1u, 2u, 3u)) * size;
    for (var k = 0u; k < size; k++) {
      let u = mat4x4f(recurrent[units.x + k], recurrent[units.y + k], recurrent[units.z + k], recurrent[units.w + k]);
      sum0 += dgates[rows.x + k] * u;  // row vector times matrix: a dot product with each of the four units
      sum1 += dgates[rows.y + k] * u;
      sum2 += dgates[rows.z + k] * u;
      sum3 += dgates[rows.w + k] * u;
    }
  }
  finish(sizes.step, b, j, vectors, sum0);
  if (b + 1u < sizes.batch) { finish(sizes.step, b + 1u, j, vectors, sum1); }
  if (b + 2u < sizes.batch) { finish(sizes.step, b + 2u, j, vectors, sum2); }
  if (b + 3u < sizes.batch) { finish(sizes.step, b + 3u, j, vectors, sum3); }
}`,
  reference: (given) => backwardReference({ ...given, ...splitState(given) }),
});

const LINES = 16; // samples per workgroup
const LANES = 8; // lanes that share them

/**
 * The gradient of a step, with 16 samples by four units per invocation, shared by shuffles as in step.ts; the hidden
 * size is a multiple of 4.
 */
export const lstmCellBackwardSubgroup = defineKernel({
  ...buffers,
  name: 'lstm_cell_backward_subgroup',
  subgroupLanes: LANES,
  workgroups: ({ batch, hidden_size }) => ceilDivide(batch, LINES) * ceilDivide(hidden_size, 4 * LANES),
  cost: backwardCost,
  wgsl: wgsl`${backwardHead('vec4f')}
const LINES = ${LINES}u;
const LANES = ${LANES}u;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32, @builtin(subgroup_invocation_id) in_subgroup: u32) {
  let vectors = sizes.hidden_size / 4u;  // vec4 per row of units
  let size = sizes.hidden_size;  // vec4 per row of 4 gates
  let lane = in_subgroup % LANES;
  let tiles = (vectors + LANES - 1u) / LANES;
  let tile = group.y * groups.x + group.x;
  let b = tile / tiles * LINES;
  if (b >= sizes.batch) { return; }
  let unit = tile % tiles * LANES + thread;
  let j = min(unit, vectors - 1u);
  // Samples beyond the end of the batch are clamped to the last one, and not stored.
  let lines = min(LINES, sizes.batch - b);
  var sum: array<vec4f, LINES>;
  if (sizes.step < sizes.time) {
    let units = (4u * j + vec4u(0u, 1u, 2u, 3u)) * size;
    for (var k = 0u; k < size; k++) {
      let u = mat4x4f(recurrent[units.x + k], recurrent[units.y + k], recurrent[units.z + k], recurrent[units.w + k]);
      for (var line = 0u; line < LINES; line += LANES) {
        let gradients = dgates[(sizes.step * sizes.batch + b + min(line + lane, lines - 1u)) * size + k];
        for (var l = 0u; l < LANES; l++) { sum[line + l] += subgroupShuffle(gradients, l) * u; }
      }
    }
  }
  if (unit >= vectors) { return; }
  for (var line = 0u; line < lines; line++) { finish(sizes.step, b + line, j, vectors, sum[line]); }
}`,
  reference: (given) => backwardReference({ ...given, ...splitState(given) }),
});
