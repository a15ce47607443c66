import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadGPT2 } from '../../src/models/index.js';
import { decodeSafetensors, type StoredTensor } from '../../src/nn/index.js';
import { tensor } from '../../src/tensor/index.js';
import { expectClose } from '../support/numbers.js';

const read = (file: string) => decodeSafetensors(readFileSync(new URL(`../golden/${file}`, import.meta.url))).tensors;
const weights = read('gpt2.safetensors');

test('gives the logits that PyTorch gives with these weights', async () => {
  const model = loadGPT2(weights, { heads: 2 });
  expect(model.options).toMatchObject({ vocabulary: 11, block: 8, layers: 2, heads: 2, width: 16, gelu: 'tanh' });
  const tokens = tensor(
    Int32Array.from({ length: 16 }, (_, i) => (5 * i) % 11),
    [2, 8],
  );
  const golden = Array.from(read('gpt.safetensors').get('tanh/logits')!.data);
  expectClose(await model.forward(tokens).data(), golden, { absolute: 2e-5, relative: 2e-5 });
});

test('names may lack the prefix and the masks, and have a tied head', async () => {
  const bare = [...weights]
    .map(([name, stored]) => [name.replace('transformer.', ''), stored] as const)
    .filter(([name]) => !/\.attn\.(masked_)?bias$/.test(name));
  const model = loadGPT2(new Map([...bare, ['lm_head.weight', weights.get('transformer.wte.weight')!]]), { heads: 4 });
  expect(await model.embedding.table.data()).toEqual(weights.get('transformer.wte.weight')!.data);
});

const changed = (change: (tensors: Map<string, StoredTensor>) => void) => {
  const tensors = new Map(weights);
  change(tensors);
  return tensors;
};
const zeros = (...shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });

test.each<[string, () => unknown, string]>([
  ['no heads', () => loadGPT2(weights), 'a width of 16 is not of heads of 64 features; give the number of heads'],
  ['heads', () => loadGPT2(weights, { heads: 3 }), 'width must be a multiple of heads'],
  ['no tensors', () => loadGPT2(new Map(), { heads: 2 }), "'wte.weight' is missing"],
  ['an object', () => loadGPT2({} as never), 'expected a Map of tensors by name'],
  [
    'a missing layer',
    () =>
      loadGPT2(
        changed((all) => all.delete('transformer.h.1.mlp.c_fc.bias')),
        { heads: 2 },
      ),
    "'h.1.mlp.c_fc.bias' is missing",
  ],
  [
    'an unknown name',
    () =>
      loadGPT2(
        changed((all) => all.set('transformer.h.0.crossattention.q', zeros(1))),
        { heads: 2 },
      ),
    'GPT-2 has no h.0.crossattention.q',
  ],
  [
    'another shape',
    () =>
      loadGPT2(
        changed((all) => all.set('transformer.h.0.mlp.c_fc.weight', zeros(64, 16))),
        { heads: 2 },
      ),
    "'h.0.mlp.c_fc.weight' has shape [64,16], expected [16,64]",
  ],
  [
    'an embedding of another rank',
    () =>
      loadGPT2(
        changed((all) => all.set('transformer.wte.weight', zeros(16))),
        { heads: 2 },
      ),
    "'wte.weight' has shape [16], expected two sizes",
  ],
  [
    'a head of its own',
    () =>
      loadGPT2(
        changed((all) => all.set('lm_head.weight', zeros(11, 16))),
        { heads: 2 },
      ),
    "'lm_head.weight' is not 'wte.weight'",
  ],
])('%s: a clear error', (_, run, message) => {
  expect(run).toThrow(`${message}`);
});
