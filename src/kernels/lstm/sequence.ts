import { defineKernel } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { forwardCost, forwardHead, forwardReference } from './step.js';
import { backwardCost, backwardHead, backwardReference, splitState } from './step-backward.js';

/*
 * The steps of lstm.ts and lstm-gradient.ts with the loop over time inside one dispatch: a workgroup takes one sample
 * through all steps, and waits after each for its own invocations only. That saves a dispatch a step, but shares no
 * weight between samples: for small hidden states, where a dispatch costs more than a step's work, of whole vec4.
 */
const THREADS = 32; // each with four units

/** All steps of each sample, from the first to the last. */
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
  let vec4 = sizes.hidden_size / 4u;
  let b = group.y * groups.x + group.x;
  if (b >= sizes.batch) { return; }
  for (var step = 0u; step < sizes.time; step++) {
    let row = step * sizes.batch + b;
    for (var j = thread; j < vec4; j += THREADS) {
      var i = vec4f();
      var f = vec4f();
      var g = vec4f();
      var o = vec4f();
      for (var k = 0u; k < vec4; k++) {
        let states = hidden[row * vec4 + k];
        for (var q = 0u; q < 4u; q++) {
          let u = (4u * k + q) * sizes.hidden_size + j;
          i += states[q] * recurrent[u];
          f += states[q] * recurrent[u + vec4];
          g += states[q] * recurrent[u + 2u * vec4];
          o += states[q] * recurrent[u + 3u * vec4];
        }
      }
      finish(row, j, vec4, i, f, g, o);
    }
    storageBarrier(); // the next step reads what all of these wrote
  }
}`,
  reference({ time, ...given }) {
    for (let step = 0; step < time; step++) forwardReference({ ...given, step });
  },
});

/** The gradients of all steps of each sample, from the last to the first. */
export const lstmSequenceBackward = defineKernel({
  name: 'lstm_sequence_backward',
  reads: ['recurrent', 'gates', 'cells', 'mask', 'dhidden', 'dcells'],
  updates: ['state', 'dgates'],
  sizes: ['time', 'batch', 'hidden_size'],
  workgroups: ({ batch }) => batch,
  cost: (sizes) => {
    const { flops, bytes } = backwardCost({ step: 0, ...sizes });
    const { time, hidden_size } = sizes;
    // The first step has no product behind it, the last no gates before it.
    return { flops: time * flops, bytes: (time + 1) * bytes - 16 * time * hidden_size ** 2 };
  },
  wgsl: wgsl`${backwardHead('vec4f', '')}
const THREADS = ${THREADS}u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let vec4 = sizes.hidden_size / 4u;
  let size = sizes.hidden_size;  // the elements of a row of 4 gates, read as vec4
  let b = group.y * groups.x + group.x;
  if (b >= sizes.batch) { return; }
  for (var passed = 0u; passed <= sizes.time; passed++) {
    let step = sizes.time - passed;
    for (var j = thread; j < vec4; j += THREADS) {
      var sum = vec4f();
      if (step < sizes.time) {
        let row = (step * sizes.batch + b) * size;
        let units = (4u * j + vec4u(0u, 1u, 2u, 3u)) * size;
        for (var k = 0u; k < size; k++) {
          let u = mat4x4f(recurrent[units.x + k], recurrent[units.y + k], recurrent[units.z + k], recurrent[units.w + k]);
          sum += dgates[row + k] * u;
        }
      }
      finish(step, b, j, vec4, sum);
    }
    storageBarrier();
  }
}`,
  reference(given) {
    const own = { ...given, ...splitState({ ...given, step: 0 }) };
    for (let step = given.time; step >= 0; step--) backwardReference({ ...own, step });
  },
});
