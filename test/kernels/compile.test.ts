import { afterAll, expect, test } from 'vitest';
import { create, globals } from 'webgpu';
import { composeElementwise } from '../../src/kernels/index.js';
import { allKernels } from './all.js';
import { elementwiseFunctions, expressionOf } from './elementwise.js';

/*
 * Dawn's null backend compiles and validates WGSL without any adapter, with line and column.
 */
for (const [name, value] of Object.entries(globals))
  if (!(name in globalThis)) Object.assign(globalThis, { [name]: value });
const instance = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
const device = await (await instance.requestAdapter())!.requestDevice({
  requiredFeatures: ['subgroups', 'shader-f16', 'chromium-experimental-subgroup-matrix' as GPUFeatureName],
});
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

const layouts = [
  'same',
  [
    { size: 3, kept: true },
    { size: 5, kept: false },
  ],
] as const;

test.each(elementwiseFunctions.map((fn) => [fn.name, fn]))(
  'elementwise %s compiles, for scalars and vec4',
  async (_, fn) => {
    for (const type of fn.takes) {
      for (const layout of layouts)
        expect(await messages(composeElementwise(expressionOf(fn, type, layout)).source)).toEqual([]);
    }
  },
);

test('a mistake is found, so silence means something', async () => {
  expect((await messages('fn main() -> f32 { return 1u; }')).length).toBeGreaterThan(0);
});
