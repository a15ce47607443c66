import { readFileSync } from 'node:fs';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { MelSpectrogram, type MelSpectrogramOptions } from '../../src/nn/index.js';
import { grad, setDefaultDevice, tensor } from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { testSound } from '../support/sounds.js';

interface Golden {
  readonly length: number;
  readonly options: MelSpectrogramOptions;
  readonly shape: readonly number[];
  readonly mel: readonly number[];
  readonly gradient: readonly number[];
}
const { mel } = JSON.parse(readFileSync(new URL('../golden/sounds.json', import.meta.url), 'utf8')) as {
  mel: Golden[];
};

afterAll(() => setDefaultDevice(undefined));

const cases = [gpu, reference].flatMap((device) => mel.map((golden) => ({ device, name: device.name, ...golden })));

test.each(cases)('of $length samples, and its gradient, as torchaudio: $name', async (golden) => {
  setDefaultDevice(golden.device);
  const transform = new MelSpectrogram(golden.options);
  const samples = testSound(golden.length);
  const spectrogram = transform.forward(tensor([Array.from(samples)]));
  expect(spectrogram.shape).toEqual([1, ...golden.shape]);
  const found = await spectrogram.data();
  // Far below the loudest band (1e-9 is 90 dB) the rounding of f32 shows; that of torchaudio in f32 is larger.
  const loudest = Math.max(...golden.mel);
  golden.mel.forEach((value, at) => {
    expect(Math.abs(found[at] - value)).toBeLessThan(1e-4 * value + 1e-9 * loudest);
  });

  const weights = tensor(
    Float32Array.from(golden.mel, (_, at) => Math.cos(at)),
    [1, ...golden.shape],
  );
  const x = tensor([Array.from(samples)]);
  const gradient = await grad(transform.forward(x).multiply(weights).sum(), [x])[0].data();
  const scale = Math.max(...golden.gradient.map(Math.abs));
  golden.gradient.forEach((value, at) => {
    expect(Math.abs(gradient[at] - value)).toBeLessThan(1e-5 * scale);
  });
});

test('sounds are transformed one by one', async () => {
  setDefaultDevice(gpu);
  const transform = new MelSpectrogram(mel[2].options);
  const [first, second] = [testSound(301), testSound(301).map((value) => value / 2)];
  const both = await transform.forward(tensor([Array.from(first), Array.from(second)])).data();
  const half = both.length / 2;
  for (let at = 0; at < half; at++) expect(both[half + at]).toBeCloseTo(both[at] / 4, 3);
});

test('cosines, sines and triangles are uploaded once', async () => {
  setDefaultDevice(gpu);
  const transform = new MelSpectrogram(mel[2].options);
  const write = vi.spyOn(gpu, 'write');
  onTestFinished(() => write.mockRestore());
  const step = async () => {
    write.mockClear();
    await transform.forward(tensor([Array.from(testSound(301))])).data();
    return write.mock.calls.map(([, { length }]) => length);
  };
  expect((await step()).length).toBeGreaterThan(1);
  expect([await step(), await step()]).toEqual([[301], [301]]);
});

test('options and sounds are checked', () => {
  expect(() => new MelSpectrogram({ sampleRate: 0 })).toThrow('MelSpectrogram: sampleRate must be a positive integer');
  expect(() => new MelSpectrogram({ sampleRate: 8000, highest: 5000 })).toThrow(
    'frequencies from 0 to 5000 Hz are not within 0 and half the sample rate, 4000 Hz, in order',
  );
  const transform = new MelSpectrogram({ sampleRate: 8000 });
  expect(() => transform.forward(tensor([1, 2]))).toThrow('MelSpectrogram: expected samples of f32 [batch, samples]');
  expect(() => transform.forward(tensor([[1, 2]]))).toThrow('expected more than 200 samples, half a frame, got 2');
});
