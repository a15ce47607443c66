import { beforeEach, expect, test } from 'vitest';
import { EncodedRows, type FieldBatch } from '../../src/data/encoded.js';
import { loader } from '../../src/data/loader.js';
import type { Schema } from '../../src/data/schema.js';
import { TesseraError } from '../../src/tensor/index.js';
import { tableOf } from '../support/tables.js';

const SIZE = 1000;
const schema: Schema = {
  version: 1,
  fields: [
    {
      column: 'text',
      kind: 'text',
      settings: {},
      state: {
        settings: { tokenizer: 'words', size: 10, minimumCount: 1, maximumLength: 64, dropTokens: 0 },
        vocabulary: ['a'],
        length: 64,
        subwords: 0,
      },
    },
    {
      column: 'photo',
      kind: 'image',
      settings: {},
      state: { settings: { size: 4, crop: 0.25, cutout: 0.5 }, mean: [0.5, 0.5, 0.5], deviation: [1, 1, 1] },
    },
  ],
  ignored: [],
  split: { by: 'fraction', fractions: { train: 1, validation: 0, test: 0 }, seed: 0 },
};

/** How many images were decoded, and which cannot be. */
const decoded = { count: 0, fails: -1 };
beforeEach(() => {
  Object.assign(decoded, { count: 0, fails: -1 });
});

const cells = Array.from({ length: SIZE }, (_, row) => [
  Array((row * 7) % 60)
    .fill('a')
    .join(' '),
  Uint8Array.of(row % 256),
]);
const table = tableOf(['text', 'photo'], cells);

async function rowsOfTable(): Promise<EncodedRows> {
  const encoded = new EncodedRows(table, schema, {
    cacheBytes: 0,
    async decodeImage([value]) {
      if (decoded.count++ === decoded.fails) throw new TesseraError('not an image');
      return Uint8Array.from({ length: 48 }, (_, at) => (value + at) % 256);
    },
  });
  for await (const rows of table.rows()) for (const row of rows) encoded.add(row);
  return encoded;
}

const encoded = await rowsOfTable();
const all = Uint32Array.from({ length: SIZE }, (_, row) => row);
const collect = async (batches: AsyncIterable<FieldBatch>): Promise<FieldBatch[]> => {
  const list: FieldBatch[] = [];
  for await (const batch of batches) list.push(batch);
  return list;
};
const orderOf = (batches: readonly FieldBatch[]) => batches.map(({ rows }) => Array.from(rows));
const pixelsOf = (batches: readonly FieldBatch[]) =>
  Promise.all(batches.map(async ({ fields }) => Array.from(await fields.photo.pixels.data())));

test('an epoch has every row once, in an order of seed and epoch alone', async () => {
  const order = async (seed: number, epoch: number) =>
    orderOf(await collect(loader(encoded, all, { size: 8, seed, epoch })));
  const first = await order(1, 0);
  expect(first.flat().sort((a, b) => a - b)).toEqual(Array.from(all));
  expect(first.map(({ length }) => length)).toEqual(Array(125).fill(8));
  expect(await order(1, 0)).toEqual(first);
  expect(await order(1, 1)).not.toEqual(first);
  expect(await order(2, 0)).not.toEqual(first);
});

test('without a seed rows come in the order given, and nothing is augmented', async () => {
  const batches = await collect(loader(encoded, Uint32Array.of(5, 3, 9), { size: 2 }));
  expect(orderOf(batches)).toEqual([[5, 3], [9]]);
  const [pixels] = await pixelsOf(batches);
  expect(pixels[1]).toBeCloseTo(6 / 255 - 0.5, 6);
});

test('rows of like length come together, and the order stays random', async () => {
  const times = (batches: readonly FieldBatch[]) => batches.map(({ fields }) => fields.text.tokens.shape[1]);
  const grouped = times(await collect(loader(encoded, all, { size: 8, seed: 1 })));
  const needed = all.reduce((sum, row) => sum + encoded.lengthOf(row), 0);
  const padded = grouped.reduce((sum, time) => sum + 8 * time, 0);
  expect(padded).toBeLessThan(1.1 * needed);
  expect(new Set(grouped)).toEqual(new Set([4, 8, 16, 32, 64]));
  expect(grouped).not.toEqual(grouped.toSorted((a, b) => a - b));
});

test('an epoch goes on at any batch with the same rows and the same bits', async () => {
  const options = { size: 7, seed: 3, epoch: 2, augment: true };
  const whole = await collect(loader(encoded, all, options));
  const again = await rowsOfTable();
  for (const skip of [1, 49, 50, 51, 99, 142, 143]) {
    const rest = await collect(loader(again, all, { ...options, skip }));
    expect(orderOf(rest), String(skip)).toEqual(orderOf(whole.slice(skip)));
    expect(await pixelsOf(rest.slice(0, 2))).toEqual(await pixelsOf(whole.slice(skip, skip + 2)));
  }
});

test('what is drawn for a row depends on seed, epoch and row, not on its batch', async () => {
  const pixels = async (rows: number[], epoch: number) => {
    const batches = await collect(loader(encoded, Uint32Array.from(rows), { size: 9, seed: 1, epoch, augment: true }));
    const at = batches[0].rows.indexOf(7);
    return (await pixelsOf(batches))[0].slice(48 * at, 48 * (at + 1));
  };
  const alone = await pixels([7], 0);
  expect(await pixels([1, 2, 7, 4], 0)).toEqual(alone);
  expect(await pixels([7], 1)).not.toEqual(alone);
});

test('batches are prepared ahead, and no further than asked', async () => {
  const batches = loader(encoded, all, { size: 10, ahead: 3 });
  expect(decoded.count).toBe(0);
  await batches.next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(decoded.count).toBe(40);
  await batches.next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(decoded.count).toBe(50);
  await batches.return(undefined);
});

test('leaving the loop stops the work', async () => {
  for await (const batch of loader(encoded, all, { size: 10 })) if (batch.rows[0] === 20) break;
  const { count } = decoded;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(decoded.count).toBe(count);
  expect(count).toBeLessThanOrEqual(60);
});

test('an error of decoding reaches the loop, named by file, row and column', async () => {
  decoded.fails = 25;
  const batches = loader(encoded, all, { size: 10, ahead: 5 });
  await batches.next();
  await batches.next();
  await expect(batches.next()).rejects.toThrow(/table, row 2\d, column 'photo': not an image/);
  expect(await batches.next()).toEqual({ done: true, value: undefined });
});

test('options are checked at the call', async () => {
  expect(() => loader(encoded, all, { size: 0 })).toThrow('loader: size must be a positive integer');
  expect(() => loader(encoded, all, { size: 1, augment: true })).toThrow('loader: augment needs a seed');
  expect(() => loader(encoded, all, { size: 1, sed: 1 } as never)).toThrow("did you mean 'seed'");
});
