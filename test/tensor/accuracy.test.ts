import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { readBack } from '../../src/tensor/evaluate.js';
import { type Device, ops, setDefaultDevice } from '../../src/tensor/index.js';
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

/** What a comment promises: an error of at most relative · |y| + absolute, or relative · Σ|terms| where it is `linear`. */
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
