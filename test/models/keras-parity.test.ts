import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { TfjsClassifier } from '../../bench/peers/engines/tfjs-classifier.js';
import type { HostTensor } from '../../bench/peers/workloads.js';
import { type Batch, batches, toyData } from '../../src/data/index.js';
import { TextImageClassifier } from '../../src/models/index.js';
import { Adam, crossEntropy } from '../../src/nn/index.js';
import { valuesOf } from '../../src/nn/module.js';
import type { Tensor } from '../../src/tensor/index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const onHost = async (values: Tensor): Promise<HostTensor> => ({
  shape: values.shape,
  data: (await values.data()) as HostTensor['data'],
});

/** The losses of the first steps, one batch a step, here and in TF.js. */
async function lossesOfBoth(model: TextImageClassifier, steps: readonly Batch[], masked: boolean) {
  const weights = Object.fromEntries(await valuesOf(model.namedParameters()));
  const peer = new TfjsClassifier({ tf, layers }, weights, model.image, steps[0].tokens.shape[1], { masked });
  const optimizer = new Adam(model.parameters());
  const [ours, theirs]: number[][] = [[], []];
  for (const { tokens, mask, images, labels } of steps) {
    const loss = crossEntropy(model.forward({ tokens, images, ...(masked ? { mask } : {}) }), labels);
    await optimizer.step(loss);
    ours.push(await loss.item());
    const batch = await Promise.all([tokens, images, labels].map(onHost));
    theirs.push(await peer.step(peer.upload(...(batch as [HostTensor, HostTensor, HostTensor]))));
  }
  return { ours: ours, theirs: theirs };
}

const close = (ours: readonly number[], theirs: readonly number[]) =>
  ours.forEach((loss, step) => {
    expect(Math.abs(loss - theirs[step]), `step ${step}: ${ours} and ${theirs}`).toBeLessThan(1e-4);
  });

// Few rows: TF.js's gradient of an embedding on the CPU takes vocabulary x tokens steps.
test('the Keras model at its own sizes: the first 3 losses are those of TF.js', async () => {
  const data = toyData({ size: 9, seed: 1, pixels: 28, time: 3 });
  const model = new TextImageClassifier({ seed: 1 });
  const { ours, theirs } = await lossesOfBoth(model, [...batches(data, { size: 3 })], false);
  close(ours, theirs);
  expect(Math.max(...ours) - Math.min(...ours)).toBeGreaterThan(0.1);
});

test('padding is masked as by TF.js', async () => {
  const sizes = { vocabulary: 8, embedding: 5, units: 6, image: [8, 8, 1], filters: 3, classes: 4 } as const;
  const steps = [...batches(toyData({ size: 35, seed: 2 }), { size: 7 })];
  expect((await Promise.all(steps.map(({ mask }) => mask.data()))).some((mask) => mask.includes(0))).toBe(true);
  const { ours, theirs } = await lossesOfBoth(new TextImageClassifier({ ...sizes, seed: 2 }), steps, true);
  close(ours, theirs);
});
