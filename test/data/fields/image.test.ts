import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import type { FileAccess } from '../../../src/data/fields/field.js';
import { image } from '../../../src/data/fields/image.js';
import { decodeBytes } from '../../../src/data/node/images.js';
import { Generator, TesseraError } from '../../../src/tensor/index.js';
import { arraysOf, encode, learn, noFiles } from '../../support/fields.js';
import { expectClose } from '../../support/numbers.js';

const pixels = (values: readonly number[], width: number, channels: 1 | 2 | 3 | 4): Sharp =>
  sharp(Uint8Array.from(values), { raw: { width, height: values.length / width / channels, channels } });
const png = async (picture: Sharp): Promise<Uint8Array> => picture.png().toBuffer();
const [R, G, B, W] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
];

const files: Readonly<Record<string, Uint8Array>> = {
  'four.png': await png(pixels([...R, ...G, ...B, ...W], 2, 3)),
  'one.png': await png(pixels([10, 20, 30], 1, 3)),
  'gray.png': await png(pixels([100, 100, 100, 100], 2, 1)),
  'alpha.png': await png(pixels([255, 0, 0, 255, 0, 0, 0, 0], 2, 4)),
  'wide.png': await png(pixels([...R, ...R, ...B, ...B], 4, 3)),
  // Orientation 6: shown rotated by 90 degrees clockwise.
  'rotated.png': await pixels([...R, ...G, ...B, ...W], 2, 3)
    .png()
    .withMetadata({ orientation: 6 })
    .toBuffer(),
  'text.png': new TextEncoder().encode('I am a text'),
  'cut.png': (await png(pixels([...R, ...G, ...B, ...W], 2, 3))).slice(0, 50),
};

/** Access to these files that counts what is decoded. */
function access(cacheBytes = 0): FileAccess & { decoded: number } {
  return {
    decoded: 0,
    async readFile(path) {
      if (files[path] === undefined) throw new TesseraError(`there is no file '${path}'`);
      return files[path];
    },
    decodeImage(bytes, shape, name) {
      this.decoded++;
      return decodeBytes(bytes, shape, name);
    },
    decodeSound: noFiles.decodeSound,
    column: 'photo',
    cacheBytes,
  };
}

const state = {
  settings: image.settings({ size: 2, flip: false, crop: 0, color: 0 }),
  mean: [0, 0, 0],
  deviation: [1 / 255, 1 / 255, 1 / 255],
};
const decode = async (cells: readonly (string | Uint8Array)[], chosen = {}) => {
  const settings = { ...state.settings, ...chosen };
  const { pixels } = await encode(image, { ...state, settings }, cells, access());
  return pixels.data.map(Math.round);
};

test('an image is read from its path or its bytes, whatever its channels', async () => {
  expect(await decode(['four.png'])).toEqual([...R, ...G, ...B, ...W]);
  expect(await decode([files['four.png']])).toEqual([...R, ...G, ...B, ...W]);
  expect(await decode(['one.png'])).toEqual([10, 20, 30, 10, 20, 30, 10, 20, 30, 10, 20, 30]);
  expect(await decode(['gray.png'])).toEqual(Array(12).fill(100));
});

test('an image is turned as its EXIF orientation says, and transparency shows the background', async () => {
  expect(await decode(['rotated.png'])).toEqual([...B, ...R, ...W, ...G]);
  expect(await decode(['alpha.png'], { size: [1, 2] })).toEqual([...R, ...W]);
  expect(await decode(['alpha.png'], { size: [1, 2], background: '#0000ff' })).toEqual([...R, ...B]);
});

test('an image is contained in its size, or covers it', async () => {
  const contained = await decode(['wide.png'], { size: [4, 4] });
  expect(contained.slice(0, 12)).toEqual([...W, ...W, ...W, ...W]);
  const covering = await decode(['wide.png'], { size: [1, 2], fit: 'cover' });
  expect(covering.slice(0, 3)).toEqual(R);
  expect(covering.slice(3)).toEqual(B);
});

test('mean and deviation come from the training images, and normalize them', async () => {
  const learned = await learn(image, ['four.png', 'gray.png'], { size: 2 }, access());
  expectClose(
    learned.mean,
    [510 + 400, 510 + 400, 510 + 400].map((sum) => sum / 8 / 255),
  );
  const { pixels } = await encode(image, learned, ['four.png', 'gray.png'], access());
  for (const channel of [0, 1, 2]) {
    const values = pixels.data.filter((_, at) => at % 3 === channel);
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length - mean ** 2;
    expectClose([mean, variance], [0, 1]);
  }
});

test('a check finds the images that cannot be used, which are absent from then on', async () => {
  const column = image.column(state, access());
  ['four.png', 'text.png', 'cut.png', 'missing.png', undefined].forEach((cell, row) => {
    column.add(cell, { file: 'table.csv', number: row + 1 });
  });
  const errors = await column.check?.(Uint32Array.of(0, 1, 2, 3, 4));
  expect(errors?.map((error) => error?.message)).toEqual([
    undefined,
    expect.stringMatching(/^table.csv, row 2, column 'photo': cannot decode 'text.png': /),
    expect.stringMatching(/^table.csv, row 3, column 'photo': cannot decode 'cut.png': /),
    "table.csv, row 4, column 'photo': there is no file 'missing.png'",
    undefined,
  ]);
  const { present, pixels } = await arraysOf(await column.batch(Uint32Array.of(0, 1, 2, 3, 4)));
  expect(present.data).toEqual([1, 0, 0, 0, 0]);
  expect(pixels.shape).toEqual([5, 2, 2, 3]);
  expect(pixels.data.slice(12)).toEqual(Array(48).fill(0));
});

test('an image that vanishes after the check is an error of the batch', async () => {
  const missing = encode(image, state, ['four.png', 'missing.png'], access());
  await expect(missing).rejects.toThrow("table.csv, row 2, column 'photo': there is no file 'missing.png'");
});

test('statistics come from the images that can be used, and without any the first ten errors are told', async () => {
  const { mean } = await learn(image, ['text.png', 'one.png'], { size: 2 }, access());
  expectClose(mean, [10 / 255, 20 / 255, 30 / 255]);
  const bad = Array.from({ length: 12 }, (_, row) => (row % 2 === 0 ? 'text.png' : 'missing.png'));
  const { message } = await learn(image, bad, {}, access()).catch((error) => error);
  expect(message).toMatch(/^none of 12 files .* can be used:\n/);
  expect(message).toContain("row 1, column 'photo': cannot decode 'text.png': ");
  expect(message).toContain("row 10, column 'photo': there is no file 'missing.png'\n  and 2 more");
  await expect(learn(image, [undefined], {}, access())).rejects.toThrow('no training row has an image');
});

test('decoded pixels are kept within the bytes given', async () => {
  for (const [bytes, decoded] of [
    [0, 6],
    [2 * 12, 4],
    [1000, 3],
  ]) {
    const own = access(bytes);
    const column = image.column(state, own);
    for (const cell of ['four.png', 'gray.png', 'one.png']) column.add(cell, { file: '', number: 1 });
    const first = await arraysOf(await column.batch(Uint32Array.of(0, 1, 2)));
    expect(await arraysOf(await column.batch(Uint32Array.of(0, 1, 2)))).toEqual(first);
    expect(own.decoded, `${bytes} bytes`).toBe(decoded);
  }
});

/** Augmented pixels of one image, for several seeds. */
async function augmented(cell: string, chosen: object, seeds: number): Promise<number[][]> {
  const column = image.column({ ...state, settings: image.settings({ ...state.settings, ...chosen }) }, access(1e6));
  column.add(cell, { file: '', number: 1 });
  const results: number[][] = [];
  for (let seed = 0; seed < seeds; seed++) {
    const tensors = await column.batch(Uint32Array.of(0), new Generator(seed));
    results.push(Array.from(await tensors.pixels.data(), Math.round));
  }
  return results;
}

test('images are flipped half of the time', async () => {
  const results = await augmented('four.png', { flip: true }, 100);
  const [plain, mirrored] = [
    [...R, ...G, ...B, ...W],
    [...G, ...R, ...W, ...B],
  ];
  const flips = results.filter((result) => result.join() === mirrored.join()).length;
  expect(results.filter((result) => result.join() === plain.join()).length).toBe(100 - flips);
  expect(flips).toBeGreaterThan(30);
  expect(flips).toBeLessThan(70);
});

test('images are shifted, and their edge is repeated', async () => {
  const shifts = new Set((await augmented('four.png', { crop: 0.5 }, 200)).map(String));
  expect(shifts.size).toBe(9);
  expect(shifts).toContain([...W, ...W, ...W, ...W].join());
  expect(shifts).toContain([...R, ...R, ...B, ...B].join());
});

test('brightness, contrast and saturation vary within their bounds', async () => {
  const results = await augmented('gray.png', { color: 0.2 }, 200);
  const grays = results.map(([red]) => red);
  expect(results.every((result) => result.every((value) => Math.abs(value - result[0]) <= 1))).toBe(true);
  expect(Math.min(...grays)).toBeLessThan(85);
  expect(Math.min(...grays)).toBeGreaterThanOrEqual(80);
  expect(Math.max(...grays)).toBeGreaterThan(115);
  expect(Math.max(...grays)).toBeLessThanOrEqual(120);
  const reds = await augmented('four.png', { color: 0.5 }, 50);
  expect(reds.flat().every((value) => value >= 0 && value <= 255)).toBe(true);
  expect(new Set(reds.map(String)).size).toBeGreaterThan(20);
});

test('a square is cut out', async () => {
  const results = await augmented('gray.png', { size: 8, cutout: 0.5 }, 50);
  for (const result of results) {
    const cut = result.filter((value) => value === 0).length / 3;
    expect(cut).toBeGreaterThanOrEqual(4);
    expect(cut).toBeLessThanOrEqual(16);
    expect(result.every((value) => value === 0 || value === 100)).toBe(true);
  }
  expect(new Set(results.map(String)).size).toBeGreaterThan(20);
});
