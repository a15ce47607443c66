import { expect, test } from 'vitest';
import { configOf, type GPTConfig, parseGPTConfig, parseSettings, settingsOf } from '../../src/gpt/config.js';

const config = configOf({
  ...settingsOf('cpu', {}),
  text: { files: ['plays.txt'], characters: 100, hash: 'ab' },
  seed: 3,
  command: 'tessera gpt train plays.txt',
});

test("the presets are nanoGPT's", () => {
  expect(settingsOf('cpu', {})).toMatchObject({
    model: { layers: 4, heads: 4, width: 128, block: 64, dropout: 0, bias: false },
    training: { steps: 2000, batch: 12, learningRate: 1e-3, finalLearningRate: 1e-4, warmUp: 100, beta2: 0.99 },
  });
  expect(settingsOf('gpu', {})).toMatchObject({
    model: { layers: 6, heads: 6, width: 384, block: 256, dropout: 0.2 },
    training: { steps: 5000, batch: 64, weightDecay: 0.1, clipNorm: 1, evaluateEvery: 250, evaluationBatches: 200 },
  });
});

test('what is chosen goes before the preset; the final rate and the warm-up follow it', () => {
  const { model, training } = settingsOf('cpu', { model: { width: 16 }, training: { learningRate: 0.02, steps: 40 } });
  expect([model.width, model.layers, training.finalLearningRate, training.warmUp]).toEqual([16, 4, 0.002, 2]);
  expect(() => settingsOf('cpu', { training: { steps: 10, warmUp: 10 } })).toThrow(
    'warmUp: expected fewer than the 10 steps of the training, got 10',
  );
});

test('a configuration is read as it was written', () => {
  expect(parseGPTConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
});

test.each<[change: (config: GPTConfig) => unknown, message: string]>([
  [() => undefined, "config: expected version 'gpt-1', got undefined"],
  [(config) => ({ ...config, version: 2 }), "expected version 'gpt-1', got 2; it is no run of 'tessera gpt train'"],
  [(config) => ({ ...config, seed: -1 }), 'config: seed must be a non-negative integer'],
  [(config) => ({ ...config, model: { ...config.model, width: 0 } }), 'config.model: width must be a positive integer'],
  [(config) => ({ ...config, training: { ...config.training, steps: 'all' } }), 'config.training: steps must be'],
  [(config) => ({ ...config, text: {} }), 'config.text: files must be'],
])('a damaged configuration is refused (%#)', (change, message) => {
  expect(() => parseGPTConfig(change(config))).toThrow(message);
});

test('settings of a file may be those of a run, or a part', () => {
  expect(parseSettings(config)).toEqual({ model: config.model, training: config.training, seed: 3 });
  expect(parseSettings({ training: { steps: 5 } })).toEqual({ training: { steps: 5 } });
  expect(() => parseSettings({ model: { widht: 5 } })).toThrow("widht' (did you mean 'width'?)");
  expect(() => parseSettings({ training: { steps: 0 } })).toThrow('config.training: steps must be a positive integer');
  expect(() => parseSettings([])).toThrow('config: expected an object of options');
});
