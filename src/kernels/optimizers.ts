import { ceilDivide, defineKernel } from '../gpu/kernel.js';
import { wgsl } from '../gpu/wgsl.js';

/*
 * Parameter updates in place, four elements an invocation. Buffers are padded to whole fours: what is computed beyond
 * the last element is never read.
 */
const THREADS = 64;

/**
 * Adam (Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1):
 *
 *   m ← β1·m + (1-β1)·g        v ← β2·v + (1-β2)·g²
 *   θ ← θ - rate · (m / correction1) / (√(v / correction2) + ε)        correction_i = 1 - β_i^t
 */
export const adamUpdate = defineKernel({
  name: 'adam_update',
  reads: ['gradient'],
  updates: ['parameter', 'm', 'v'],
  sizes: ['count'],
  numbers: ['rate', 'beta1', 'beta2', 'epsilon', 'correction1', 'correction2'],
  workgroups: ({ count }) => ceilDivide(count, 4 * THREADS),
  cost: ({ count }) => ({ flops: 14 * count, bytes: 28 * count }),
  wgsl: wgsl`
struct Sizes {
  count: u32, rate: f32, beta1: f32, beta2: f32, epsilon: f32, correction1: f32, correction2: f32,
}
@group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> parameter: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(4) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (4u * i >= sizes.count) { return; }
  let g = gradient[i];
  let new_m = sizes.beta1 * m[i] + (1.0 - sizes.beta1) * g;
  let new_v = sizes.beta2 * v[i] + (1.0 - sizes.beta2) * g * g;
  m[i] = new_m;
  v[i] = new_v;
  parameter[i] -= sizes.rate * (new_m / sizes.correction1) / (sqrt(new_v / sizes.correction2) + sizes.epsilon);
}`,
  reference({ gradient, parameter, m, v, count, rate, beta1, beta2, epsilon, correction1, correction2 }) {
    for (let i = 0; i < count; i++) {
      m[i] = beta1 * m[i]! + (1 - beta1) * gradient[i]!;
      v[i] = beta2 * v[i]! + (1 - beta2) * gradient[i]! ** 2;
      parameter[i]! -= (rate * (m[i]! / correction1)) / (Math.sqrt(v[i]! / correction2) + epsilon);
    }
  },
});

/** Stochastic gradient descent: θ ← θ - rate·g. */
export const sgdUpdate = defineKernel({
  name: 'sgd_update',
  reads: ['gradient'],
  updates: ['parameter'],
  sizes: ['count'],
  numbers: ['rate'],
  workgroups: ({ count }) => ceilDivide(count, 4 * THREADS),
  cost: ({ count }) => ({ flops: 2 * count, bytes: 12 * count }),
  wgsl: wgsl`
struct Sizes { count: u32, rate: f32 }
@group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> parameter: array<vec4f>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (4u * i < sizes.count) { parameter[i] -= sizes.rate * gradient[i]; }
}`,
  reference({ gradient, parameter, count, rate }) {
    for (let i = 0; i < count; i++) parameter[i]! -= rate * gradient[i]!;
  },
});

/** SGD with momentum (as Keras): velocity ← momentum·velocity - rate·g;  θ ← θ + velocity. */
export const momentumUpdate = defineKernel({
  name: 'momentum_update',
  reads: ['gradient'],
  updates: ['parameter', 'velocity'],
  sizes: ['count'],
  numbers: ['rate', 'momentum'],
  workgroups: ({ count }) => ceilDivide(count, 4 * THREADS),
  cost: ({ count }) => ({ flops: 4 * count, bytes: 20 * count }),
  wgsl: wgsl`
struct Sizes { count: u32, rate: f32, momentum: f32 }
@group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> parameter: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (4u * i >= sizes.count) { return; }
  let moved = sizes.momentum * velocity[i] - sizes.rate * gradient[i];
  velocity[i] = moved;
  parameter[i] += moved;
}`,
  reference({ gradient, parameter, velocity, count, rate, momentum }) {
    for (let i = 0; i < count; i++) {
      velocity[i] = momentum * velocity[i]! - rate * gradient[i]!;
      parameter[i]! += velocity[i]!;
    }
  },
});
