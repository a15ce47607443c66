import { type Array as JaxArray, jit, lax, nn, numpy as np, tree, valueAndGrad, vjp } from '@jax-js/jax';
import { BATCHES } from '../../step-data.js';
import { CHANNELS_FIRST, OUT_FIRST, partOfRows, permuted } from '../layout.js';
import type { HostTensor, Inputs } from '../workloads.js';
import { lstmStates } from './jax-lstm.js';

/** Optimizer and defaults of Keras. */
const [RATE, BETA1, BETA2, EPSILON] = [1e-3, 0.9, 0.999, 1e-7];

type Weights = Record<string, JaxArray>;

interface State extends Record<string, Weights> {
  readonly weights: Weights;
  readonly m: Weights;
  readonly v: Weights;
}

const TABLE = 'embedding.table';

/** The classifier's mean cross-entropy, from embedded words on. */
function lossOf(weights: Weights, words: JaxArray, images: JaxArray, labels: JaxArray): JaxArray {
  const states = lstmStates(words, weights['lstm.kernel']!, weights['lstm.recurrentKernel']!, weights['lstm.bias']!);
  const text = states.pop()!;
  for (const state of states) state.dispose();
  const filters = weights['conv.bias']!.shape[0]!;
  const convolved = lax.conv(images, weights['conv.kernel']!, [1, 1], 'VALID');
  const image = nn.relu(convolved.add(weights['conv.bias']!.reshape([filters, 1, 1])));
  const flat = image.reshape([text.shape[0]!, -1]);
  const logits = np.matmul(np.concatenate([text, flat], 1), weights['classify.kernel']!).add(weights['classify.bias']!);
  const classes = logits.shape[1]!;
  return nn.logSoftmax(logits).mul(nn.oneHot(labels, classes)).sum(-1).mean().neg();
}

const lossAndGradients = jit(valueAndGrad(lossOf, { argnums: [0, 1] }));

/** A step of Adam (Kingma and Ba 2015); t counts steps from 1. */
const adam = jit((state: State, gradients: Weights, t: JaxArray): State => {
  const next: State = { weights: {}, m: {}, v: {} };
  for (const [name, gradient] of Object.entries(gradients)) {
    const m = state.m[name]!.mul(BETA1).add(gradient.ref.mul(1 - BETA1));
    const v = state.v[name]!.mul(BETA2).add(np.square(gradient).mul(1 - BETA2));
    next.m[name] = m.ref;
    next.v[name] = v.ref;
    const direction = m.div(np.subtract(1, np.power(BETA1, t.ref)));
    const size = np.sqrt(v.div(np.subtract(1, np.power(BETA2, t.ref)))).add(EPSILON);
    next.weights[name] = state.weights[name]!.sub(direction.div(size).mul(RATE));
  }
  t.dispose();
  return next;
});

/** Training steps on the batches of the bench, which lie on the device. */
export function trainer(
  { tokens, images, labels, ...weights }: Inputs,
  upload: (values: HostTensor) => JaxArray,
): () => Promise<number> {
  const own = Object.entries(inOwnLayout(weights)).map(([name, values]) => [name, upload(values)] as const);
  const zeros = () => Object.fromEntries(own.map(([name, { shape }]) => [name, np.zeros(shape)]));
  let state: State = { weights: Object.fromEntries(own), m: zeros(), v: zeros() };
  const batches = Array.from({ length: BATCHES }, (_, index) =>
    [tokens!, permuted(images!, CHANNELS_FIRST), labels!].map((whole) => upload(partOfRows(whole, index, BATCHES))),
  );
  let steps = 0;
  return async () => {
    const [tokens, images, labels] = batches[steps++ % BATCHES]! as [JaxArray, JaxArray, JaxArray];
    const { [TABLE]: table, ...others } = tree.ref(state.weights);
    // Outside of the compiled functions: these have no scattering of a gradient that they compute themselves.
    const [words, pullBack] = vjp((given: JaxArray) => np.take(given, tokens.ref, 0), [table!]);
    const [loss, [gradients, dwords]] = lossAndGradients(others, words, images.ref, labels.ref);
    const [dtable] = pullBack(dwords) as [JaxArray];
    pullBack.dispose();
    state = adam(state, { [TABLE]: dtable, ...gradients }, np.array(steps));
    return ((await loss.data()) as Float32Array)[0]!;
  };
}

/** Rows of the last layer that belong to the image are ordered as it is flattened: channels first. */
function inOwnLayout(weights: Inputs): Inputs {
  const [kernel, dense] = [weights['conv.kernel']!, weights['classify.kernel']!];
  const [units, filters] = [weights['lstm.recurrentKernel']!.shape[0]!, kernel.shape[3]!];
  const [rows, classes] = dense.shape as [number, number];
  const image = permuted(
    { shape: [(rows - units) / filters, filters, classes], data: dense.data.slice(units * classes) },
    [1, 0, 2],
  );
  const data = Float32Array.from(dense.data);
  data.set(image.data, units * classes);
  return {
    ...weights,
    'conv.kernel': permuted(kernel, OUT_FIRST),
    'classify.kernel': { shape: dense.shape, data },
  };
}
