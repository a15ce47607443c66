import { expect, test } from 'vitest';
import { Vocabulary, words } from '../../src/data/index.js';
import * as nn from '../../src/nn/index.js';
import * as tensors from '../../src/tensor/index.js';

const { grad, tensor, TesseraError, Variable, variable } = tensors;
const no = 5 as never;
const x = variable([1, 2]);
const one = x.sum();
const linear = new nn.Linear({ inputs: 2, outputs: 2 });
const adam = new nn.Adam([x]);

/** Calls with arguments that TypeScript refuses, and JavaScript does not. */
const CALLS: Readonly<Record<string, () => unknown>> = {
  'grad of a number': () => grad(no, [x]),
  'grad by a tensor, not a list': () => grad(one, x as never),
  'grad by nothing': () => grad(one, [undefined as never]),
  evaluate: () => tensors.evaluate(no),
  explain: () => tensors.explain(no),
  profile: () => tensors.profile(no),
  checkFinite: () => tensors.checkFinite(no),
  tune: () => tensors.tune(no),
  step: () => adam.step(no),
  stepAll: () => nn.Optimizer.stepAll(one, one as never),
  'stepAll of none': () => nn.Optimizer.stepAll(one, []),
  'loadState of an optimizer': () => adam.loadState(no),
  encodeSafetensors: () => nn.encodeSafetensors({} as never),
  'Linear of an array': () => linear.forward([1, 2] as never),
  'dense of a number': () => nn.layers.dense({ units: 2 })(no),
  accuracy: () => nn.accuracy(no, no),
  topKAccuracy: () => nn.topKAccuracy(no, no),
  crossEntropy: () => nn.crossEntropy(no, no),
  meanSquaredError: () => nn.meanSquaredError(no, no),
  'Vocabulary.of': () => Vocabulary.of(no),
  words: () => words(no),
  l2: () => nn.l2('a' as never),
  sum: () => x.sum('a' as never),
  permute: () => x.permute(undefined as never),
  slice: () => x.slice(undefined as never),
  einsum: () => tensors.einsum(no),
  cast: () => x.cast('f64' as never),
  tile: () => tensors.tile(x, 'a' as never),
  pad: () => x.pad('a' as never),
  Variable: () => new Variable(undefined as never, [1]),
  'Variable of negative sizes': () => new Variable(new Float32Array(1), [-1, -1]),
  'Variable of a fraction as i32': () => new Variable(Float32Array.of(1.5), [1], 'w', 'i32'),
  'Variable of f64': () => new Variable(Float32Array.of(1), [1], 'w', 'f64' as never),
  'set of a number': () => x.set(no),
  'tensor of negative sizes': () => tensor([1], [-1, -1]),
};

test.each(Object.entries(CALLS))('%s says what it expects', async (_, call) => {
  await expect((async () => call())()).rejects.toBeInstanceOf(TesseraError);
});

/* Losses, metrics and activations are composed of ops, whose names mean nothing to who called them. */
const { huber, infoNCE, l1, l1l2, l2, setSeed, accuracy, areaUnderCurve, topKAccuracy } = nn;
const { binaryCrossEntropy, crossEntropy, cosineDistance, klDivergence, meanAbsoluteError, meanSquaredError } = nn;
const { l2Normalize } = nn;
const NAMED: Readonly<Record<string, unknown>> = {
  ...{ huber, infoNCE, l1, l1l2, l2, setSeed, accuracy, areaUnderCurve, topKAccuracy, l2Normalize },
  ...{ binaryCrossEntropy, crossEntropy, cosineDistance, klDivergence, meanAbsoluteError, meanSquaredError },
};
const shapes = [[2, 3], [2, 4], [2], [0, 3]];
const given: readonly unknown[] = [
  ...shapes.flatMap((shape) => (['f32', 'i32', 'bool'] as const).map((dtype) => tensors.zeros(shape).cast(dtype))),
  ...['x', null, undefined, -1, 9, {}, [1, 2]],
];

test.each([
  ...Object.entries(NAMED),
  ...Object.entries(nn.losses).filter(([name]) => name !== 'sparseCategoricalCrossentropyFromLogits'),
  ...Object.entries(nn.activations),
])('an error of %s begins with its name', (name, call) => {
  for (const first of given)
    for (const second of given) {
      try {
        (call as (...given: readonly unknown[]) => unknown)(first, second);
      } catch (error) {
        expect(String(error)).toMatch(new RegExp(`^TesseraError: ${name}: `));
      }
    }
});
