import { ceilDivide, defineKernel, type Kernel, splitAlong } from '../gpu/kernel.js';
import { wgsl } from '../gpu/wgsl.js';
import { splitByRows, sumOfRow } from './reduce/gather.js';

/*
 * Optimizer updates in place, with four elements per invocation and a few parameters per dispatch. In all of them g is
 * the gradient, clipped to ±limit and scaled, and weight decay is decoupled from g (Loshchilov and Hutter 2019):
 *
 *   g = scale · min(max(gradient, -limit), limit)      θ ← θ·(1 - rate·decay) - the step
 *
 * for each element of a parameter θ, its gradient and its moments, which have the same shape. The scale is a scalar on
 * the device, computed by clipping by the global norm; if it is 0, parameters and moments are unchanged, whatever the
 * gradient. Buffers are padded to a multiple of 4 elements, and what is computed beyond the last element is never read.
 */
const THREADS = 64;

/**
 * The most parameters that one dispatch updates, and the most storage buffers that it binds; few devices allow more.
 */
const MOST_PARAMETERS = 4;
const STORAGE_BUFFERS = 16;

interface Update<Moment extends string, Number extends string> {
  readonly name: string;
  /** The names of the optimizer's state, which has the shape of the parameter. */
  readonly moments: readonly Moment[];
  /** The names of the hyperparameters besides rate, decay and limit. */
  readonly numbers: readonly Number[];
  readonly flops: number;
  /** WGSL that updates the moments and declares `step`, given g; hyperparameters are fields of `sizes`. */
  readonly wgsl: string;
  /** Returns the new moments and the step, given g, the old moments and the hyperparameters. */
  apply(g: number, old: Readonly<Record<Moment | Number | 'rate', number>>): Readonly<Record<Moment | 'step', number>>;
}

/** The kernels of an optimizer's update. */
export interface UpdateKernels {
  readonly moments: readonly string[];
  readonly numbers: readonly string[];
  /**
   * The kernel for one parameter, for two, and so on, with bindings gradient0, parameter0, m0, gradient1... and sizes
   * count0...
   */
  readonly dense: readonly Kernel[];
  /**
   * The kernel for a table (rows, cols), parameter0, whose gradient is a scatter-add (gather.ts) that is never stored;
   * cols is a multiple of 4.
   */
  readonly byRows: Kernel;
}

function defineUpdate<const Moment extends string, const Number extends string>(
  update: Update<Moment, Number>,
): UpdateKernels {
  const { name, moments } = update;
  const numbers = ['rate', 'decay', 'limit', ...update.numbers];
  const flops = update.flops + 6;
  const bytes = 8 + 8 * moments.length; // per element, without the gradient
  const updates = (slot: number) => ['parameter', ...moments].map((state) => `${state}${slot}`);
  const declare = (names: readonly string[], access: string, first: number) =>
    names
      .map((one, at) => `@group(0) @binding(${first + at}) var<storage, ${access}> ${one}: array<vec4f>;`)
      .join('\n');
  const each = (names: readonly string[], length: number) => Object.fromEntries(names.map((one) => [one, length]));
  /** WGSL that updates element i of a slot, given its `gradient`. */
  const change = (slot: number) => wgsl`
  // Not clamp(), which may drop NaN.
  let limit = vec4f(sizes.limit);
  let g = scale[0] * select(gradient, sign(gradient) * limit, abs(gradient) > limit);
${moments.map((moment) => `  var ${moment} = ${moment}${slot}[i];`).join('\n')}
${update.wgsl}
${moments.map((moment) => `  ${moment}${slot}[i] = ${moment};`).join('\n')}
  parameter${slot}[i] = parameter${slot}[i] * (1.0 - sizes.rate * sizes.decay) - step;`;

  /** Updates `count` elements in float64. */
  function apply(given: unknown, slot: number, count: number, gradient: (i: number) => number): void {
    const buffers = given as Record<string, Float64Array>;
    const values = given as Record<string, number>;
    const parameter = buffers[`parameter${slot}`];
    if (buffers.scale[0] === 0) return;
    for (let i = 0; i < count; i++) {
      const old = Object.fromEntries(moments.map((moment) => [moment, buffers[`${moment}${slot}`][i]]));
      const whole = gradient(i);
      const clipped = Math.abs(whole) > values.limit ? Math.sign(whole) * values.limit : whole;
      const next = update.apply(buffers.scale[0] * clipped, { ...values, ...old } as never);
      for (const moment of moments) buffers[`${moment}${slot}`][i] = next[moment];
      parameter[i] = parameter[i] * (1 - values.rate * values.decay) - next.step;
    }
  }

  const dense = (parameters: number): Kernel => {
    const slots = Array.from({ length: parameters }, (_, slot) => slot);
    const sizes = slots.map((slot) => `count${slot}`);
    const all = (values: Readonly<Record<string, number>>) => sizes.map((size) => values[size]);
    return defineKernel<string, string>({
      name: parameters === 1 ? name : `${name}_${parameters}`,
      reads: ['scale', ...slots.map((slot) => `gradient${slot}`)],
      updates: slots.flatMap(updates),
      sizes,
      numbers,
      // Only small parameters share a dispatch; larger ones are updated alone.
      splits: parameters === 1 ? [splitAlong('count0', () => each(['gradient0', ...updates(0)], 1))] : [],
      workgroups: (values) =>
        ceilDivide(
          all(values).reduce((sum, count) => sum + ceilDivide(count, 4), 0),
          THREADS,
        ),
      cost: (values) => {
        const count = all(values).reduce((sum, one) => sum + one, 0);
        return { flops: flops * count, bytes: (bytes + 4) * count };
      },
      wgsl: wgsl`
struct Sizes { ${[...sizes.map((size) => `${size}: u32`), ...numbers.map((number) => `${number}: f32`)].join(', ')} }
@group(0) @binding(0) var<storage, read> scale: array<f32>;
${declare(
  slots.map((slot) => `gradient${slot}`),
  'read',
  1,
)}
${declare(slots.flatMap(updates), 'read_write', 1 + parameters)}
@group(0) @binding(${1 + parameters * (2 + moments.length)}) var<uniform> sizes: Sizes;
${slots
  .map(
    (slot) => wgsl`
fn update${slot}(i: u32) {
  let gradient = gradient${slot}[i];
${change(slot)}
}`,
  )
  .join('\n')}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  if (scale[0] == 0.0) { return; }
  // Invocations are numbered across all parameters; i becomes the index of a vec4 of one of them.
  ${parameters === 1 ? 'let' : 'var'} i = (group.y * groups.x + group.x) * ${THREADS}u + thread;
${slots
  .map(
    (slot) => wgsl`
  let vectors${slot} = (sizes.count${slot} + 3u) / 4u;
  if (i < vectors${slot}) { update${slot}(i); return; }${slot === parameters - 1 ? '' : ` i -= vectors${slot};`}`,
  )
  .join('\n')}
}`,
      reference(given) {
        const buffers = given as unknown as Record<string, Float64Array>;
        for (const slot of slots)
          apply(given, slot, Number(buffers[`count${slot}`]), (i) => buffers[`gradient${slot}`][i]);
      },
    });
  };

  const byRows = defineKernel<string, string>({
    name: `${name}_by_rows`,
    reads: ['scale', 'values', 'order', 'starts'],
    updates: updates(0),
    sizes: ['count', 'rows', 'cols'],
    numbers,
    splits: [splitByRows(updates(0))],
    workgroups: ({ rows, cols }) => ceilDivide((rows * cols) / 4, THREADS),
    cost: ({ count, rows, cols }) => ({
      flops: flops * rows * cols + count * cols,
      bytes: bytes * rows * cols + 4 * (count * (cols + 1) + rows),
    }),
    wgsl: wgsl`
struct Sizes { count: u32, rows: u32, cols: u32, ${numbers.map((number) => `${number}: f32`).join(', ')} }
@group(0) @binding(0) var<storage, read> scale: array<f32>;
@group(0) @binding(1) var<storage, read> values: array<vec4f>;  // (count, cols)
@group(0) @binding(2) var<storage, read> order: array<i32>;     // (count)
@group(0) @binding(3) var<storage, read> starts: array<u32>;    // (rows + 1)
${declare(updates(0), 'read_write', 4)}
@group(0) @binding(${5 + moments.length}) var<uniform> sizes: Sizes;
${sumOfRow('vec4f')}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let length = sizes.cols / 4u;
  let i = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (i >= sizes.rows * length || scale[0] == 0.0) { return; }
  let gradient = sum_of_row(i / length, i % length, length);
${change(0)}
}`,
    reference(given) {
      const { values, order, starts } = given as unknown as Record<string, Float64Array>;
      const { rows, cols } = given as unknown as Record<string, number>;
      apply(given, 0, rows * cols, (i) => {
        const row = Math.floor(i / cols);
        let sum = 0;
        for (let at = starts[row]; at < starts[row + 1]; at++) sum += values[order[at] * cols + (i % cols)];
        return sum;
      });
    },
  });

  const most = Math.min(MOST_PARAMETERS, Math.floor((STORAGE_BUFFERS - 1) / (2 + moments.length)));
  const counts = Array.from({ length: most }, (_, before) => before + 1);
  return { moments, numbers: update.numbers, dense: counts.map(dense), byRows };
}

/** Stochastic gradient descent: step = rate·g. */
export const sgdUpdate = defineUpdate({
  name: 'sgd_update',
  moments: [],
  numbers: [],
  flops: 1,
  wgsl: wgsl`  let step = sizes.rate * g;`,
  apply: (g, { rate }) => ({ step: rate * g }),
});

/** SGD with momentum, as in Keras: velocity ← momentum·velocity - rate·g, step = -velocity. */
export const momentumUpdate = defineUpdate({
  name: 'momentum_update',
  moments: ['velocity'],
  numbers: ['momentum'],
  flops: 3,
  wgsl: wgsl`
  velocity = sizes.momentum * velocity - sizes.rate * g;
  let step = -velocity;`,
  apply(g, { rate, momentum, velocity }) {
    const next = momentum * velocity - rate * g;
    return { velocity: next, step: -next };
  },
});

/** SGD with Nesterov momentum, as in Keras: the same velocity, step = rate·g - momentum·velocity. */
export const nesterovUpdate = defineUpdate({
  name: 'nesterov_update',
  moments: ['velocity'],
  numbers: ['momentum'],
  flops: 5,
  wgsl: wgsl`
  velocity = sizes.momentum * velocity - sizes.rate * g;
  let step = sizes.rate * g - sizes.momentum * velocity;`,
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
  m = sizes.beta1 * m + (1.0 - sizes.beta1) * g;
  v = sizes.beta2 * v + (1.0 - sizes.beta2) * g * g;
  let step = sizes.rate * (m / sizes.correction1) / (sqrt(v / sizes.correction2) + sizes.epsilon);`,
  apply(g, { rate, beta1, beta2, epsilon, correction1, correction2, ...old }) {
    const m = beta1 * old.m + (1 - beta1) * g;
    const v = beta2 * old.v + (1 - beta2) * g ** 2;
    return { m, v, step: (rate * (m / correction1)) / (Math.sqrt(v / correction2) + epsilon) };
  },
});

/** RMSprop (Hinton 2012): v ← ρ·v + (1-ρ)·g², step = rate·g / (√v + ε). */
export const rmspropUpdate = defineUpdate({
  name: 'rmsprop_update',
  moments: ['v'],
  numbers: ['rho', 'epsilon'],
  flops: 9,
  wgsl: wgsl`
  v = sizes.rho * v + (1.0 - sizes.rho) * g * g;
  let step = sizes.rate * g / (sqrt(v) + sizes.epsilon);`,
  apply(g, { rate, rho, epsilon, ...old }) {
    const v = rho * old.v + (1 - rho) * g ** 2;
    return { v, step: (rate * g) / (Math.sqrt(v) + epsilon) };
  },
});

/** Adagrad (Duchi, Hazan and Singer 2011), as in Keras: v ← v + g², step = rate·g / √(v + ε). */
export const adagradUpdate = defineUpdate({
  name: 'adagrad_update',
  moments: ['v'],
  numbers: ['epsilon'],
  flops: 6,
  wgsl: wgsl`
  v = v + g * g;
  let step = sizes.rate * g / sqrt(v + sizes.epsilon);`,
  apply(g, { rate, epsilon, ...old }) {
    const v = old.v + g ** 2;
    return { v, step: (rate * g) / Math.sqrt(v + epsilon) };
  },
});
