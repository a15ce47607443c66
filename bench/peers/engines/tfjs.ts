import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { type Engine, type Job, type Memory, NO_GPT, preparedJob, preparedSteps, Unable } from '../engine.js';
import type { GptKind, HostTensor, Inputs, WorkloadKind } from '../workloads.js';
import { pretendToBeABrowser } from './browser.js';
import { TfjsClassifier } from './tfjs-classifier.js';

type Gates = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
type Compute = (inputs: Record<string, tf.Tensor>) => tf.Tensor[];

const GEOMETRY = { strides: 1, pad: 'same', dataFormat: 'NHWC' };

/**
 * The convolution's gradients are kernels of their own: taken alone, without the forward pass that tf.grad would add.
 */
const workloads: Readonly<Record<Exclude<WorkloadKind, 'training step' | GptKind>, Compute>> = {
  matmul: ({ a, b }) => [tf.matMul(a!, b!)],
  conv2d: ({ x, w }) => [tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same')],
  'conv2d input gradient': ({ x, w, dy }) => [
    tf.conv2dTranspose(dy as tf.Tensor4D, w as tf.Tensor4D, x!.shape as [number, number, number, number], 1, 'same'),
  ],
  'conv2d filter gradient': ({ x, w, dy }) => [
    tf.engine().runKernel('Conv2DBackpropFilter', { x: x!, dy: dy! }, { ...GEOMETRY, filterShape: w!.shape }),
  ],
  softmax: ({ x }) => [tf.softmax(x!)],
  'layer norm': ({ x, scale, shift }) => {
    const { mean, variance } = tf.moments(x!, -1, true);
    const normal = tf.mul(tf.sub(x!, mean), tf.rsqrt(tf.add(variance, 1e-3)));
    return [tf.add(tf.mul(normal, scale!), shift!)];
  },
  elementwise: ({ x, a, b, c }) => [tf.mul(tf.relu(tf.add(tf.mul(x!, a!), b!)), tf.sigmoid(c!))],
  sum: ({ x }) => [tf.sum(x!)],
  lstm: ({ x, kernel, recurrent, bias }) => [lstm(x!, kernel!, recurrent!, bias!)],
  'lstm gradient': ({ x, kernel, recurrent, bias, dy }) => tf.grads(lstm)([x!, kernel!, recurrent!, bias!], dy!),
};

/** The products with the inputs are one for all steps. */
function lstm(x: tf.Tensor, kernel: tf.Tensor, recurrent: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const [batch, time, features] = x.shape as [number, number, number];
  const size = recurrent.shape[0]!;
  const byTime = tf.reshape(tf.transpose(x, [1, 0, 2]), [time * batch, features]);
  const xGates = tf.reshape(tf.add(tf.matMul(byTime, kernel), bias), [time, batch, 4 * size]);
  let [hidden, cell]: tf.Tensor[] = [tf.zeros([batch, size]), tf.zeros([batch, size])];
  const states = tf.unstack(xGates).map((ofInput) => {
    const [i, f, g, o] = tf.split(tf.add(ofInput, tf.matMul(hidden!, recurrent)), 4, 1) as Gates;
    cell = tf.add(tf.mul(tf.sigmoid(f), cell!), tf.mul(tf.sigmoid(i), tf.tanh(g)));
    hidden = tf.mul(tf.sigmoid(o), tf.tanh(cell));
    return hidden;
  });
  return tf.stack(states, 1);
}

export async function start(): Promise<Engine> {
  pretendToBeABrowser();
  // Only now: it looks at the globals while it loads.
  await import('@tensorflow/tfjs-backend-webgpu');
  if (!(await tf.setBackend('webgpu'))) throw new Error('TF.js cannot use this adapter');
  await tf.ready();
  const backend = tf.backend() as WebGPUBackend;
  const memory: Memory<tf.Tensor> = {
    read: async (value) => ({ shape: value.shape, data: (await value.data()) as Float32Array }),
    release: (value) => value.dispose(),
    async wait() {
      // Without the first line a pass is left open, and what was submitted is not valid: nothing would be computed.
      if ((backend as unknown as { commandEncoder: unknown }).commandEncoder) {
        backend.endComputePassEncoder();
        backend.submitQueue();
      }
      await backend.device.queue.onSubmittedWorkDone();
    },
  };
  const job = (compute: Compute, inputs: Inputs): Job<tf.Tensor> => {
    const held = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, upload(input)]));
    return { held: Object.values(held), run: () => tf.tidy(() => compute(held)) };
  };
  return {
    async prepare(kind, inputs) {
      if (kind === 'GPT training step' || kind === 'GPT token') throw new Unable(NO_GPT);
      if (kind === 'training step') return preparedSteps(TfjsClassifier.trainer({ tf, layers }, inputs));
      return preparedJob(job(workloads[kind], inputs), memory);
    },
  };
}

const upload = ({ data, shape }: HostTensor): tf.Tensor =>
  tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32');
