import sharp from 'sharp';
import { expect, test } from 'vitest';
import { thumbnail } from '../../../src/data/node/index.js';

async function sizeOf(url: string): Promise<(number | string)[]> {
  const [head, body] = url.split(',');
  const { width, height, format } = await sharp(Buffer.from(body, 'base64')).metadata();
  return [head, width, height, format];
}

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#c33' } });

test('a thumbnail is a small picture of the same shape, upright', async () => {
  const upright = ['data:image/webp;base64', 96, 192, 'webp'];
  expect(await sizeOf(await thumbnail(await picture(300, 600).png().toBuffer()))).toEqual(upright);
  const turned = picture(600, 300).withMetadata({ orientation: 6 }).jpeg();
  expect(await sizeOf(await thumbnail(await turned.toBuffer()))).toEqual(upright);
  expect((await sizeOf(await thumbnail(await picture(20, 10).png().toBuffer()))).slice(1, 3)).toEqual([20, 10]);
});

test('bytes that are no image are refused', async () => {
  await expect(thumbnail(Uint8Array.of(1, 2, 3))).rejects.toThrow(/^cannot decode 'image': .*; expected a PNG/);
});
