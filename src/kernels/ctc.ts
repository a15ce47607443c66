import { defineKernel, splitAlong } from '../gpu/kernel.js';
import { wgsl } from '../gpu/wgsl.js';
import { IS_NAN, NOT_A_NUMBER } from './reduce/nan.js';

/*
 * Connectionist temporal classification (Graves et al. 2006): the probability of a label sequence, summed over all its
 * alignments with the frames of an input. The labels with a blank before, between and behind them are the states of an
 * alignment, `states` = 2 · labels + 1, and an alignment moves over the frames by 0, 1 or 2 states. It may pass over a
 * blank between two different labels only. With emissions e[t,s] = log p[t, label of s]:
 *
 *   score[t,s] = e[t,s] + log( exp score[t-1,s] + exp score[t-1,s-1] + [s may be reached from s-2] exp score[t-1,s-2] )
 *   loss = -log( exp score[T-1,S-1] + exp score[T-1,S-2] )
 *
 * The recursion from the last frame and state to the first one has the same form: `from_end` runs it. From each score
 * the largest one of the frame before is subtracted, and added to the loss, so that scores keep their precision over
 * any number of frames.
 *
 * A workgroup computes all frames of one sample, with a barrier after each. A score of an impossible state is LOG_ZERO,
 * because WGSL has no infinities.
 */
const THREADS = 32;
/** The logarithm of a probability of 0: finite, but lower than any score. */
export const LOG_ZERO = -1e30;

/** Scores of all frames, forward or from the end, and the loss, of each sample. */
export const ctc = defineKernel({
  name: 'ctc',
  reads: ['emissions', 'labels', 'input_lengths', 'target_lengths'],
  writes: ['scores', 'loss'],
  sizes: ['batch', 'time', 'states', 'from_end'],
  splits: [
    splitAlong('batch', ({ time, states }) => ({
      emissions: time * states,
      labels: states,
      input_lengths: 1,
      target_lengths: 1,
      scores: time * states,
      loss: 1,
    })),
  ],
  workgroups: ({ batch }) => batch,
  cost: ({ batch, time, states }) => ({
    flops: 12 * batch * time * states,
    bytes: 4 * batch * (2 * time * states + states + 3),
  }),
  wgsl: wgsl`
struct Sizes { batch: u32, time: u32, states: u32, from_end: u32 }
@group(0) @binding(0) var<storage, read> emissions: array<f32>;      // (batch, time, states)
@group(0) @binding(1) var<storage, read> labels: array<i32>;         // (batch, states)
@group(0) @binding(2) var<storage, read> input_lengths: array<i32>;  // (batch): frames
@group(0) @binding(3) var<storage, read> target_lengths: array<i32>; // (batch): labels
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;   // (batch, time, states)
@group(0) @binding(5) var<storage, read_write> loss: array<f32>;     // (batch)
@group(0) @binding(6) var<uniform> sizes: Sizes;
${IS_NAN}
${NOT_A_NUMBER}
const THREADS = ${THREADS}u;
const LOG_ZERO = ${LOG_ZERO};
/** The largest score that each invocation found, of an even and of an odd frame: one is read while one is written. */
var<workgroup> largest: array<array<f32, THREADS>, 2>;
/** Whether an invocation read an emission that is not a logarithm of a probability: NaN or infinity. */
var<workgroup> undefined_emission: array<u32, THREADS>;

fn log_sum(a: f32, b: f32, c: f32) -> f32 {
  let most = max(max(a, b), c);
  return most + log(exp(a - most) + exp(b - most) + exp(c - most));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let b = group.y * groups.x + group.x;
  if (b >= sizes.batch) { return; }
  let frames = u32(input_lengths[b]);         // a negative length becomes larger than any
  let used = 2u * u32(target_lengths[b]) + 1u;
  let fits = frames <= sizes.time && u32(target_lengths[b]) <= sizes.states / 2u;
  let steps = select(0u, frames, fits);
  var total = 0.0;
  var undefined = 0u;
  for (var t = 0u; t < steps; t++) {
    let frame = select(t, frames - 1u - t, sizes.from_end == 1u);
    let row = (b * sizes.time + frame) * sizes.states;
    let row_before = (b * sizes.time + select(frame - 1u, frame + 1u, sizes.from_end == 1u)) * sizes.states;
    // Before the first frame it is 0: workgroup memory begins as zeros.
    var shift = LOG_ZERO;
    for (var k = 0u; k < min(THREADS, used); k++) { shift = max(shift, largest[(t + 1u) % 2u][k]); }
    total += shift;
    var own = LOG_ZERO;
    for (var s = thread; s < used; s += THREADS) {
      let state = select(s, used - 1u - s, sizes.from_end == 1u);
      let emission = emissions[row + state];
      let is_undefined = is_nan(emission) || emission > 3e38;
      undefined |= u32(is_undefined);
      var reached = select(LOG_ZERO, 0.0, s <= 1u); // an alignment begins with a blank or with the first label
      if (t > 0u) {
        let one = select(state - 1u, state + 1u, sizes.from_end == 1u);
        let two = select(state - 2u, state + 2u, sizes.from_end == 1u);
        let stay = scores[row_before + state];
        var step = LOG_ZERO;
        var skip = LOG_ZERO;
        if (s >= 1u) { step = scores[row_before + one]; }
        if (s > 2u && s % 2u == 1u) {
          if (labels[b * sizes.states + state] != labels[b * sizes.states + two]) { skip = scores[row_before + two]; }
        }
        reached = log_sum(stay, step, skip) - shift;
      }
      let score = max(reached, LOG_ZERO) + select(max(emission, LOG_ZERO), LOG_ZERO, is_undefined);
      scores[row + state] = score;
      own = max(own, score);
    }
    largest[t % 2u][thread] = own;
    storageBarrier();
    workgroupBarrier();
  }
  // Padding: frames that are not used, and states that are not used in the others.
  let begin = b * sizes.time * sizes.states;
  for (var k = thread; k < sizes.time * sizes.states; k += THREADS) {
    if (k / sizes.states >= steps || k % sizes.states >= used) { scores[begin + k] = LOG_ZERO; }
  }
  undefined_emission[thread] = undefined;
  workgroupBarrier();
  if (thread == 0u) {
    for (var k = 0u; k < THREADS; k++) { undefined |= undefined_emission[k]; }
    var result = f32(used > 1u) * -LOG_ZERO; // of no frames: certain for no labels, impossible for any
    if (steps > 0u) {
      let end = select(steps - 1u, 0u, sizes.from_end == 1u) * sizes.states + begin;
      let last = end + select(used - 1u, 0u, sizes.from_end == 1u);
      var other = LOG_ZERO;
      if (used > 1u) { other = scores[end + select(used - 2u, 1u, sizes.from_end == 1u)]; }
      result = -(total + log_sum(scores[last], other, LOG_ZERO));
    }
    let infinity = bitcast<f32>(0x7f800000u | (b & 0u));
    loss[b] = select(select(result, infinity, result > -0.1 * LOG_ZERO), not_a_number(b), undefined != 0u || !fits);
  }
}`,
  reference({ emissions, labels, input_lengths, target_lengths, scores, loss, batch, time, states, from_end }) {
    scores.fill(LOG_ZERO, 0, batch * time * states);
    for (let b = 0; b < batch; b++) {
      const [frames, used] = [input_lengths[b], 2 * target_lengths[b] + 1];
      const fits = frames >= 0 && frames <= time && used > 0 && used <= states;
      if (!fits) loss[b] = Number.NaN;
      else if (frames === 0) loss[b] = used > 1 ? Number.POSITIVE_INFINITY : 0;
      if (!fits || frames === 0) continue;
      const direction = from_end === 1 ? -1 : 1;
      const [firstFrame, firstState] = from_end === 1 ? [frames - 1, used - 1] : [0, 0];
      let before: number[] = [];
      let total = 0;
      let hasUndefined = false;
      for (let t = 0; t < frames; t++) {
        const row = (b * time + firstFrame + direction * t) * states;
        const shift = t === 0 ? 0 : Math.max(...before);
        total += shift;
        before = Array.from({ length: used }, (_, s) => {
          const state = firstState + direction * s;
          const label = (at: number): number => labels[b * states + at];
          const skips = s >= 2 && s % 2 === 1 && label(state) !== label(state - 2 * direction);
          const from = [before[s], s >= 1 ? before[s - 1] : LOG_ZERO, skips ? before[s - 2] : LOG_ZERO];
          const reached = t > 0 ? logSum(from) - shift : s <= 1 ? 0 : LOG_ZERO;
          const emission = emissions[row + state];
          hasUndefined ||= isUndefined(emission);
          return Math.max(reached, LOG_ZERO) + (isUndefined(emission) ? LOG_ZERO : Math.max(emission, LOG_ZERO));
        });
        before.forEach((score, s) => {
          scores[row + firstState + direction * s] = score;
        });
      }
      const result = -(total + logSum(before.slice(-2)));
      loss[b] = hasUndefined ? Number.NaN : result > -0.1 * LOG_ZERO ? Number.POSITIVE_INFINITY : result;
    }
  },
});

/** log Σ exp x. */
function logSum(x: readonly number[]): number {
  const most = Math.max(...x);
  return most + Math.log(x.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

/** Whether an emission is no logarithm of a probability. */
const isUndefined = (emission: number): boolean => !(emission < Number.POSITIVE_INFINITY);
