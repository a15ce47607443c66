import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { readBack } from '../../src/tensor/evaluate.js';
import { type Device, full, grad, ops, setDefaultDevice, type Tensor, tensor, zeros } from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { accuracyCases, Draw } from './accuracy-cases.js';

/*
 * Every op on the GPU against float64, over drawn shapes, within the bound that its doc comment states.
 */
const DRAWS = 24;
afterAll(() => setDefaultDevice(undefined));

const folder = fileURLToPath(new URL('../../src/tensor/ops', import.meta.url));
const source = readdirSync(folder)
  .map((file) => readFileSync(`${folder}/${file}`, 'utf8'))
  .join('\n');
const comments = new Map(
  [...source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export (?:const|function) (\w+)/g)].map(
    ([, comment, name]) => [name, comment.replace(/\s*\n \* ?/g, ' ')] as const,
  ),
);

/**
 * What a comment promises: an error of at most relative · |y| + absolute, or relative · Σ|terms| where it is `linear`.
 */
function boundOf(name: string): { relative: number; absolute: number; linear: boolean } | undefined {
  const comment = comments.get(name) ?? '';
  if (/Exact[.,]/.test(comment)) return { relative: 0, absolute: 0, linear: false };
  const found = /Error ≤ ([\d.e-]+)·(\|y\||Σ\|terms\|)(?: \+ ([\d.]+e-\d+))?/.exec(comment);
  if (found === null) return undefined;
  return { relative: Number(found[1]), absolute: Number(found[3] ?? 0), linear: found[2] !== '|y|' };
}

test('every function of ops has a case, and states its bound', () => {
  const names = Object.entries(ops).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  expect(names.filter((name) => !(name in accuracyCases))).toEqual([]);
  expect(Object.keys(accuracyCases).filter((name) => boundOf(name) === undefined)).toEqual([]);
});

async function valuesOn(device: Device, name: string, absolute = false, spoiled = false): Promise<number[][]> {
  setDefaultDevice(device);
  const draws = Array.from({ length: spoiled ? 4 : DRAWS }, (_, seed) => new Draw(seed, absolute, spoiled));
  const tensors = draws.map((draw) => [accuracyCases[name](draw)].flat());
  await readBack(tensors.flat());
  return Promise.all(tensors.flat().map(async (one) => Array.from(await one.data(), Number)));
}

test.each(Object.keys(accuracyCases))('%s keeps its bound', async (name) => {
  const { relative, absolute, linear } = boundOf(name)!;
  const [found, expected] = [await valuesOn(gpu, name), await valuesOn(reference, name)];
  const scale = linear ? await valuesOn(reference, name, true) : expected;
  expected.forEach((values, index) => {
    expect(found[index].length).toBe(values.length);
    values.forEach((value, at) => {
      const got = found[index][at];
      if (Object.is(got, value) || got === value) return;
      const bound = relative * Math.abs(scale[index][at]) + absolute;
      if (!(Number.isFinite(value) && Math.abs(got - value) <= bound))
        expect.fail(`draw ${index}, element ${at}: got ${got}, expected ${value} within ${bound}`);
    });
  });
});

/** Results that are integers or bools: of NaN they are the same on both devices. */
const INTEGERS =
  /^(equal|notEqual|less|lessEqual|greater|greaterEqual|logical(And|Or|Xor|Not)|any|all|isNaN|isFinite|argmax|argmin|argsort|cast)$/;
/** Ops without a float among their inputs, and integers that are drawn. */
const WITHOUT_FLOATS = /^(oneHot|arange|linspace|eye|random\w+)$/;
/** Where a zero of padding or of a mask meets NaN: some kernels multiply, others leave the zero out. */
const ZERO_TIMES_NAN = /^(conv1d|attentionBackwardOp)$/;

const names = Object.keys(accuracyCases).filter((name) => !WITHOUT_FLOATS.test(name));
test.each(names)('%s carries NaN on', async (name) => {
  const found = await valuesOn(gpu, name, false, true);
  const expected = await valuesOn(reference, name, false, true);
  if (INTEGERS.test(name)) return expect(found).toEqual(expected);
  const nanIn = (all: number[][]) => all.map((values) => values.map(Number.isNaN));
  expect(nanIn(found).flat()).toContain(true);
  expect(nanIn(expected).flat()).toContain(true);
  if (!ZERO_TIMES_NAN.test(name)) expect(nanIn(found)).toEqual(nanIn(expected));
});

/* Long axes of terms of one sign, where each addition rounds the same way: within the same bounds. */
const tenth = Math.fround(0.1);
const tenths = (...shape: number[]) => full(shape, tenth);
const stored = (...shape: number[]) =>
  tensor(new Float32Array(shape.reduce((size, length) => size * length, 1)).fill(tenth), shape);
const ofOneToken = (count: number): Tensor => {
  const table = zeros([2, 4]);
  return grad(
    ops
      .gather(table, tensor(new Int32Array(count).fill(1)))
      .mul(tenth)
      .sum(),
    [table],
  )[0].slice([1], [2]);
};
const longSums: readonly (readonly [string, number, () => Tensor, (at: number) => number])[] = [
  ['sum of 2^24 numbers', 1e-6, () => tenths(2 ** 24).sum(), () => 2 ** 24 * tenth],
  ['sum of a thousand', 1e-6, () => stored(1000).sum(), () => 1000 * tenth],
  ['sums of rows', 1e-6, () => tenths(5000, 4099).sum(1), () => 4099 * tenth],
  ['sums of columns', 1e-6, () => tenths(4099, 1023).sum(0), () => 4099 * tenth],
  ['sums of a middle axis', 1e-6, () => stored(64, 1000, 65).sum(1), () => 1000 * tenth],
  ['mean', 1e-6, () => stored(1_000_003).mean(), () => tenth],
  ['cumsum', 4e-6, () => ops.cumsum(stored(1_000_000)), (at) => (at + 1) * tenth],
  ['cumsum from the end', 4e-6, () => ops.cumsum(stored(100_000), 0, { reverse: true }), (at) => (1e5 - at) * tenth],
  ['dot product', 1e-5, () => ops.matmul(stored(1_000_000), stored(1_000_000)), () => 1_000_000 * tenth ** 2],
  ['averagePool2d of the whole', 1e-6, () => ops.averagePool2d(stored(1, 300, 300, 1), { size: 300 }), () => tenth],
  ['averagePool2d', 4e-6, () => ops.averagePool2d(stored(1, 300, 300, 1), { size: 200, stride: 50 }), () => tenth],
  ['gradient of a token', 1e-6, () => ofOneToken(100_000), () => 100_000 * tenth],
];

/** Those that would take the reference seconds: it adds in float64 anyway. */
const LARGEST = ['sum of 2^24 numbers', 'sums of rows'];
const onBoth = longSums.flatMap((one) => [
  [...one, 'gpu', gpu] as const,
  ...(LARGEST.includes(one[0]) ? [] : [[...one, 'reference', reference] as const]),
]);

test.each(onBoth)('%s of one sign, within %f', async (_, bound, compute, expected, __, device) => {
  setDefaultDevice(device);
  const found = await compute().data();
  const worst = Array.from(found).findIndex((value, at) => !(Math.abs(value / expected(at) - 1) <= bound));
  if (worst >= 0) expect.fail(`element ${worst}: got ${found[worst]}, expected ${expected(worst)} within ${bound}`);
});
