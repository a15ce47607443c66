import { ceilDivide, defineKernel, type Kernel } from '../gpu/kernel.js';
import { wgsl } from '../gpu/wgsl.js';

/*
 * Parameter updates in place, four elements an invocation. Buffers are padded to whole fours: what is computed beyond
 * the last element is never read. In all of them g is the gradient, cut to ±limit and scaled, and weights decay by
 * themselves, decoupled from g (Loshchilov and Hutter 2019):
 *
 *   g = scale · min(max(gradient, -limit), limit)      θ ← θ·(1 - rate·decay) - the step
 *
 * The scale, one number, is on the device: it is what clipping by the length of all gradients comes to.
 */
const THREADS = 64;

interface Update<Moment extends string, Number extends string> {
  readonly name: string;
  /** State beside the parameter, one of each for every element. */
  readonly moments: readonly Moment[];
  /** Numbers beside the rate and the decay. */
  readonly numbers: readonly Number[];
  readonly flops: number;
  /** WGSL that leaves the new moments in their buffers at i and declares `step`, from g; numbers are fields of `sizes`. */
  readonly wgsl: string;
  /** The new moments and the step, from g, the old moments and the numbers. */
  apply(g: number, old: Readonly<Record<Moment | Number | 'rate', number>>): Readonly<Record<Moment | 'step', number>>;
}

function defineUpdate<const Moment extends string, const Number extends string>(
  update: Update<Moment, Number>,
): Kernel {
  const { name, moments, numbers, flops, apply } = update;
  const fields = ['rate', 'decay', 'limit', ...numbers];
  return defineKernel<string, string>({
    name,
    reads: ['gradient', 'scale'],
    updates: ['parameter', ...moments],
    sizes: ['count'],
    numbers: fields,
    workgroups: ({ count }) => ceilDivide(count!, 4 * THREADS),
    cost: ({ count }) => ({ flops: (flops + 6) * count!, bytes: (12 + 8 * moments.length) * count! }),
    wgsl: wgsl`
struct Sizes { count: u32, ${fields.map((field) => `${field}: f32`).join(', ')} }
@group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(1) var<storage, read> scale: array<f32>;
@group(0) @binding(2) var<storage, read_write> parameter: array<vec4f>;
${moments.map((moment, at) => `@group(0) @binding(${at + 3}) var<storage, read_write> ${moment}: array<vec4f>;`).join('\n')}
@group(0) @binding(${moments.length + 3}) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (4u * i >= sizes.count) { return; }
  // Not clamp(): a NaN is to stay one.
  let given = gradient[i];
  let limit = vec4f(sizes.limit);
  let g = scale[0] * select(given, sign(given) * limit, abs(given) > limit);
${update.wgsl}
  parameter[i] = parameter[i] * (1.0 - sizes.rate * sizes.decay) - step;
}`,
    reference(given) {
      const buffers = given as unknown as Record<string, Float64Array>;
      const values = given as unknown as Record<string, number>;
      for (let i = 0; i < values.count!; i++) {
        const old = Object.fromEntries(moments.map((moment) => [moment, buffers[moment]![i]!]));
        const given = buffers.gradient![i]!;
        const cut = Math.abs(given) > values.limit! ? Math.sign(given) * values.limit! : given;
        const next = apply(buffers.scale![0]! * cut, { ...values, ...old } as never) as Record<string, number>;
        for (const moment of moments) buffers[moment]![i] = next[moment]!;
        buffers.parameter![i] = buffers.parameter![i]! * (1 - values.rate! * values.decay!) - next.step!;
      }
    },
  });
}

/** Stochastic gradient descent: the step is rate·g. */
export const sgdUpdate = defineUpdate({
  ...{ name: 'sgd_update', moments: [], numbers: [], flops: 1 },
  wgsl: wgsl`  let step = sizes.rate * g;`,
  apply: (g, { rate }) => ({ step: rate * g }),
});

/** SGD with momentum (as Keras): velocity ← momentum·velocity - rate·g; the step is -velocity. */
export const momentumUpdate = defineUpdate({
  ...{ name: 'momentum_update', moments: ['velocity'], numbers: ['momentum'], flops: 3 },
  wgsl: wgsl`
  let next = sizes.momentum * velocity[i] - sizes.rate * g;
  velocity[i] = next;
  let step = -next;`,
  apply(g, { rate, momentum, velocity }) {
    const next = momentum * velocity - rate * g;
    return { velocity: next, step: -next };
  },
});

/** Nesterov's momentum (as Keras): the same velocity; the step is rate·g - momentum·velocity. */
export const nesterovUpdate = defineUpdate({
  ...{ name: 'nesterov_update', moments: ['velocity'], numbers: ['momentum'], flops: 5 },
  wgsl: wgsl`
  let next = sizes.momentum * velocity[i] - sizes.rate * g;
  velocity[i] = next;
  let step = sizes.rate * g - sizes.momentum * next;`,
  apply(g, { rate, momentum, velocity }) {
    const next = momentum * velocity - rate * g;
    return { velocity: next, step: rate * g - momentum * next };
  },
});

/**
 * Adam (Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1):
 *
 *   m ← β1·m + (1-β1)·g        v ← β2·v + (1-β2)·g²
 *   step = rate · (m / correction1) / (√(v / correction2) + ε)        correction_i = 1 - β_i^t
 */
export const adamUpdate = defineUpdate({
  name: 'adam_update',
  moments: ['m', 'v'],
  numbers: ['beta1', 'beta2', 'epsilon', 'correction1', 'correction2'],
  flops: 14,
  wgsl: wgsl`
  let mean = sizes.beta1 * m[i] + (1.0 - sizes.beta1) * g;
  let square = sizes.beta2 * v[i] + (1.0 - sizes.beta2) * g * g;
  m[i] = mean;
  v[i] = square;
  let step = sizes.rate * (mean / sizes.correction1) / (sqrt(square / sizes.correction2) + sizes.epsilon);`,
  apply(g, { rate, beta1, beta2, epsilon, correction1, correction2, ...old }) {
    const m = beta1 * old.m + (1 - beta1) * g;
    const v = beta2 * old.v + (1 - beta2) * g ** 2;
    return { m, v, step: (rate * (m / correction1)) / (Math.sqrt(v / correction2) + epsilon) };
  },
});

/** RMSprop (Hinton 2012): v ← ρ·v + (1-ρ)·g²; the step is rate·g / (√v + ε). */
export const rmspropUpdate = defineUpdate({
  ...{ name: 'rmsprop_update', moments: ['v'], numbers: ['rho', 'epsilon'], flops: 9 },
  wgsl: wgsl`
  let square = sizes.rho * v[i] + (1.0 - sizes.rho) * g * g;
  v[i] = square;
  let step = sizes.rate * g / (sqrt(square) + sizes.epsilon);`,
  apply(g, { rate, rho, epsilon, ...old }) {
    const v = rho * old.v + (1 - rho) * g ** 2;
    return { v, step: (rate * g) / (Math.sqrt(v) + epsilon) };
  },
});

/** Adagrad (Duchi, Hazan and Singer 2011): v ← v + g²; the step is rate·g / √(v + ε), as in Keras. */
export const adagradUpdate = defineUpdate({
  ...{ name: 'adagrad_update', moments: ['v'], numbers: ['epsilon'], flops: 6 },
  wgsl: wgsl`
  let square = v[i] + g * g;
  v[i] = square;
  let step = sizes.rate * g / sqrt(square + sizes.epsilon);`,
  apply(g, { rate, epsilon, ...old }) {
    const v = old.v + g ** 2;
    return { v, step: (rate * g) / Math.sqrt(v + epsilon) };
  },
});
