import {
  blockUntilReady,
  defaultDevice,
  getWebGPUDevice,
  init,
  type Array as JaxArray,
  jit,
  lax,
  nn,
  numpy as np,
  vjp,
} from '@jax-js/jax';
import { type Engine, type Job, type Memory, NO_GPT, preparedJob, preparedSteps, Unable } from '../engine.js';
import { CHANNELS_FIRST, CHANNELS_LAST, OUT_FIRST, OUT_LAST, permuted } from '../layout.js';
import type { GptKind, HostTensor, Inputs, WorkloadKind } from '../workloads.js';
import { pretendToBeABrowser } from './browser.js';
import { lstmStates } from './jax-lstm.js';
import { trainer } from './jax-training.js';

// Functions consume their arguments; `.ref` is one use more.
type Compute = (...inputs: JaxArray[]) => JaxArray[];

/** A workload: which inputs it takes, in which layout, and how it is computed. Channels come first here. */
interface JaxWorkload {
  readonly compute: Compute;
  readonly takes: readonly string[];
  readonly orders?: Readonly<Record<string, readonly number[]>>;
  readonly order?: readonly number[];
}

const orders = { x: CHANNELS_FIRST, w: OUT_FIRST, dy: CHANNELS_FIRST };
const conv2d = (x: JaxArray, w: JaxArray): JaxArray => lax.conv(x, w, [1, 1], 'SAME');

function gradients(f: (...inputs: JaxArray[]) => JaxArray, dy: JaxArray, ...inputs: JaxArray[]): JaxArray[] {
  const [value, pullBack] = vjp(f, inputs);
  value.dispose();
  const found = pullBack(dy) as JaxArray[];
  pullBack.dispose();
  return found;
}

const workloads: Readonly<Record<Exclude<WorkloadKind, 'training step' | GptKind>, JaxWorkload>> = {
  matmul: { takes: ['a', 'b'], compute: (a, b) => [np.matmul(a!, b!)] },
  conv2d: { takes: ['x', 'w'], orders, order: CHANNELS_LAST, compute: (x, w) => [conv2d(x!, w!)] },
  'conv2d input gradient': {
    takes: ['x', 'w', 'dy'],
    orders,
    order: CHANNELS_LAST,
    compute: (x, w, dy) => gradients((input) => conv2d(input!, w!), dy!, x!),
  },
  'conv2d filter gradient': {
    takes: ['x', 'w', 'dy'],
    orders,
    order: OUT_LAST,
    compute: (x, w, dy) => gradients((kernel) => conv2d(x!, kernel!), dy!, w!),
  },
  softmax: { takes: ['x'], compute: (x) => [nn.softmax(x!, -1)] },
  'layer norm': {
    takes: ['x', 'scale', 'shift'],
    compute: (x, scale, shift) => [nn.standardize(x!, -1, { epsilon: 1e-3 }).mul(scale!).add(shift!)],
  },
  elementwise: {
    takes: ['x', 'a', 'b', 'c'],
    compute: (x, a, b, c) => [nn.relu(x!.mul(a!).add(b!)).mul(nn.sigmoid(c!))],
  },
  sum: { takes: ['x'], compute: (x) => [np.sum(x!)] },
  lstm: {
    takes: ['x', 'kernel', 'recurrent', 'bias'],
    compute: (x, kernel, recurrent, bias) => [lstm(x!, kernel!, recurrent!, bias!)],
  },
  'lstm gradient': {
    takes: ['x', 'kernel', 'recurrent', 'bias', 'dy'],
    compute: (x, kernel, recurrent, bias, dy) =>
      gradients((...inputs) => lstm(...(inputs as Parameters<typeof lstm>)), dy!, x!, kernel!, recurrent!, bias!),
  },
};

function lstm(x: JaxArray, kernel: JaxArray, recurrent: JaxArray, bias: JaxArray): JaxArray {
  return np.stack(lstmStates(x, kernel, recurrent, bias), 1);
}

export async function start(): Promise<Engine> {
  pretendToBeABrowser();
  await init('webgpu');
  defaultDevice('webgpu');
  const memory: Memory<JaxArray> = {
    read: async (value) => ({ shape: value.shape, data: (await value.ref.data()) as Float32Array }),
    release: (value) => value.dispose(),
    async wait(values) {
      // Submits what is pending; then the same wait as for every engine.
      await blockUntilReady([...values]);
      await getWebGPUDevice().queue.onSubmittedWorkDone();
    },
  };
  const job = ({ compute, takes, orders, order }: JaxWorkload, inputs: Inputs): Job<JaxArray> => {
    const held = takes.map((name) => {
      const axes = orders?.[name];
      return upload(axes === undefined ? inputs[name]! : permuted(inputs[name]!, axes));
    });
    const compiled = jit(compute);
    return { held, order, run: () => compiled(...held.map((value) => value.ref)) as JaxArray[] };
  };
  return {
    async prepare(kind, inputs) {
      if (kind === 'GPT training step' || kind === 'GPT token') throw new Unable(NO_GPT);
      if (kind === 'training step') return preparedSteps(trainer(inputs, upload));
      return preparedJob(job(workloads[kind], inputs), memory);
    },
  };
}

const upload = ({ data, shape }: HostTensor): JaxArray => np.array(data, { shape: [...shape] });
