import { TesseraError } from './errors.js';
import {
  type Binding,
  closeHooks,
  type Mark,
  parseBindings,
  parseMarks,
  parseStruct,
  type UniformField,
} from './wgsl.js';

/** What one dispatch costs at best: arithmetic operations, and bytes that must cross the memory bus once. */
export interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

export type Values = Readonly<Record<string, number>>;

/** Shapes of matrices that a subgroup multiplies at once; not yet in `@webgpu/types`. */
export interface SubgroupMatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** Some elements of a buffer. */
export interface Span {
  readonly first: number;
  readonly length: number;
}

/**
 * A way to do a launch in parts, one after the other, for buffers that are larger than what a device binds at once. Each
 * part needs only a span of the buffers that are split; all others are bound as they are.
 */
export interface Split<Buffer extends string = string, Number extends string = string> {
  /** How many parts there are at most. */
  parts(values: Readonly<Record<Number, number>>): number;
  /**
   * The launch that does parts `first` to `end`: its values, those that it does not change included, and which span of each
   * split buffer it touches. Its indices count from the beginning of the spans. All parts together are one launch of the whole.
   * Undefined for values that it cannot split.
   */
  launch(
    values: Readonly<Record<Number, number>>,
    first: number,
    end: number,
  ): { readonly values: Values; readonly spans: Readonly<Partial<Record<Buffer, Span>>> } | undefined;
}

/**
 * The description of a kernel. `reads`, `updates` (read and written in place) and `writes` name its storage
 * bindings, `sizes` and `numbers` the fields of its uniform `struct Sizes`, in the order of the WGSL.
 */
export interface KernelDefinition<Buffer extends string, Number extends string> {
  readonly name: string;
  readonly reads?: readonly Buffer[];
  readonly updates?: readonly Buffer[];
  readonly writes?: readonly Buffer[];
  /** Integers that follow from shapes. */
  readonly sizes?: readonly Number[];
  /** Numbers that may differ from step to step, such as a learning rate. */
  readonly numbers?: readonly Number[];
  /** Set where its invocations use subgroups: of at least this many lanes. */
  readonly subgroupLanes?: number;
  /** Set where its subgroups multiply matrices: of this shape. */
  readonly subgroupMatrix?: SubgroupMatrixConfig;
  /** Set where it loads or stores half precision. */
  readonly f16?: boolean;
  /** Ways to do a launch in parts; of buffers that are too large the first one splits what it can, then the next. */
  readonly splits?: readonly Split<NoInfer<Buffer>, NoInfer<Number>>[];
  /** How many workgroups; beyond the device's limit in x they fold into y. */
  workgroups(values: Readonly<Record<Number, number>>): number;
  cost(values: Readonly<Record<Number, number>>): Cost;
  readonly wgsl: string;
  /** The same computation in float64, on arrays of at least the size that the kernel touches. */
  reference(given: Readonly<Record<Buffer, Float64Array> & Record<Number, number>>): void;
}

/** A kernel ready to dispatch: a definition whose names were found to agree with its WGSL. */
export interface Kernel {
  readonly name: string;
  readonly bindings: readonly Binding[];
  /** For each uniform binding, in order, its fields. */
  readonly uniforms: readonly (readonly UniformField[])[];
  /** Where elementwise work can be fused into it. */
  readonly marks: readonly Mark[];
  /** How many lanes a subgroup must have; 0 where it uses none. */
  readonly subgroupLanes: number;
  /** The shape of the matrices that its subgroups multiply; undefined where they do not. */
  readonly subgroupMatrix: SubgroupMatrixConfig | undefined;
  /** True where it loads or stores half precision. */
  readonly f16: boolean;
  /** WGSL, with the marks still open. */
  readonly wgsl: string;
  /** WGSL as the device compiles it. */
  readonly source: string;
  readonly splits: readonly Split[];
  workgroups(values: Values): number;
  cost(values: Values): Cost;
  reference(given: Readonly<Record<string, Float64Array | number>>): void;
}

/**
 * Checks a kernel's definition against its WGSL and returns it ready to dispatch.
 *
 * @throws TesseraError when binding names, their access or the uniform fields differ between the two.
 */
export function defineKernel<const Buffer extends string, const Number extends string>(
  definition: KernelDefinition<Buffer, Number>,
): Kernel {
  const { name, wgsl } = definition;
  const declared = parseBindings(name, wgsl);
  const storage = [
    ...(definition.reads ?? []).map((buffer) => `${buffer}: read`),
    ...[...(definition.updates ?? []), ...(definition.writes ?? [])].map((buffer) => `${buffer}: read_write`),
  ];
  const inSource = declared.filter((b) => b.access !== 'uniform').map((b) => `${b.name}: ${b.access}`);
  expectSame(name, 'storage bindings', storage.sort(), inSource.sort());
  const uniforms = declared.filter((b) => b.access === 'uniform').map((b) => parseStruct(name, wgsl, b.type));
  const fields = uniforms.flat().map((field) => field.name);
  expectSame(name, 'uniform fields', [...(definition.sizes ?? []), ...(definition.numbers ?? [])], fields);
  if (!/@compute\s+@workgroup_size\([^)]+\)\s*fn main\(/.test(wgsl)) {
    throw new TesseraError(`${name}: the WGSL has no '@compute @workgroup_size(...) fn main('`);
  }
  const needs = {
    subgroupLanes: definition.subgroupLanes ?? 0,
    subgroupMatrix: definition.subgroupMatrix,
    f16: definition.f16 ?? false,
  };
  return {
    name,
    ...needs,
    bindings: declared.map(({ name, access }) => ({ name, access })),
    uniforms,
    marks: parseMarks(name, wgsl),
    wgsl,
    source: programOf(wgsl, needs),
    splits: definition.splits ?? [],
    workgroups: definition.workgroups,
    cost: definition.cost,
    reference: definition.reference,
  };
}

/** WGSL as the device compiles it: marks that are still open do nothing, and what it uses of the language is enabled. */
export const programOf = (wgsl: string, { subgroupLanes, subgroupMatrix, f16 }: Needs): string =>
  [
    subgroupLanes > 0 ? 'enable subgroups;\n' : '',
    subgroupMatrix !== undefined ? 'enable chromium_experimental_subgroup_matrix;\n' : '',
    f16 ? 'enable f16;\n' : '',
    closeHooks(wgsl),
  ].join('');

/** What a kernel uses of the language and of the device beyond what all have. */
export type Needs = Pick<Kernel, 'subgroupLanes' | 'subgroupMatrix' | 'f16'>;

function expectSame(kernel: string, what: string, described: readonly string[], inSource: readonly string[]): void {
  if (described.join() !== inSource.join()) {
    throw new TesseraError(
      `${kernel}: ${what} differ: the descriptor says [${described.join(', ')}], the WGSL says [${inSource.join(', ')}]`,
    );
  }
}

/**
 * Splits a launch along a size that is the outermost axis of some buffers: `each` says how many elements of a buffer belong
 * to one of it.
 */
export const splitAlong = <const Buffer extends string, const Number extends string>(
  size: NoInfer<Number>,
  each: (values: Readonly<Record<Number, number>>) => Readonly<Partial<Record<Buffer, number>>>,
): Split<Buffer, Number> => ({
  parts: (values) => values[size],
  launch: (values, first, end) => ({
    values: { ...values, [size]: end - first },
    spans: Object.fromEntries(
      Object.entries<number | undefined>(each(values)).map(([buffer, length = 0]) => [
        buffer,
        { first: first * length, length: (end - first) * length },
      ]),
    ) as Partial<Record<Buffer, Span>>,
  }),
});

/** How many groups of `size` cover `count` things. */
export const ceilDivide = (count: number, size: number): number => Math.ceil(count / size);

/**
 * How many neighbours an invocation should compute, one after the other. Where a CPU does the work, to begin an invocation
 * costs as much as a few loads; a GPU wants each load of its lanes to lie side by side.
 */
export const runLength = ({ software }: { readonly software: boolean }): 1 | 4 => (software ? 4 : 1);
