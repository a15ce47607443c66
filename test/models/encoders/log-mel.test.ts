import { afterAll, beforeAll, expect, test } from 'vitest';
import { LogMel } from '../../../src/models/encoders/log-mel.js';
import { SoundConv } from '../../../src/models/index.js';
import { setDefaultDevice, tensor, zeros } from '../../../src/tensor/index.js';
import { reference } from '../../support/devices.js';
import { expectClose, normals } from '../../support/numbers.js';

beforeAll(() => setDefaultDevice(reference));
afterAll(() => setDefaultDevice(undefined));

const samples = normals(64, 4);
const x = tensor(samples, [1, 64]);
const make = () => new LogMel({ sampleRate: 800, bands: 8, masked: 0.9 }, 1);
const valuesOf = async (logMel: LogMel) =>
  Array.from(await logMel.forward({ samples: x }, 'LogMel').spectrogram.data());

test('it does not matter how loud a sound is, nor how much silence follows', async () => {
  const logMel = make().eval();
  const plain = await valuesOf(logMel);
  const louder = logMel.forward({ samples: x.mul(30) }, 'LogMel');
  expectClose(await louder.spectrogram.data(), Float32Array.from(plain), { absolute: 1e-3, relative: 1e-3 });
  // The frames at the end of a sound see what follows it.
  const padded = tensor(
    Float32Array.from({ length: 128 }, (_, at) => samples[at] ?? 0),
    [1, 128],
  );
  const cut = await logMel.forward({ samples: padded, seconds: tensor([64 / 800]) }, 'LogMel').spectrogram.data();
  expect(cut.slice(8 * 8).every((value) => value === 0)).toBe(true);
  expect(cut.slice(0, 8 * 8).some((value) => value > 1)).toBe(true);
});

test('silence, and sounds of no length, are zeros', async () => {
  const silence = make()
    .eval()
    .forward({ samples: zeros([2, 64]), seconds: tensor([0.08, 0]) }, 'LogMel');
  for (const value of await silence.spectrogram.data()) expect(Math.abs(value)).toBeLessThan(1e-3);
});

test('training hides other parts for each draw and each encoder, and the same for a seed', async () => {
  const first = make();
  const [a, b] = [await valuesOf(first), await valuesOf(first)];
  expect(a.filter((value) => value === 0).length).toBeGreaterThan(0);
  expect(a).not.toEqual(b);
  expect(await valuesOf(make())).not.toEqual(a);
  const seeded = async () => {
    const { logMel } = new SoundConv({ sampleRate: 800, bands: 8, width: 8, masked: 0.9, seed: 1 });
    return valuesOf(logMel);
  };
  expect(await seeded()).toEqual(await seeded());
});
