import type { Device, DeviceLimits, ElementType } from '../gpu/device.js';
import type { Kernel } from '../gpu/kernel.js';
import { type Shape, sizeOf } from './shape.js';

/*
 * This room turns values into launches: which kernel computes an op on this device, in which variant, and in how many
 * pieces. It knows kernels and devices, but no tensors and no gradients.
 */
/** The memory of a tensor in a plan: what a kernel's binding is bound to. */
export interface Value {
  readonly shape: Shape;
  readonly dtype: ElementType;
  readonly length: number;
  /** Where it begins in the memory that it is a part of; undefined for a whole. */
  readonly first?: number;
}

/** A part of a value: neighbouring elements, under a shape of their own. */
export const partOf = <V extends Value>(value: V, first: number, shape: Shape): V => ({
  ...value,
  ...{ shape, length: sizeOf(shape), first: (value.first ?? 0) + first },
});

/** A kernel with the values behind its bindings and the values of its uniforms. */
export interface Launch {
  readonly kernel: Kernel;
  readonly bindings: Readonly<Record<string, Value>>;
  readonly uniforms: Readonly<Record<string, number>>;
}

/** Says which kernel runs on which values. */
export function launch(kernel: Kernel, bindings: Launch['bindings'], uniforms: Launch['uniforms']): Launch {
  return { kernel, bindings, uniforms };
}

/** Ways to compute the same, by name: only those that this device can run on these shapes. */
export type Variants = Readonly<Record<string, () => Launch[]>>;

/** What distinguishes one measurement from another: the numbers that decide which variant is the fastest. */
export type ChoiceSizes = Readonly<Record<string, number | boolean>>;

/** What launches may use beside the values they read and write. */
export interface LaunchContext {
  readonly device: Pick<Device, 'limits' | 'software' | 'features' | 'kind'> & { readonly limits: DeviceLimits };
  /** A value that lives only between the launches of one op. */
  temporary(shape: Shape, dtype?: ElementType): Value;
  /** The launches of the variant that was measured to be the fastest for such sizes; else those of the default. */
  choose(op: string, sizes: ChoiceSizes, variants: Variants, defaultVariant: string): Launch[];
}
