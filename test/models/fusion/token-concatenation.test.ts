import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConcatenationFusion, TokenConcatenationFusion } from '../../../src/models/index.js';
import { concat, setDefaultDevice, tensor } from '../../../src/tensor/index.js';
import { reference } from '../../support/devices.js';
import { expectClose, normals } from '../../support/numbers.js';
import { expectGradients } from '../../support/training.js';

beforeAll(() => setDefaultDevice(reference));
afterAll(() => setDefaultDevice(undefined));

const tokens = tensor(normals(3 * 2 * 4, 1), [3, 2, 4]);
const features = [
  { pooled: tensor(normals(9, 2), [3, 3]) },
  { pooled: tensor(normals(12, 3), [3, 4]), tokens, mask: tensor([1, 1, 1, 0, 1, 1], [3, 2]) },
];
const present = tensor([
  [1, 1],
  [1, 1],
  [1, 0],
]);
const make = (options = {}) =>
  new TokenConcatenationFusion({ inputs: [3, 4], width: 5, field: 1, seed: 1, ...options });

test('each token is fused with the features of the other field, as by concatenation', async () => {
  const fusion = make();
  const fused = fusion.forward(features, present);
  expect(fused.shape).toEqual([3, 2, 5]);
  const plain = new ConcatenationFusion({ inputs: [3, 4], width: 5 });
  plain.output.loadState(await fusion.output.state());
  const second = {
    pooled: tokens
      .slice([0, 1], [3, 2])
      .reshape([3, 4])
      .mul(tensor([[1], [0], [0]])),
  };
  const expected = plain.forward([features[0], second], tensor(new Float32Array(6).fill(1), [3, 2]));
  expectClose(await fused.slice([0, 1], [3, 2]).data(), await expected.data(), { absolute: 1e-6 });
});

test('padding and absent tokens are zeros: what they hold does not matter', async () => {
  const spoiled = tokens.add(
    concat([tensor(new Float32Array(12), [3, 1, 4]), tensor([0, 9, 0], [3, 1, 1]).broadcastTo([3, 1, 4])], 1),
  );
  const others = [features[0], { ...features[1], tokens: spoiled }];
  const fusion = make();
  expectClose(await fusion.forward(others, present).data(), await fusion.forward(features, present).data());
});

test('gradients reach every parameter', async () => {
  const fusion = make();
  await expectGradients(fusion, fusion.forward(features, present).square().sum());
});

test('wrong options and features are errors under its name', () => {
  expect(() => make({ field: 2 })).toThrow(
    'TokenConcatenationFusion: field 2 is out of range: expected 0 to 1 (2 fields)',
  );
  expect(() => make({ field: 0 }).forward(features, present)).toThrow('the features of field 0 have no tokens');
  expect(() => make().forward([features[0]], present)).toThrow('expected features of 2 fields, got 1');
});
