import { expect, test } from 'vitest';
import { LSTM } from '../../../src/nn/index.js';
import { readBack } from '../../../src/tensor/evaluate.js';
import { Generator, grad, tensor } from '../../../src/tensor/index.js';
import { expectClose, normals } from '../../support/numbers.js';

const layer = new LSTM({ inputs: 3, outputs: 4, generator: new Generator(1) });
const x = normals(2 * 5 * 3);

test('padding is ignored: the result and the gradients are those of the shorter sequence', async () => {
  const short = tensor(Float32Array.from([...x.subarray(0, 9), ...x.subarray(15, 24)]), [2, 3, 3]);
  const padded = new Float32Array(2 * 5 * 3).fill(123);
  padded.set(x.subarray(0, 9), 0);
  padded.set(x.subarray(15, 24), 15);
  const mask = tensor([
    [1, 1, 1, 0, 0],
    [1, 1, 1, 0, 0],
  ]);
  const results = [layer.forward(short), layer.forward(tensor(padded, [2, 5, 3]), mask)];
  await readBack(results);
  expectClose(await results[1].data(), await results[0].data());
  const gradients = results.map((result) => grad(result.square().sum(), layer.parameters()));
  for (const [index, expected] of gradients[0].entries())
    expectClose(await gradients[1][index].data(), await expected.data());
});

test('a sequence continues from a state', async () => {
  const whole = layer.run(tensor(x, [2, 5, 3]));
  const first = layer.run(tensor(x, [2, 5, 3]).slice([0, 0], [2, 2]));
  const rest = layer.run(tensor(x, [2, 5, 3]).slice([0, 2]), undefined, first.last);
  expectClose(await rest.last.hidden.data(), await whole.last.hidden.data());
  expectClose(await rest.last.cell.data(), await whole.last.cell.data());
});

test('the forget gate starts open', async () => {
  expect(Array.from(await layer.bias.data())).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
});
