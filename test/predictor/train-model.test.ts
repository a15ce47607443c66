import { afterAll, beforeAll, expect, test } from 'vitest';
import { targetOf } from '../../src/data/schema.js';
import { buildModel } from '../../src/predictor/build.js';
import type { TrainingConfig } from '../../src/predictor/config.js';
import type { RunData } from '../../src/predictor/data.js';
import { type TrainingOptions, trainModel } from '../../src/predictor/train-model.js';
import { bestOf, parseProgress, type TrainingState } from '../../src/predictor/training-state.js';
import { setDefaultDevice } from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { CONFIG, dataOf, TARGETS, TRAINING } from '../support/runs.js';

beforeAll(() => setDefaultDevice(reference));
afterAll(() => setDefaultDevice(undefined));

let data: RunData;
beforeAll(async () => {
  data = await dataOf(TARGETS.category, ['text', 'number', 'category']);
});

const build = (of: RunData) => buildModel(of.schema, CONFIG.model, { seed: 3 });

function train(config: Partial<TrainingConfig> = {}, options: Partial<TrainingOptions> = {}, of = data) {
  const rows = { encoded: of.encoded, train: of.train, validation: of.validation, target: targetOf(of.schema) };
  return trainModel(build(of), rows, { ...TRAINING, ...config }, { seed: 3, ...options });
}

const bits = ({ tensors }: TrainingState) =>
  Object.fromEntries([...tensors].map(([name, { data }]) => [name, Buffer.from(data.buffer).toString('base64')]));
const records = ({ progress }: TrainingState) =>
  progress.history.map(({ milliseconds: _, wallTime: __, ...record }) => record);

// The reference keeps float64 in memory, and f32 in files.
test.skipIf(gpu.kind === 'reference')(
  'a training that is stopped after any step continues to the same bits',
  async () => {
    setDefaultDevice(gpu);
    try {
      await expectSameBits(await dataOf(TARGETS.category, ['number']));
    } finally {
      setDefaultDevice(reference);
    }
  },
);

/** Stops a training after each of its steps, and compares what becomes of it with one that was not stopped. */
async function expectSameBits(of: RunData): Promise<void> {
  const whole = await train({}, {}, of);
  expect(whole.progress).toMatchObject({ steps: 6, finished: true });
  for (let last = 1; last <= 6; last++) {
    const controller = new AbortController();
    const stopped = await train(
      {},
      {
        signal: controller.signal,
        onStep: ({ steps }) => {
          if (steps === last) controller.abort();
        },
      },
      of,
    );
    expect(stopped.progress).toMatchObject({ steps: last, finished: false });
    // The state goes through a file.
    const start = { ...stopped, progress: parseProgress(JSON.parse(JSON.stringify(stopped.progress))) };
    const continued = await train({}, { start }, of);
    expect(records(continued), `stopped after ${last} steps`).toEqual(records(whole));
    expect(bits(continued), `stopped after ${last} steps`).toEqual(bits(whole));
  }
}

test('the best epoch is kept, and training ends when none is better', async () => {
  const states: TrainingState[] = [];
  const last = await train(
    { epochs: 30, patience: 2, learningRate: 0.05, averageDecay: 0 },
    {
      async save(state) {
        states.push(state);
      },
    },
  );
  const { history, best, finished } = last.progress;
  expect(finished).toBe(true);
  expect(history.length).toBeLessThan(30);
  expect(history.length - best).toBe(2);
  const accuracies = history.map(({ validation }) => validation.accuracy);
  expect(accuracies[best - 1]).toBe(Math.max(...accuracies));
  // The parameters after the best epoch are those that are kept; later ones differ.
  const atBest = states.find(({ progress }) => progress.history.length === best);
  const parameters = (state: TrainingState, prefix: string) =>
    Object.fromEntries(Object.entries(bits(state)).filter(([name]) => name.startsWith(prefix)));
  expect(atBest && parameters(atBest, 'best.')).toEqual(parameters(last, 'best.'));
  const kept = bestOf(last);
  const name = [...kept.keys()][0];
  expect(kept.get(name)?.data).toEqual(atBest?.tensors.get(`model.${name}`)?.data);
  expect(kept.get(name)?.data).not.toEqual(last.tensors.get(`model.${name}`)?.data);
});

test('the averages of parameters are validated and kept, and training goes on with the parameters', async () => {
  const [averaged, plain] = [await train({ averageDecay: 0.9 }), await train({ averageDecay: 0 })];
  const of = (state: TrainingState, prefix: string) =>
    [...bestOf(state).keys()].map((name) => bits(state)[`${prefix}${name}`]);
  expect(of(averaged, 'model.')).toEqual(of(plain, 'model.'));
  expect(of(averaged, 'best.')).not.toEqual(of(plain, 'best.'));
});

test('a limit on the time ends the training, and its schedule', async () => {
  const { progress } = await train({ epochs: 1000, patience: 1000, minutes: 1e-6 });
  expect(progress.finished).toBe(true);
  expect(progress.total).toBe(progress.steps);
  expect(progress.steps).toBe(4);
  expect(progress.history.at(-1)?.steps).toBe(4);
});

test('the warm-up leads to the learning rate, and half a cosine to 0', async () => {
  const { progress } = await train({ epochs: 10, warmUp: 0.5, patience: 10 });
  const rates = progress.history.map(({ learningRate }) => learningRate);
  const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
  expect(rates.slice(0, 5)).toEqual(sorted(rates.slice(0, 5)));
  expect(rates.slice(5)).toEqual(sorted(rates.slice(5)).reverse());
  expect(Math.max(...rates)).toBeGreaterThan(0.9 * TRAINING.learningRate);
  expect(rates[9]).toBeLessThan(0.02 * TRAINING.learningRate);
  // With nothing but warm-up, the last step has the whole rate.
  const warming = await train({ epochs: 1, warmUp: 1 });
  expect(warming.progress.history[0].learningRate).toBe(TRAINING.learningRate);
});

test('a loss that is not finite ends the training', async () => {
  const of = await dataOf(TARGETS.number, ['number']);
  await expect(train({ learningRate: 1e300, warmUp: 0 }, {}, of)).rejects.toThrow(
    /the loss is (NaN|Infinity|-Infinity) after \d+ steps: the training has diverged; try a smaller learning rate/,
  );
});

test.each(Object.values(TARGETS))('trains on a target of kind $kind', async (target) => {
  const of = await dataOf(target, ['number', 'category']);
  const { progress } = await train({ epochs: 8, learningRate: 0.02, patience: 8 }, {}, of);
  expect(progress.history[7].loss).toBeLessThan(progress.history[0].loss);
});
