import { afterAll, expect, test } from 'vitest';
import { create, globals } from 'webgpu';
import type { ElementwiseFunction } from '../../src/kernels/elementwise.js';
import type { Expression } from '../../src/kernels/expression.js';
import { functions as calculus, composeElementwise, elementwise, normal, uniform } from '../../src/kernels/index.js';
import { allKernels } from './all.js';

/*
 * Dawn's null backend compiles and validates WGSL without any adapter, with line and column.
 */
for (const [name, value] of Object.entries(globals))
  if (!(name in globalThis)) Object.assign(globalThis, { [name]: value });
const instance = create(['backend=null']);
const device = await (await instance.requestAdapter())!.requestDevice();
// Dawn dies with the object that create() returned: this keeps it until the end.
afterAll(() => {
  device.destroy();
  expect(instance).toBeDefined();
});

async function messages(source: string): Promise<string[]> {
  device.pushErrorScope('validation');
  const info = await device.createShaderModule({ code: source }).getCompilationInfo();
  await device.popErrorScope();
  return info.messages.map(({ lineNum, linePos, message }) => `line ${lineNum}, column ${linePos}: ${message}`);
}

test.each(allKernels().map((kernel) => [kernel.name, kernel]))('%s compiles', async (_, kernel) => {
  expect(await messages(kernel.source)).toEqual([]);
});

const functions = [elementwise, elementwise.cast, calculus, { normal, uniform }]
  .flatMap(Object.values)
  .filter((value): value is ElementwiseFunction => typeof value === 'object' && 'apply' in value);

test.each(functions.map((fn) => [fn.name, fn]))('elementwise %s compiles, for scalars and by fours', async (_, fn) => {
  const arity = fn.indexed ? 2 : fn.apply.length;
  for (const type of fn.takes) {
    for (const layout of [
      'same',
      [
        { size: 3, kept: true },
        { size: 5, kept: false },
      ],
    ] as const) {
      const inputs = Array.from({ length: arity }, (__, index) => ({
        type: fn.name === 'select' && index === 0 ? ('bool' as const) : type,
        layout,
      }));
      const operands = inputs.map((__, index) => ({ kind: 'input' as const, index }));
      const expression: Expression = {
        inputs,
        numbers: [],
        steps: [{ fn, operands, type: fn.gives === 'same' ? type : fn.gives }],
      };
      expect(await messages(composeElementwise(expression).source)).toEqual([]);
    }
  }
});

test('a mistake is found, so silence means something', async () => {
  expect((await messages('fn main() -> f32 { return 1u; }')).length).toBeGreaterThan(0);
});
