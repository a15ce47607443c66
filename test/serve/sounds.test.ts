import { beforeAll, expect, test } from 'vitest';
import type { RunningServer } from '../../src/serve/serve.js';
import { temporaryFolder } from '../support/predictor.js';
import { soundPredictor, testPredictor, testServer } from '../support/serve.js';
import { testSound, wavOf } from '../support/sounds.js';

testPredictor(['number']);
const folder = temporaryFolder();
let server: RunningServer;
beforeAll(async () => {
  server = await testServer(await soundPredictor(folder));
});

const sound = wavOf(testSound(4000), 8000);
/** The sound with other bytes somewhere. */
const changed = (at: number, ...bytes: number[]) => {
  const copy = sound.slice();
  copy.set(bytes, at);
  return copy;
};
const send = (clip: Uint8Array, path = 'predict') => {
  const form = new FormData();
  form.append('clip', new Blob([Uint8Array.from(clip)]), 'clip.wav');
  return fetch(`${server.url}/api/${path}`, { method: 'POST', body: form });
};

test('a sound is answered and explained, as short as a sample', async () => {
  for (const clip of [sound, wavOf(testSound(1), 8000)]) {
    expect((await send(clip)).status).toBe(200);
    const { fields } = await (await send(clip, 'explain')).json();
    expect(fields[0].parts.effects.every(Number.isFinite)).toBe(true);
  }
  const { fields } = await (await send(sound, 'explain')).json();
  expect([fields[0].parts.seconds, fields[0].parts.effects.length]).toEqual([0.5, 16]);
});

test.each([
  ['no samples', wavOf(new Float32Array(0), 8000), 'samples'],
  ['a rate of 0', changed(24, 0, 0, 0, 0), '0 samples a second'],
  ['a length that lies', changed(40, 0xff, 0xff, 0xff, 0x7f), 'cut off'],
  ['no channels', changed(22, 0, 0), '0 channels'],
  ['ten hours', wavOf(new Float32Array(40_000), 1), 'at most 600 s'],
  [
    'samples that are no numbers',
    changed(20, 3, 0, 1, 0, 0x40, 0x1f, 0, 0, 0, 0, 0, 0, 4, 0, 32, 0).fill(0xff, 44),
    'NaN',
  ],
  ['a video by name', Uint8Array.from(Buffer.from('\0\0\0\x18ftypmp42....moov')), 'expected a WAV, Ogg, MP3 or FLAC'],
  ['half a head', sound.slice(0, 20), 'header'],
])('a sound of %s is refused, and the server stands', async (_, clip, message) => {
  for (const path of ['predict', 'explain']) {
    const response = await send(clip, path);
    const { error, column } = await response.json();
    expect([response.status, column, error]).toEqual([400, 'clip', expect.stringContaining(message)]);
  }
  expect((await send(sound)).status).toBe(200);
});
