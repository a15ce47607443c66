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

/** The cost of a dispatch: floating-point operations, and bytes that must be read or written at least once. */
export interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

export type Values = Readonly<Record<string, number>>;

/** The types and shapes of matrices that subgroups multiply, (M, K) x (K, N); not yet in `@webgpu/types`. */
export interface SubgroupMatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** A range of elements of a buffer. */
export interface Span {
  readonly first: number;
  readonly length: number;
}

/**
 * A way to split a launch into consecutive parts, for buffers that are larger than one binding of the device. Each part
 * binds only a span of the buffers that are split; the others are bound whole.
 */
export interface Split<Buffer extends string = string, Number extends string = string> {
  /** Returns the maximum number of parts. */
  parts(values: Readonly<Record<Number, number>>): number;
  /**
   * Returns the launch for the parts of [first, end): all its uniform values, and the span of each split buffer that it
   * binds. Its indices count from the start of the spans. Together, the launches of all parts compute what the unsplit
   * launch does. It returns undefined for values that it cannot split.
   */
  launch(
    values: Readonly<Record<Number, number>>,
    first: number,
    end: number,
  ): { readonly values: Values; readonly spans: Readonly<Partial<Record<Buffer, Span>>> } | undefined;
}

/**
 * The definition of a kernel. `reads`, `updates` (read and written in place) and `writes` name its storage bindings,
 * `sizes` and `numbers` the fields of its uniform `struct Sizes`, in the order of the WGSL.
 */
export interface KernelDefinition<Buffer extends string, Number extends string> {
  readonly name: string;
  readonly reads?: readonly Buffer[];
  readonly updates?: readonly Buffer[];
  readonly writes?: readonly Buffer[];
  /** The uniforms that are determined by shapes. */
  readonly sizes?: readonly Number[];
  /** The uniforms that may change from step to step, such as a learning rate. */
  readonly numbers?: readonly Number[];
  /** The minimum subgroup size that it requires; undefined if it does not use subgroups. */
  readonly subgroupLanes?: number;
  /** The subgroup matrices that it uses, if any. */
  readonly subgroupMatrix?: SubgroupMatrixConfig;
  /** Whether it loads or stores f16. */
  readonly f16?: boolean;
  /**
   * The ways to split a launch. The first one splits what it can; the next ones split buffers that are still too large.
   */
  readonly splits?: readonly Split<NoInfer<Buffer>, NoInfer<Number>>[];
  /** Returns the number of workgroups; beyond the device's limit in x, they extend in y. */
  workgroups(values: Readonly<Record<Number, number>>): number;
  cost(values: Readonly<Record<Number, number>>): Cost;
  readonly wgsl: string;
  /** Computes the same in float64, on arrays of at least the size that the kernel accesses. */
  reference(given: Readonly<Record<Buffer, Float64Array> & Record<Number, number>>): void;
}

/** A kernel that is ready to dispatch: its definition was checked against its WGSL. */
export interface Kernel {
  readonly name: string;
  readonly bindings: readonly Binding[];
  /** The fields of each uniform binding, in order. */
  readonly uniforms: readonly (readonly UniformField[])[];
  /** The marks where elementwise functions can be fused into it. */
  readonly marks: readonly Mark[];
  /** The minimum subgroup size that it requires; 0 if it does not use subgroups. */
  readonly subgroupLanes: number;
  /** The subgroup matrices that it uses, if any. */
  readonly subgroupMatrix: SubgroupMatrixConfig | undefined;
  /** Whether it loads or stores f16. */
  readonly f16: boolean;
  /** The WGSL source with its marks. */
  readonly wgsl: string;
  /** The WGSL source that the device compiles. */
  readonly source: string;
  readonly splits: readonly Split[];
  workgroups(values: Values): number;
  cost(values: Values): Cost;
  reference(given: Readonly<Record<string, Float64Array | number>>): void;
}

/**
 * Checks the definition of a kernel against its WGSL and returns a kernel that is ready to dispatch.
 *
 * @throws TesseraError if bindings, access modes or uniform fields differ between the two, or a mark is wrong.
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

/** Returns the WGSL that the device compiles: unfilled marks become identity functions, and extensions are enabled. */
export const programOf = (wgsl: string, { subgroupLanes, subgroupMatrix, f16 }: Needs): string =>
  [
    subgroupLanes > 0 ? 'enable subgroups;\n' : '',
    subgroupMatrix !== undefined ? 'enable chromium_experimental_subgroup_matrix;\n' : '',
    f16 ? 'enable f16;\n' : '',
    closeHooks(wgsl),
  ].join('');

/** The optional features that a kernel requires. */
export type Needs = Pick<Kernel, 'subgroupLanes' | 'subgroupMatrix' | 'f16'>;

function expectSame(kernel: string, what: string, described: readonly string[], inSource: readonly string[]): void {
  if (described.join() !== inSource.join()) {
    throw new TesseraError(
      `${kernel}: ${what} differ: the definition has [${described.join(', ')}], the WGSL has [${inSource.join(', ')}]`,
    );
  }
}

/**
 * Splits a launch along a size that is the outermost axis of some buffers; `each` returns the number of elements of
 * each buffer per index of that axis.
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

/** Computes ⌈count / size⌉. */
export const ceilDivide = (count: number, size: number): number => Math.ceil(count / size);
