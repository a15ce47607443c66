import { expect, test } from 'vitest';
import { Batcher } from '../../src/serve/batcher.js';

const never = new AbortController().signal;

/** A batcher that doubles numbers when it is told to; it refuses those that are negative. */
function doubler(options: Partial<ConstructorParameters<typeof Batcher>[1]> = {}) {
  const batches: number[][] = [];
  const running: (() => void)[] = [];
  const batcher = new Batcher<number, number>(
    async (rows) => {
      batches.push([...rows]);
      await new Promise<void>((resolve) => running.push(resolve));
      return Promise.allSettled(rows.map(async (row) => (row < 0 ? Promise.reject(new Error(`${row}`)) : 2 * row)));
    },
    { batch: 4, waitMilliseconds: 0, queue: 10, ...options },
  );
  const next = async () => {
    while (running.length === 0) await new Promise(setImmediate);
    running.shift()?.();
  };
  return { batcher, batches, next };
}

const values = (results: PromiseSettledResult<number>[]) =>
  results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message));

test('rows that come while a batch runs are answered together, in order, the refused ones alone', async () => {
  const { batcher, batches, next } = doubler();
  const answers = [[1], [2, -3], [4], [5, 6, 7]].map((rows) => batcher.add(rows, never));
  expect(batcher.size).toBe(7);
  for (let at = 0; at < 2; at++) await next();
  expect((await Promise.all(answers)).map(values)).toEqual([[2], [4, '-3'], [8], [10, 12, 14]]);
  expect(batches).toEqual([
    [1, 2, -3, 4],
    [5, 6, 7],
  ]);
});

test('a batch that is not full waits for its first row alone', async () => {
  const { batcher, batches, next } = doubler({ waitMilliseconds: 50 });
  const first = batcher.add([1], never);
  await new Promise((resolve) => setTimeout(resolve, 10));
  const second = batcher.add([2], never);
  await next();
  await Promise.all([first, second]);
  expect(batches).toEqual([[1, 2]]);
});

test('a full batch does not wait', async () => {
  const { batcher, next } = doubler({ waitMilliseconds: 1e6 });
  const answer = batcher.add([1, 2, 3, 4], never);
  await next();
  expect(values(await answer)).toEqual([2, 4, 6, 8]);
});

test('rows of clients that have left are dropped, also while the batch gathers', async () => {
  const { batcher, batches, next } = doubler({ waitMilliseconds: 20 });
  const leaving = new AbortController();
  const left = batcher.add([1, 2], leaving.signal);
  leaving.abort(new Error('left'));
  await expect(left).rejects.toThrow('left');
  await expect(batcher.add([1], leaving.signal)).rejects.toThrow('left');
  expect(batcher.size).toBe(0);
  const answer = batcher.add([5], never);
  await next();
  expect(values(await answer)).toEqual([10]);
  expect(batches).toEqual([[5]]);
});

test('the queue has its limit; no rows are answered at once', async () => {
  const { batcher, next } = doubler({ queue: 3 });
  const answer = batcher.add([1, 2], never);
  await expect(batcher.add([3, 4], never)).rejects.toMatchObject({ status: 503 });
  expect(await batcher.add([], never)).toEqual([]);
  await next();
  expect(values(await answer)).toEqual([2, 4]);
});

test('where answering fails, all rows of the batch do, and later ones are answered', async () => {
  let isBroken = true;
  const batcher = new Batcher<number, number>(
    async (rows) => {
      if (isBroken) throw new Error('broken');
      return Promise.allSettled(rows.map(async (row) => row));
    },
    { batch: 4, waitMilliseconds: 0, queue: 10 },
  );
  expect(values(await batcher.add([1, 2], never))).toEqual(['broken', 'broken']);
  isBroken = false;
  expect(values(await batcher.add([1, 2], never))).toEqual([1, 2]);
});
