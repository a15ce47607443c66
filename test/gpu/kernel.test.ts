import { expect, test } from 'vitest';
import { type Device, defineKernel, epilogue, lackOf, prologue } from '../../src/gpu/index.js';
import { sizeClass } from '../../src/gpu/pool.js';

const source = `
struct Sizes { count: u32, rate: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> sizes: Sizes;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < sizes.count) { y[id.x] = sizes.rate * x[id.x]; }
}`;
/** The source with an epilogue that is called, and marks in front of it. */
const fusable = (...marks: string[]) =>
  `${marks.join('\n')}\n${source.replace('= sizes.rate * x[id.x];', '= epilogue(sizes.rate * x[id.x], id.x);')}`;
const definition = {
  name: 'scale',
  reads: ['x'],
  writes: ['y'],
  sizes: ['count'],
  numbers: ['rate'],
  workgroups: () => 1,
  cost: () => ({ flops: 0, bytes: 0 }),
  wgsl: source,
  reference: () => {},
} as const;

test('a definition that agrees with its WGSL is a kernel', () => {
  expect(defineKernel(definition).bindings).toEqual([
    { name: 'x', access: 'read' },
    { name: 'y', access: 'read_write' },
    { name: 'sizes', access: 'uniform' },
  ]);
});

test.each([
  ['a name that the WGSL does not have', { reads: ['input'] }, 'storage bindings differ'],
  ['an access that is another', { reads: ['x', 'y'], writes: [] }, 'storage bindings differ'],
  ['a uniform that is missing', { numbers: [] }, 'uniform fields differ'],
  ['uniforms in another order', { sizes: ['rate'], numbers: ['count'] }, 'uniform fields differ'],
  ['a gap in the bindings', { wgsl: source.replace('@binding(2)', '@binding(3)') }, 'must be consecutive from 0'],
  ['a uniform of another type', { wgsl: source.replace('rate: f32', 'rate: vec2f') }, "got 'rate: vec2f'"],
  ['a hook that is called and not marked', { wgsl: fusable() }, 'calls epilogue() and has 0 marks'],
  ['a hook that is marked twice', { wgsl: fusable(epilogue('y'), epilogue('y')) }, 'has 2 marks'],
  ['a hook that is marked and not called', { wgsl: `${prologue('x')}${source}` }, 'does not call prologue()'],
  ['a hook on no binding', { wgsl: fusable(epilogue('z')) }, "an epilogue is marked on 'z'"],
  [
    'a hook on a binding that is only read',
    { wgsl: fusable(epilogue('x')) },
    "no 'var<storage, read_write> x: array<f32>'",
  ],
  [
    'a hook of another type',
    { wgsl: fusable(epilogue('y', 'vec4f')) },
    "no 'var<storage, read_write> y: array<vec4f>'",
  ],
  ['no entry point', { wgsl: source.replace('fn main', 'fn start') }, "no '@compute"],
])('%s is refused', (_, change, message) => {
  expect(() => defineKernel({ ...definition, ...change })).toThrow(message);
});

test('a kernel tells its marks, and what is not fused into it passes values through', () => {
  const kernel = defineKernel({ ...definition, wgsl: fusable(epilogue('y')) });
  expect(kernel.marks).toEqual([{ hook: 'epilogue', on: 'y', type: 'f32' }]);
  expect(kernel.source).toContain('fn epilogue(value: f32, index: u32) -> f32 { return value; }');
});

test('size classes cover what is asked for, by a quarter more at most', () => {
  expect(sizeClass(1)).toBe(256);
  for (let bytes = 257; bytes < 1e8; bytes = Math.ceil(bytes * 1.137)) {
    const size = sizeClass(bytes);
    expect(size).toBeGreaterThanOrEqual(bytes);
    expect(size).toBeLessThanOrEqual(1.25 * bytes + 1);
    expect(size % 16).toBe(0);
    expect(sizeClass(size)).toBe(size);
  }
});

test('what a kernel needs and a device lacks is said', () => {
  const device = (lanes: number, ...features: string[]) =>
    ({
      kind: 'gpu',
      limits: { subgroupLanes: lanes, storageBuffers: 2 },
      features: new Set(features),
    }) as unknown as Device;
  const shared = defineKernel({ ...definition, subgroupLanes: 8 });
  expect(lackOf(shared, device(8))).toBeUndefined();
  expect(lackOf(shared, device(4))).toContain('at least 8 lanes, the device has 4');
  const half = defineKernel({ ...definition, f16: true });
  expect(half.source).toMatch(/^enable f16;/);
  expect(lackOf(half, device(0, 'shader-f16'))).toBeUndefined();
  expect(lackOf(half, device(0))).toContain("needs the feature 'shader-f16'");
  const matrix = { componentType: 'f16', resultComponentType: 'f32', M: 16, N: 8, K: 16 } as const;
  const multiplies = defineKernel({ ...definition, subgroupMatrix: matrix, f16: true });
  const having = (...subgroupMatrices: object[]) =>
    ({ ...device(0, 'shader-f16'), limits: { storageBuffers: 2, subgroupMatrices } }) as unknown as Device;
  expect(lackOf(multiplies, having({ ...matrix, K: 8 }, { ...matrix, N: 16 }))).toBe(
    'it needs subgroup matrices of 16 x 8 x 16 f16 to f32, the device has 16 x 8 x 8 f16 to f32, 16 x 16 x 16 f16 to f32',
  );
  expect(lackOf(multiplies, having(matrix))).toBeUndefined();
  expect(multiplies.source).toMatch(/^enable chromium_experimental_subgroup_matrix;\nenable f16;/);
  const few = { ...device(0), limits: { subgroupLanes: 0, storageBuffers: 1 } } as unknown as Device;
  expect(lackOf(defineKernel(definition), few)).toContain('binds 2 storage buffers, the device allows 1');
});
