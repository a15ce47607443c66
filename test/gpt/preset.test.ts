import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import { settingsOf } from '../../src/gpt/config.js';
import { optimizerOf } from '../../src/gpt/train-gpt.js';
import { GPT } from '../../src/models/index.js';
import { tensor } from '../../src/tensor/index.js';
import { expectClose } from '../support/numbers.js';

const { losses } = JSON.parse(readFileSync(new URL('../golden/gpt-preset.json', import.meta.url), 'utf8')) as {
  readonly losses: readonly number[];
};

/** The initial value of element i of parameter k, and token j of step s, of golden/gpt-preset.py. */
const initial = (i: number, k: number): number => {
  const x = 43758.5453 * Math.sin(12.9898 * i + 78.233 * k);
  return 0.07 * (x - Math.floor(x) - 0.5);
};
const tokenOf = (j: number, s: number): number => (j * j + 3 * j * s) % 65;

// It takes minutes on a CPU: TESSERA_SLOW=1 npx vitest run test/gpt/preset.test.ts
test.runIf(process.env.TESSERA_SLOW)(
  "the first 20 steps of the GPU's preset, without dropout, are those of PyTorch",
  async () => {
    const { model: sizes, training } = settingsOf('gpu', { model: { dropout: 0 } });
    const model = new GPT({ ...sizes, vocabulary: 65 });
    [...model.namedParameters()].forEach(([name, parameter], at) => {
      const offset = name.endsWith('scale') ? 1 : 0;
      parameter.set(Float32Array.from({ length: parameter.size }, (_, i) => initial(i, at + 1) + offset));
    });
    const optimizer = optimizerOf(model, training);
    const { block } = sizes;
    const found: number[] = [];
    for (let step = 1; step <= losses.length; step++) {
      const tokens = Int32Array.from({ length: block + 1 }, (_, j) => tokenOf(j, step));
      const [x, y] = [tokens.subarray(0, -1), tokens.subarray(1)].map((part) => tensor(part, [1, block]));
      const loss = model.loss(x, y);
      await optimizer.step(loss);
      found.push(await loss.item());
    }
    expectClose(found, losses, { absolute: 0, relative: 2e-6 });
  },
  900_000,
);
