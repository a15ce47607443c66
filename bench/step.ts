import { type Batch, type PairedData, rowsOf } from '../src/data/index.js';
import { TextImageClassifier } from '../src/models/index.js';
import { Adam, crossEntropy } from '../src/nn/index.js';
import { type Device, Generator } from '../src/tensor/index.js';
import { measureInTurn, quantile, type Row, statistics } from './measure.js';

/** The Keras model: Embedding(10000, 128) + LSTM(128), Conv2D(64, 3x3) + Flatten, Dense(10), Adam. */
const CASE = 'training step, 28x28x1, 20 tokens, batch 32';
const BATCH = 32;
/** Batches take turns, so that no input lies in a cache from the step before. */
const BATCHES = 4;
const ROUNDS = 15;
const CHECKED_STEPS = 3;
const TOLERANCE = 1e-3;

export interface StepOptions {
  readonly device: Device;
  readonly peers: boolean;
  readonly note: (line: string) => void;
}

/**
 * Times a whole training step, from the batch on the host to the loss on the host, and takes TF.js along.
 * @throws Error if both do not give the same losses first.
 */
export async function benchStep({ device, peers, note }: StepOptions): Promise<Row[]> {
  const data = randomData(BATCH * BATCHES);
  const batches = Array.from({ length: BATCHES }, (_, index) =>
    rowsOf(
      data,
      Uint32Array.from({ length: BATCH }, (__, row) => index * BATCH + row),
    ),
  );
  const model = new TextImageClassifier({ seed: 1 });
  const peer = peers ? await tfjs(model, batches) : undefined;
  const optimizer = new Adam(model.parameters());
  const hostTimes: number[] = [];
  const step = async (): Promise<number> => {
    const { tokens, images, labels } = batches[optimizer.steps % BATCHES]!;
    const begin = performance.now();
    const loss = crossEntropy(model.forward({ tokens, images }), labels);
    await optimizer.step(loss);
    hostTimes.push(performance.now() - begin);
    return loss.item();
  };

  for (let index = 0; index < CHECKED_STEPS; index++) {
    const ours = await step();
    const theirs = await peer?.();
    if (theirs !== undefined && !(Math.abs(ours - theirs) <= TOLERANCE)) {
      throw new Error(
        `step ${index}: Tessera's loss is ${ours}, TF.js's ${theirs}; a race of different work tells nothing`,
      );
    }
    note(`loss at step ${index}: ${ours.toFixed(5)}${theirs === undefined ? '' : `, TF.js ${theirs.toFixed(5)}`}`);
  }

  const created = { ...device.counters };
  hostTimes.length = 0;
  const contestants = [
    { engine: 'Tessera', run: step },
    ...(peer === undefined ? [] : [{ engine: 'TF.js WebGPU', run: peer }]),
  ];
  const times = await measureInTurn(contestants, ROUNDS);
  const { buffersCreated, bindGroupsCreated, pipelinesCreated } = device.counters;
  note(
    `created since: ${buffersCreated - created.buffersCreated} buffers, ` +
      `${bindGroupsCreated - created.bindGroupsCreated} bind groups, ${pipelinesCreated - created.pipelinesCreated} pipelines`,
  );
  const host = quantile(hostTimes, 0.5);
  note(`host: ${host.toFixed(1)} ms, ${((100 * host) / quantile(times[0]!, 0.5)).toFixed(1)}% of Tessera's step`);
  return contestants.map(({ engine }, index) => ({
    ...{ case: CASE, engine, adapter: device.name },
    ...statistics(times[index]!),
  }));
}

/** TF.js with the model's weights of now, on batches that are on its device already. */
async function tfjs(model: TextImageClassifier, batches: readonly Batch[]): Promise<() => Promise<number>> {
  const { startTfjsOnWebgpu } = await import('./peers/tfjs-webgpu.js');
  await startTfjsOnWebgpu();
  const { TfjsClassifier } = await import('./peers/tfjs-classifier.js');
  const peer = await TfjsClassifier.from(model, batches[0]!.tokens.shape[1]!);
  const uploaded = await Promise.all(batches.map((batch) => peer.upload(batch)));
  let steps = 0;
  return () => peer.step(uploaded[steps++ % batches.length]!);
}

/** Words from the whole vocabulary and pixels of noise: nothing to learn, but all of the work. */
function randomData(size: number): PairedData {
  const [time, image] = [20, [28, 28, 1]] as const;
  const generator = new Generator(1);
  const pixels = image[0] * image[1] * image[2];
  return {
    ...{ size, time, image, classes: Array.from({ length: 10 }, (_, label) => `${label}`) },
    tokens: Int32Array.from({ length: size * time }, () => generator.integer(10_000)),
    mask: new Float32Array(size * time).fill(1),
    images: Float32Array.from({ length: size * pixels }, () => generator.normal()),
    labels: Int32Array.from({ length: size }, () => generator.integer(10)),
  };
}
