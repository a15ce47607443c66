import { afterAll, describe, expect, test } from 'vitest';
import { attention, setDefaultDevice, type Tensor, tensor, where, zeros } from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { expectClose, normals } from '../support/numbers.js';

afterAll(() => setDefaultDevice(undefined));

/** Attention by its definition, with the matrix of scores. */
function plain(q: Tensor, k: Tensor, v: Tensor, sees?: Tensor): Tensor {
  const scores = q.matmul(k.transpose()).mul(1 / Math.sqrt(q.shape[3]));
  const seen = sees === undefined ? scores : where(sees.broadcastTo(scores.shape), scores, -1e30);
  return seen.softmax().matmul(v);
}

const draw = (shape: readonly number[], seed: number) =>
  tensor(
    normals(
      shape.reduce((product, size) => product * size, 1),
      seed,
    ),
    shape,
  );

describe.each([
  ['the adapter', gpu],
  ['the reference device', reference],
])('on %s', (_, device) => {
  const [q, k, v] = [draw([2, 3, 5, 4], 1), draw([2, 3, 70, 4], 2), draw([2, 3, 70, 6], 3)];

  test('is softmax of the scores times the values', async () => {
    setDefaultDevice(device);
    expectClose(await attention(q, k, v).data(), await plain(q, k, v).data(), { absolute: 1e-5, relative: 1e-4 });
  });

  test('a mask leaves keys out, by sample', async () => {
    setDefaultDevice(device);
    const lengths = tensor([3, 40]).reshape([2, 1, 1, 1]);
    const mask = tensor(Float32Array.from({ length: 70 }, (__, at) => at)).less(lengths);
    expectClose(await attention(q, k, v, { mask }).data(), await plain(q, k, v, mask).data(), { absolute: 1e-5 });
  });

  test('causal attention sees no later key', async () => {
    setDefaultDevice(device);
    const x = draw([1, 2, 9, 4], 4);
    const rows = tensor(Float32Array.from({ length: 9 }, (__, at) => at));
    const earlier = rows.lessEqual(rows.reshape([9, 1]));
    expectClose(await attention(x, x, x, { causal: true }).data(), await plain(x, x, x, earlier).data(), {
      absolute: 1e-5,
    });
  });

  test('large scores do not overflow, and a query that may look at nothing gives zeros', async () => {
    setDefaultDevice(device);
    const large = attention(q.mul(100), k.mul(100), v);
    expect((await large.data()).every(Number.isFinite)).toBe(true);
    expect((await attention(q, k, v, { mask: tensor([false]) }).data()).every((value) => value === 0)).toBe(true);
  });
});

test('what does not fit is told', () => {
  const q = zeros([2, 3, 5, 4]);
  expect(() => attention(q, zeros([2, 3, 7, 5]), zeros([2, 3, 7, 4]))).toThrow(
    'must agree in batch, heads, keys and features',
  );
  expect(() => attention(q, zeros([2, 3, 7, 4]), zeros([2, 3, 8, 4]))).toThrow(
    'got [2, 3, 5, 4], [2, 3, 7, 4], [2, 3, 8, 4]',
  );
  expect(() => attention(zeros([1, 1, 2, 300]), zeros([1, 1, 2, 300]), zeros([1, 1, 2, 4]))).toThrow(
    'at most 256 features a head',
  );
  expect(() => attention(q, q, q, { mask: zeros([5, 4]).greater(0) })).toThrow('do not broadcast');
});
