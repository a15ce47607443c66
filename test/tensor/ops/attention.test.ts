import { afterAll, describe, expect, test } from 'vitest';
import {
  attention,
  dropout,
  grad,
  setDefaultDevice,
  type Tensor,
  tensor,
  where,
  zeros,
} from '../../../src/tensor/index.js';
import { gpu, reference } from '../../support/devices.js';
import { expectClose, normals } from '../../support/numbers.js';

afterAll(() => setDefaultDevice(undefined));

/** Attention by its definition, with the matrix of scores. */
function plain(q: Tensor, k: Tensor, v: Tensor, mask?: Tensor): Tensor {
  const scores = q.matmul(k.transpose()).mul(1 / Math.sqrt(q.shape[3]));
  const masked = mask === undefined ? scores : where(mask.broadcastTo(scores.shape), scores, -1e30);
  return masked.softmax().matmul(v);
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

  test('causal attention attends to no later key', async () => {
    setDefaultDevice(device);
    const x = draw([1, 2, 9, 4], 4);
    const rows = tensor(Float32Array.from({ length: 9 }, (__, at) => at));
    const earlier = rows.lessEqual(rows.reshape([9, 1]));
    expectClose(await attention(x, x, x, { causal: true }).data(), await plain(x, x, x, earlier).data(), {
      absolute: 1e-5,
    });
  });

  test('dropout leaves out the weights that it leaves out of the softmax', async () => {
    setDefaultDevice(device);
    const key = { seed: 5, draw: 3 };
    const scores = q.matmul(k.transpose()).mul(1 / Math.sqrt(4));
    const expected = dropout(scores.softmax(), 0.3, key).matmul(v);
    const found = attention(q, k, v, { dropout: { rate: 0.3, ...key } });
    expectClose(await found.data(), await expected.data(), { absolute: 1e-5, relative: 1e-4 });
    const weights = draw([2, 3, 5, 6], 4);
    const gradients = [found, expected].map((y) => grad(y.mul(weights).sum(), [q, k, v]));
    for (const at of [0, 1, 2])
      expectClose(await gradients[0][at].data(), await gradients[1][at].data(), { absolute: 1e-5, relative: 1e-4 });
    const other = attention(q, k, v, { dropout: { rate: 0.3, seed: 5, draw: 4 } });
    expect(Array.from(await other.data())).not.toEqual(Array.from(await found.data()));
  });

  test('large scores do not overflow, and a fully masked query gives zeros', async () => {
    setDefaultDevice(device);
    const large = attention(q.mul(100), k.mul(100), v);
    expect((await large.data()).every(Number.isFinite)).toBe(true);
    expect((await attention(q, k, v, { mask: tensor([false]) }).data()).every((value) => value === 0)).toBe(true);
  });

  test.each([1e5, 1e7, 1e8])('two equal scores of %f share the gradient of the values evenly', async (score) => {
    setDefaultDevice(device);
    const values = tensor([1, 2], [1, 1, 2, 1]);
    for (const scale of [1, 1 / 3, -1]) {
      const y = attention(tensor([score], [1, 1, 1, 1]), tensor([1, 1], [1, 1, 2, 1]), values, { scale });
      expectClose(await y.data(), [1.5]);
      expectClose(await grad(y.sum(), [values])[0].data(), [0.5, 0.5]);
    }
  });

  test('a scale may be negative', async () => {
    setDefaultDevice(device);
    const [own, other] = [attention(q, k, v, { scale: -0.3 }), attention(q.neg(), k, v, { scale: 0.3 })];
    expectClose(await own.data(), await other.data());
    expectClose(await grad(own.sum(), [q])[0].data(), await grad(other.sum(), [q])[0].data());
    const mean = v.slice([0, 0, 0], [2, 3, 3]).mean(2, { keepDims: true });
    const mask = tensor(Float32Array.from({ length: 70 }, (__, at) => at)).less(3);
    expectClose(await attention(q, k, v, { scale: 0, mask }).data(), await mean.broadcastTo([2, 3, 5, 6]).data());
  });

  test('NaN spreads as far as the formula does', async () => {
    setDefaultDevice(device);
    const [queries, keys] = [3, 5];
    const plainValues = { q: normals(queries * 4, 1), k: normals(keys * 4, 2), v: normals(keys * 2, 3) };
    const options = { plain: {}, causal: { causal: true }, masked: { mask: tensor([true, false, true, true, false]) } };
    for (const [how, option] of Object.entries(options)) {
      for (const name of ['q', 'k', 'v'] as const) {
        const own = { ...plainValues, [name]: plainValues[name].with(5, Number.NaN) };
        const [a, b, c] = [
          tensor(own.q, [1, 1, queries, 4]),
          tensor(own.k, [1, 1, keys, 4]),
          tensor(own.v, [1, 1, keys, 2]),
        ];
        const y = attention(a, b, c, option);
        const found = Array.from(await y.data(), Number.isNaN);
        // Element 5 belongs to query 1, to key 1, or to column 1 of key 2.
        const seesKey = (query: number, key: number) =>
          how === 'plain' || (how === 'causal' ? key <= query + keys - queries : [0, 2, 3].includes(key));
        const expected = found.map((_, at) => {
          const query = Math.floor(at / 2);
          if (name === 'v') return at % 2 === 1;
          return name === 'q' ? query === 1 : seesKey(query, 1);
        });
        expect(found, `${how}, NaN in ${name}`).toEqual(expected);
      }
    }
  });
});

test('what does not fit is an error', () => {
  const q = zeros([2, 3, 5, 4]);
  expect(() => attention(q, zeros([2, 3, 7, 5]), zeros([2, 3, 7, 4]))).toThrow(
    'must agree in batch, heads, keys and features',
  );
  expect(() => attention(q, zeros([2, 3, 7, 4]), zeros([2, 3, 8, 4]))).toThrow(
    'got [2, 3, 5, 4], [2, 3, 7, 4], [2, 3, 8, 4]',
  );
  expect(() => attention(zeros([1, 1, 2, 300]), zeros([1, 1, 2, 300]), zeros([1, 1, 2, 4]))).toThrow(
    'at most 256 features per head',
  );
  expect(() => attention(q, q, q, { mask: zeros([5, 4]).greater(0) })).toThrow('do not broadcast');
  expect(() => attention(q, q, q, { dropout: { rate: 1, seed: 1 } })).toThrow('attention: dropout: rate must be');
  expect(() => attention(q, q, q, { dropout: { rate: 0.1 } as never })).toThrow('attention: dropout: seed must be');
});
