import { readdirSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import type { OpDefinition } from '../../src/tensor/graph/graph.js';
import { trace } from '../../src/tensor/graph/trace.js';
import { type Device, grad, ops, setDefaultDevice, type Tensor, tensor } from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { expectClose, normals } from '../support/numbers.js';
import { type GradientCase, gradientCases } from './gradient-cases.js';

/*
 * Every op's gradient: on the reference device in float64 against central differences, then the GPU against that.
 */
const files = readdirSync(new URL('../../src/tensor/ops', import.meta.url)).map((file) => file.replace('.ts', ''));
const modules: unknown[] = await Promise.all(files.map((file) => import(`../../src/tensor/ops/${file}.ts`)));
const isObject = (value: unknown): value is object =>
  typeof value === 'function' || (typeof value === 'object' && value !== null);
/** Every op of src/tensor/ops: those that functions are made of, too. */
const allOps = modules
  .filter(isObject)
  .flatMap((module) => Object.values(module).filter(isObject))
  .flatMap((value) => ('definition' in value ? [value] : Object.values(value).filter(isObject)))
  .flatMap((value) => ('definition' in value ? [value.definition as OpDefinition] : []));
afterAll(() => setDefaultDevice(undefined));

test('every op with a gradient has a case that uses it', () => {
  expect(allOps.length).toBeGreaterThan(70);
  const withGradient = allOps.filter(({ vjp }) => typeof vjp === 'function').map(({ name }) => name);
  const checked = new Set(gradientCases.flatMap(({ ops }) => ops));
  // Rounding has no slope; its gradient is that of no rounding: half.test.ts.
  expect(withGradient.filter((name) => !checked.has(name) && name !== 'cast_f16')).toEqual([]);
});

test('an op without gradient says why', () => {
  for (const { name, vjp } of allOps) if (typeof vjp === 'string') expect(vjp.length, name).toBeGreaterThan(10);
});

function expectAllClose(actual: number[][], expected: number[][], tolerance: number): void {
  for (const [index, values] of expected.entries()) {
    expectClose(actual[index], values, { absolute: tolerance, relative: tolerance });
  }
}

const title = ({ ops, note, shapes }: GradientCase) =>
  `${note ?? ops.join(', ')} of ${shapes.map((shape) => `[${shape}]`).join(' ')}`;

function inputsOf({ shapes, domain = (x) => x }: GradientCase): Float64Array[] {
  return shapes.map((shape, index) =>
    Float64Array.from(
      normals(
        shape.reduce((a, b) => a * b, 1),
        index + 11,
      ),
      domain,
    ),
  );
}

/** Σ weights ⊙ f(inputs): random weights, so that no mistake cancels. */
function weigh(one: GradientCase, inputs: readonly Tensor[]): Tensor {
  const output = one.compute(...inputs);
  return output.mul(tensor(Float64Array.from(normals(output.size, 5)), output.shape)).sum();
}

async function numeric(loss: (inputs: Float64Array[]) => Promise<number>, inputs: Float64Array[]): Promise<number[][]> {
  const step = 1e-5;
  const result = [];
  for (const input of inputs) {
    const gradient = [];
    for (let at = 0; at < input.length; at++) {
      const kept = input[at];
      input[at] = kept + step;
      const above = await loss(inputs);
      input[at] = kept - step;
      const below = await loss(inputs);
      input[at] = kept;
      gradient.push((above - below) / (2 * step));
    }
    result.push(gradient);
  }
  return result;
}

async function gradients(device: Device, one: GradientCase): Promise<number[][]> {
  setDefaultDevice(device);
  const inputs = inputsOf(one).map((values, index) => tensor(values, one.shapes[index]));
  const found = grad(weigh(one, inputs), inputs);
  return Promise.all(found.map(async (gradient) => Array.from(await gradient.data())));
}

test.each(gradientCases.map((one) => [title(one), one]))('%s', async (_, one) => {
  setDefaultDevice(reference);
  const tensors = inputsOf(one).map((values, index) => tensor(values, one.shapes[index]));
  const loss = weigh(one, tensors);
  const used = new Set(trace([loss, ...grad(loss, tensors)]).nodes.map(({ op }) => op.name));
  for (const name of one.ops) expect(used, `the case does not use '${name}'`).toContain(name);

  const analytic = await gradients(reference, one);
  const expected = await numeric(async (inputs) => {
    const given = inputs.map((values, index) => tensor(values, one.shapes[index]));
    return weigh(one, given).item();
  }, inputsOf(one));
  expectAllClose(analytic, expected, 1e-6);

  const onGpu = await gradients(gpu, one);
  expectAllClose(onGpu, analytic, 2e-4);
});

const twice = gradientCases.filter(({ twice = true }) => twice);
test.each(twice.map((one) => [title(one), one]))('second derivative: %s', async (_, one) => {
  setDefaultDevice(reference);
  // The derivative of Σ (∂loss/∂x)² is checked against central differences of itself.
  const squared = (inputs: Tensor[]) =>
    grad(
      weigh(
        one,
        inputs.map((x) => x.mul(x).mul(x)),
      ),
      inputs,
    )
      .map((gradient) => gradient.mul(gradient).sum())
      .reduce((a, b) => a.add(b));
  const shaped = (inputs: Float64Array[]) => inputs.map((values, index) => tensor(values, one.shapes[index]));
  const values = inputsOf(one).map((input) => input.map((x) => Math.sign(x) * (0.6 + 0.4 * Math.abs(Math.tanh(x)))));
  const tensors = shaped(values);
  const analytic = await Promise.all(
    grad(squared(tensors), tensors).map(async (gradient) => Array.from(await gradient.data())),
  );
  const expected = await numeric((inputs) => squared(shaped(inputs)).item(), values);
  expectAllClose(analytic, expected, 1e-4);
});

test('a fused gradient has no second derivative, and says so', () => {
  const x = tensor([
    [
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ]);
  const [first] = grad(ops.attention(x, x, x).sum(), [x]);
  expect(() => grad(first.sum(), [x])).toThrow("'attentionBackward' has no gradient");
});
