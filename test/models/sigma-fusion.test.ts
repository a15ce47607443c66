import { expect, test } from 'vitest';
import { SigmaFusion } from '../../src/models/index.js';
import { explain, tensor, zeros } from '../../src/tensor/index.js';
import { expectClose, normals } from '../support/numbers.js';

const model = new SigmaFusion({ inputs: [3, 5], encoded: [4, 6], fused: 7, classes: 2, seed: 1 });

test('computes h(g(f1(x1), f2(x2)))', async () => {
  const [x1, x2] = [normals(2 * 3, 1), normals(2 * 5, 2)];
  const values = new Map<string, ArrayLike<number>>();
  for (const [name, parameter] of model.namedParameters()) values.set(name, await parameter.data());
  const layer = (name: string, x: number[]): number[] => {
    const [kernel, bias] = [values.get(`${name}.kernel`)!, values.get(`${name}.bias`)!];
    return Array.from(
      bias,
      (b, out) => 1 / (1 + Math.exp(-x.reduce((sum, value, i) => sum + value * kernel[i * bias.length + out], b))),
    );
  };
  const rows = [0, 1].flatMap((row) => {
    const f1 = layer('f1', Array.from(x1.subarray(3 * row, 3 * row + 3)));
    const f2 = layer('f2', Array.from(x2.subarray(5 * row, 5 * row + 5)));
    return layer('h', layer('g', [...f1, ...f2]));
  });
  expectClose(await model.forward(tensor(x1, [2, 3]), tensor(x2, [2, 5])).data(), rows);
});

test('each σ(Wx+b) is one dispatch; the rest is the concatenation', async () => {
  const { dispatches } = await explain(model.forward(zeros([2, 3]).add(1), zeros([2, 5]).add(1)));
  const fused = dispatches.filter(({ kernel }) => kernel.endsWith('+add+sigmoid'));
  expect(fused).toHaveLength(4);
});

test('batch sizes that differ are errors', () => {
  expect(() => model.forward(zeros([2, 3]), zeros([3, 5]))).toThrow(
    'SigmaFusion: expected x2 of f32 [2, 5], got f32 [3, 5]',
  );
});
