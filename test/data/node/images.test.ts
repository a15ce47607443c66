import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodeBytes, thumbnail } from '../../../src/data/node/index.js';

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
  const cut = (await picture(9, 9).png().toBuffer()).subarray(0, 30);
  await expect(thumbnail(cut)).rejects.toThrow(
    "cannot decode 'image': Input buffer has corrupt header; expected a PNG",
  );
});

test('the shape of a decoded image is checked', async () => {
  const bytes = await picture(5, 7).png().toBuffer();
  const shape = { height: 3, width: 4, fit: 'contain', background: '#ffffff' } as const;
  expect(await decodeBytes(bytes, shape)).toHaveLength(3 * 4 * 3);
  const { width, ...rest } = shape;
  await expect(decodeBytes(bytes, { ...rest, widht: width } as never)).rejects.toThrow(
    "decodeBytes: there is no option 'widht' (did you mean 'width'?)",
  );
  await expect(decodeBytes(bytes, { ...shape, fit: 'fill' as never })).rejects.toThrow(
    "decodeBytes: fit must be 'contain' or 'cover', got 'fill'",
  );
});

test('an image of too many pixels is refused before it is decoded', async () => {
  const svg = (side: number) =>
    new TextEncoder().encode(`<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="8000"/>`);
  await expect(thumbnail(svg(10_000))).rejects.toThrow(
    "cannot decode 'image': it has more than 67,108,864 pixels; scale it down",
  );
  expect((await sizeOf(await thumbnail(svg(1_000)))).slice(1, 3)).toEqual([24, 192]);
});
