import { rowsOf } from '../src/data/index.js';
import { median } from '../src/gpu/statistics.js';
import { TextImageClassifier } from '../src/models/index.js';
import { Adam, crossEntropy } from '../src/nn/index.js';
import type { Device } from '../src/tensor/index.js';
import { measureInTurn, type Row, statistics } from './measure.js';
import { BATCH, BATCHES, trainingData } from './step-data.js';

/** The Keras model: Embedding(10000, 128) + LSTM(128), Conv2D(64, 3x3) + Flatten, Dense(10), Adam. */
const CASE = 'training step, 28x28x1, 20 tokens, batch 32';
const ROUNDS = 15;

export interface StepOptions {
  readonly device: Device;
  readonly note: (line: string) => void;
}

/** Times a whole training step, from the batch on the host to the loss on the host, and the host's part of it. */
export async function benchStep({ device, note }: StepOptions): Promise<Row[]> {
  const data = trainingData();
  const batches = Array.from({ length: BATCHES }, (_, index) =>
    rowsOf(
      data,
      Uint32Array.from({ length: BATCH }, (__, row) => index * BATCH + row),
    ),
  );
  const model = new TextImageClassifier({ seed: 1 });
  const optimizer = new Adam(model.parameters());
  const hostTimes: number[] = [];
  const step = async (): Promise<number> => {
    const { tokens, images, labels } = batches[optimizer.steps % BATCHES];
    const begin = performance.now();
    const loss = crossEntropy(model.forward({ tokens, images }), labels);
    await optimizer.step(loss);
    hostTimes.push(performance.now() - begin);
    return loss.item();
  };
  // The second step prepares the plan that all later ones replay.
  for (let index = 0; index < 3; index++) await step();

  const created = { ...device.counters };
  hostTimes.length = 0;
  const [times] = await measureInTurn([{ engine: 'Tessera', run: step }], ROUNDS);
  const { buffersCreated, bindGroupsCreated, pipelinesCreated } = device.counters;
  note(
    `created since: ${buffersCreated - created.buffersCreated} buffers, ` +
      `${bindGroupsCreated - created.bindGroupsCreated} bind groups, ${pipelinesCreated - created.pipelinesCreated} pipelines`,
  );
  const host = median(hostTimes);
  note(`host: ${host.toFixed(1)} ms, ${((100 * host) / median(times)).toFixed(1)}% of the step`);
  return [{ case: CASE, engine: 'Tessera', adapter: device.name, ...statistics(times) }];
}
