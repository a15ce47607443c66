import type { Kernel } from '../../src/gpu/index.js';
import { conv2dF16, conv2dRegister } from '../../src/kernels/conv/conv2d.js';
import type { Fusion } from '../../src/kernels/elementwise/fusion.js';
import { cast, multiply } from '../../src/kernels/elementwise/table.js';
import { matmulF16, matmulNaive, matmulRegister, matmulTiled } from '../../src/kernels/matmul/matmul.js';
import { matmulSubgroup, matmulSubgroupF16 } from '../../src/kernels/matmul/subgroup.js';
import { matmulSubgroupMatrix } from '../../src/kernels/matmul/subgroup-matrix.js';
import { matmulWide, matmulWideF16 } from '../../src/kernels/matmul/wide.js';
import { fills, stridedCopies, stridedCopiesF16 } from '../../src/kernels/movement.js';
import { fillsCpu, stridedCopiesCpu, stridedCopiesF16Cpu } from '../../src/kernels/movement-cpu.js';
import type { KernelCase } from '../support/kernels.js';
import { attentions } from './cases/attention.js';
import { convolution, infiniteConvolution, pooling } from './cases/conv.js';
import { ctcs } from './cases/ctc.js';
import { lstm } from './cases/lstm.js';
import { matmul, sumsOfTwo } from './cases/matmul.js';
import { movement, slicesUpdated } from './cases/movement.js';
import { updates } from './cases/optimizers.js';
import { argmax, emptySums, gather, reduce, scans, sorts } from './cases/reduce.js';
import { roofs } from './cases/roofline.js';
import { entropy, layerNorms, softmax, softmaxGradients } from './cases/rows.js';
import { elementwiseCases, layoutCases } from './elementwise.js';

const plain: readonly KernelCase[] = [
  ...[...roofs, ...sumsOfTwo],
  ...[...matmul, ...reduce, ...emptySums, ...attentions, ...scans, ...sorts, ...argmax, ...softmax, ...entropy],
  ...softmaxGradients,
  ...layerNorms,
  ...[
    ...gather,
    ...convolution,
    ...infiniteConvolution,
    ...pooling,
    ...ctcs,
    ...lstm,
    ...movement,
    ...slicesUpdated,
    ...updates,
  ],
];
/** The kernels for operands in half precision, by those for f32: what is said of these holds for those. */
const inHalfPrecision: readonly (readonly [Kernel, Kernel])[] = [
  [matmulNaive, matmulF16.naive],
  [matmulTiled, matmulF16.tiled],
  [matmulRegister, matmulF16.register],
  ...(['rows', 'columns', 'any', 'tall'] as const).map(
    (name) => [matmulSubgroup[name], matmulSubgroupF16[name]] as const,
  ),
  ...(['forward', 'inputBackward', 'filterBackward'] as const).map(
    (name) => [conv2dRegister[name], conv2dF16[name]] as const,
  ),
  [stridedCopies.scalar, stridedCopiesF16.scalar],
  [stridedCopies.vec4, stridedCopiesF16.vec4],
  [stridedCopiesCpu.scalar, stridedCopiesF16Cpu.scalar],
  [stridedCopiesCpu.vec4, stridedCopiesF16Cpu.vec4],
  [fills.f32, fills.f16],
  [fillsCpu.f32, fillsCpu.f16],
  ...(['any', 'vec4'] as const).flatMap((reading) => {
    const { f32_8x8x8, ...shapes } = matmulSubgroupMatrix;
    return [
      [matmulWide[reading], matmulWideF16[reading]] as const,
      ...Object.values(shapes).map((of) => [f32_8x8x8[reading], of[reading]] as const),
    ];
  }),
];
const pairs = plain.flatMap((one) =>
  inHalfPrecision.filter(([own]) => own === one.kernel).map(([, kernel]) => [one, kernel] as const),
);
const ofF16: readonly KernelCase[] = pairs.map(([one, kernel]) => {
  // Products give f32; what only moves elements moves them as they are.
  const moves = kernel.marks.length === 0 && !kernel.name.startsWith('conv2d');
  const stored = kernel.bindings.filter(({ access }) => access === 'read' || (moves && access === 'read_write'));
  return { ...one, kernel, types: Object.fromEntries(stored.map(({ name }) => [name, 'f16' as const])) };
});
/** A case whose epilogue takes an f16 in and stores f16. */
function storingF16(one: KernelCase): KernelCase {
  const { fusions = [], buffers, types } = hooked(one, 'epilogue', 0.5);
  const [{ expression, ...fusion }] = fusions;
  const [product] = expression.steps;
  const steps = [product, { fn: cast.f16, operands: [{ kind: 'step', index: 0 } as const], type: 'f16' as const }];
  return {
    ...one,
    note: `${one.note}, storing f16`,
    buffers,
    types: { ...types, [fusion.on]: 'f16', epilogue_in0: 'f16' },
    fusions: [{ ...fusion, expression: { ...expression, inputs: [{ type: 'f16', layout: 'same' }], steps } }],
    tolerance: { absolute: 1e-4, relative: 1e-3 },
  };
}
/** A case with a product at one of its hooks: each value with a number at its own index, which rise or fall. */
function hooked(one: KernelCase, hook: Fusion['hook'], slope: number): KernelCase {
  const access = hook === 'epilogue' ? 'read_write' : 'read';
  const on = one.kernel.bindings.find((binding) => binding.access === access)!.name;
  const content = one.buffers[on];
  const count = typeof content === 'number' ? content : content.length;
  const operands = [{ kind: 'value' } as const, { kind: 'input', index: 0 } as const];
  const expression: Fusion['expression'] = {
    inputs: [{ type: 'f32', layout: 'same' }],
    numbers: [],
    steps: [{ fn: multiply, operands, type: 'f32' }],
  };
  return {
    ...one,
    note: `${one.note}, with ${hook}, slope ${slope}`,
    fusions: [{ hook, on, count, expression }],
    buffers: {
      ...one.buffers,
      [`${hook}_in0`]: Float32Array.from({ length: count }, (_, at) => 1 + (slope * at) / count),
    },
  };
}
const sizeOf = ({ buffers }: KernelCase): number =>
  Object.values(buffers).reduce<number>((sum, given) => sum + (typeof given === 'number' ? given : given.length), 0);
/** For each kernel with hooks its largest case of everyday size. */
const withHooks = [...new Set([...plain, ...ofF16].map(({ kernel }) => kernel))].flatMap((kernel) => {
  const own = [...plain, ...ofF16].filter(
    (one) => one.kernel === kernel && sizeOf(one) < 25_000 && !one.note.endsWith('infinite'),
  );
  const largest = own.reduce((most, one) => (sizeOf(one) > sizeOf(most) ? one : most), own[0]);
  const changed = kernel.marks.flatMap(({ hook }) => [hooked(largest, hook, 0.5), hooked(largest, hook, -0.5)]);
  return kernel.marks.some(({ hook }) => hook === 'epilogue') ? [...changed, storingF16(largest)] : changed;
});
const unfused: readonly KernelCase[] = [...plain, ...ofF16, ...elementwiseCases, ...layoutCases];
const workgroupsOf = ({ kernel, values }: KernelCase): number => kernel.workgroups(values);
/**
 * For each kernel its case of the most workgroups, in a grid of several rows, the last one not full if three are too
 * many.
 */
const inRows = [...new Set(unfused.map(({ kernel }) => kernel))].flatMap((kernel): KernelCase[] => {
  const own = unfused.filter((one) => one.kernel === kernel && sizeOf(one) < 25_000);
  const widest = own.reduce((most, one) => (workgroupsOf(one) > workgroupsOf(most) ? one : most), own[0]);
  const count = workgroupsOf(widest);
  return count < 2 ? [] : [{ ...widest, note: `${widest.note}, in a grid of rows`, gridWidth: Math.min(3, count - 1) }];
});
export const kernelCases: readonly KernelCase[] = [...unfused, ...withHooks, ...inRows];
