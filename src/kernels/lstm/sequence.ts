import { defineKernel } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { forwardCost, forwardHead, forwardReference } from './step.js';
import { backwardCost, backwardHead, backwardReference, splitState } from './step-backward.js';

/*
 * The recurrences of step.ts and step-backward.ts, whose equations and shapes they share, with the loop over time in
 * one dispatch: a workgroup computes all steps of one sample, with a barrier after each. That saves a dispatch per
 * step, but samples share no loads of weights. It is for small hidden sizes, where a dispatch costs more than the work
 * of a step; they must be multiples of 4.
 */
const THREADS = 32; // each computes four units

/** All steps of an LSTM, one sample per workgroup. */
export const lstmSequence = defineKernel({
  name: 'lstm_sequence',
  reads: ['x_gates', 'recurrent', 'mask'],
  updates: ['hidden', 'cells'],
  writes: ['gates'],
  sizes: ['time', 'batch', 'hidden_size'],
  workgroups: ({ batch }) => batch,
  cost: ({ time, ...step }) => {
    const { flops, bytes } = forwardCost({ step: 0, ...step });
    return { flops: time * flops, bytes: time * bytes - 16 * (time - 1) * step.hidden_size ** 2 };
  },
  wgsl: wgsl`${forwardHead('vec4f', 'time')}
const THREADS = ${THREADS}u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let vectors = sizes.hidden_size / 4u;  // vec4 per row of units
  let b = group.y * groups.x + group.x;
  if (b >= sizes.batch) { return; }
  for (var step = 0u; step < sizes.time; step++) {
    let row = step * sizes.batch + b;
    for (var j = thread; j < vectors; j += THREADS) {
      var i = vec4f();
      var f = vec4f();
      var g = vec4f();
      var o = vec4f();
      for (var k = 0u; k < vectors; k++) {
        let states = hidden[row * vectors + k];
        for (var q = 0u; q < 4u; q++) {
          let u = (4u * k + q) * sizes.hidden_size + j;
          i += states[q] * recurrent[u];
          f += states[q] * recurrent[u + vectors];
          g += states[q] * recurrent[u + 2u * vectors];
          o += states[q] * recurrent[u + 3u * vectors];
        }
      }
      finish(row, j, vectors, i, f, g, o);
    }
    storageBarrier(); // the next step reads what all invocations wrote
  }
}`,
  reference({ time, ...given }) {
    for (let step = 0; step < time; step++) forwardReference({ ...given, step });
  },
});

/** The gradients of all steps of an LSTM, from the last to the first, one sample per workgroup. */
export const lstmSequenceBackward = defineKernel({
  name: 'lstm_sequence_backward',
  reads: ['recurrent', 'gates', 'cells', 'mask', 'dhidden', 'dcells'],
  updates: ['state', 'dgates'],
  sizes: ['time', 'batch', 'hidden_size'],
  workgroups: ({ batch }) => batch,
  cost: (sizes) => {
    const { flops, bytes } = backwardCost({ step: 0, ...sizes });
    const { time, hidden_size } = sizes;
    // At step = time there is no product, at step 0 there are no gates.
    return { flops: time * flops, bytes: (time + 1) * bytes - 16 * time * hidden_size ** 2 };
  },
  wgsl: wgsl`${backwardHead('vec4f', '')}
const THREADS = ${THREADS}u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let vectors = sizes.hidden_size / 4u;  // vec4 per row of units
  let size = sizes.hidden_size;  // vec4 per row of 4 gates
  let b = group.y * groups.x + group.x;
  if (b >= sizes.batch) { return; }
  for (var passed = 0u; passed <= sizes.time; passed++) {
    let step = sizes.time - passed;
    for (var j = thread; j < vectors; j += THREADS) {
      var sum = vec4f();
      if (step < sizes.time) {
        let row = (step * sizes.batch + b) * size;
        let units = (4u * j + vec4u(0u, 1u, 2u, 3u)) * size;
        for (var k = 0u; k < size; k++) {
          let u = mat4x4f(recurrent[units.x + k], recurrent[units.y + k], recurrent[units.z + k], recurrent[units.w + k]);
          sum += dgates[row + k] * u;
        }
      }
      finish(step, b, j, vectors, sum);
    }
    storageBarrier();
  }
}`,
  reference(given) {
    const own = { ...given, ...splitState({ ...given, step: 0 }) };
    for (let step = given.time; step >= 0; step--) backwardReference({ ...own, step });
  },
});
