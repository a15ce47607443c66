import { afterAll, beforeAll, expect, test } from 'vitest';
import { CharacterTokenizer } from '../../src/data/tokens/characters.js';
import { type GPTTrainingConfig, settingsOf } from '../../src/gpt/config.js';
import { wholeLoss } from '../../src/gpt/losses.js';
import { divideText } from '../../src/gpt/text-data.js';
import { DivergedError, type GPTState, scheduleOf, type TrainGPTOptions, trainGPT } from '../../src/gpt/train-gpt.js';
import { GPT } from '../../src/models/index.js';
import { setDefaultDevice } from '../../src/tensor/index.js';
import { gpu } from '../support/devices.js';

beforeAll(() => setDefaultDevice(gpu));
afterAll(() => setDefaultDevice(undefined));

const text = 'to be or not to be\n'.repeat(20);
const data = divideText(text, CharacterTokenizer.of(text));
const config: GPTTrainingConfig = settingsOf('cpu', {
  training: { steps: 6, batch: 4, learningRate: 0.02, evaluateEvery: 3, evaluationBatches: 2 },
}).training;
const newModel = (dropout = 0) =>
  new GPT({ vocabulary: data.tokenizer.size, block: 8, layers: 1, heads: 2, width: 16, dropout, seed: 1 });
const options: TrainGPTOptions = { seed: 1, keep: async () => {}, save: async () => {} };

test('the learning rate rises in a line and falls along half a cosine, as in nanoGPT', () => {
  const rate = scheduleOf(settingsOf('cpu', {}).training);
  expect(rate(0)).toBeCloseTo(1e-3 / 101, 12);
  expect(rate(99)).toBeCloseTo((1e-3 * 100) / 101, 12);
  expect(rate(100)).toBe(1e-3);
  expect(rate(1050)).toBeCloseTo((1e-3 + 1e-4) / 2, 12);
  expect(rate(2000)).toBeCloseTo(1e-4, 12);
});

test('a training saves before it begins, after evaluations and at the end, and keeps what is best', async () => {
  const saved: number[] = [];
  const kept: number[] = [];
  const model = newModel();
  let now = 0;
  const progress = await trainGPT(model, data, config, {
    ...options,
    onStep: ({ steps }) => {
      now = steps;
    },
    save: async ({ progress: { steps } }) => void saved.push(steps),
    keep: async () => void kept.push(now),
    sample: async (steps) => `${steps}${model.training}`,
  });
  expect(saved).toEqual([0, 3, 6]);
  expect(kept[0]).toBe(3);
  expect(progress).toMatchObject({ steps: 6, finished: true, best: kept.at(-1) });
  expect(progress.history.map(({ steps, sample }) => [steps, sample])).toEqual([
    [3, '3false'],
    [6, '6false'],
  ]);
  expect(model.training).toBe(true);
});

test('a stopped training continues to the same losses, bit by bit, with dropout and accumulated gradients', async () => {
  const settings = { ...config, accumulate: 2 };
  const losses = async (stopAt: number) => {
    const found: number[] = [];
    const controller = new AbortController();
    let state: GPTState | undefined;
    const train = (start?: GPTState, signal?: AbortSignal) =>
      trainGPT(newModel(0.1), data, settings, {
        ...options,
        start,
        signal,
        onStep({ steps, loss }) {
          found.push(loss);
          if (steps === stopAt) controller.abort();
        },
        save: async (saved) => {
          state = saved;
        },
      });
    const first = await train(undefined, controller.signal);
    if (first.finished) return [found, first.history.map(({ validation }) => validation)];
    const { history } = await train(state);
    return [found, history.map(({ validation }) => validation)];
  };
  const whole = await losses(-1);
  expect(whole[0]).toHaveLength(6);
  for (const stopAt of [2, 3, 6]) expect(await losses(stopAt), `stopped after ${stopAt}`).toEqual(whole);
});

test('a training whose loss is not finite names the op, and keeps the state before', async () => {
  const saved: GPTState[] = [];
  const training = trainGPT(
    newModel(),
    data,
    { ...config, learningRate: 1e30, finalLearningRate: 0 },
    {
      ...options,
      save: async (state) => void saved.push(state),
    },
  );
  await expect(training).rejects.toThrow(DivergedError);
  await expect(training).rejects.toThrow(/has diverged \('\w+' gave (NaN|-?Infinity) at index/);
  expect(saved.map(({ progress }) => progress.steps)).toEqual([0]);
});

test('the loss of a whole text is the mean over its tokens, whatever the batch', async () => {
  const model = newModel();
  const losses = [];
  for (const batch of [1, 3, 64]) losses.push(await wholeLoss(model, data.validation, batch));
  for (const loss of losses) expect(loss).toBeCloseTo(losses[0], 5);
  expect(Math.abs(losses[0] - Math.log(data.tokenizer.size))).toBeLessThan(0.3);
});
