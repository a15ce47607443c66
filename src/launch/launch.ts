import type { Device, DeviceLimits, ElementType } from '../gpu/device.js';
import type { Kernel } from '../gpu/kernel.js';
import { type Shape, sizeOf } from './shape.js';

/*
 * src/launch turns values into launches: which kernels compute an op on a device, in which variant, and in how many
 * launches. It knows kernels and devices, but neither tensors nor autograd.
 */
/** The memory of a tensor in a plan, to which a kernel's binding is bound. */
export interface Value {
  readonly shape: Shape;
  readonly dtype: ElementType;
  readonly length: number;
  /** The offset in elements of a view into a larger value; undefined for a whole one. */
  readonly first?: number;
}

/** A view of the contiguous elements of a value from `first` on, with a shape of its own. */
export const viewOf = <V extends Value>(value: V, first: number, shape: Shape): V => ({
  ...value,
  shape,
  length: sizeOf(shape),
  first: (value.first ?? 0) + first,
});

/** A kernel with the values behind its bindings and the values of its uniforms. */
export interface Launch {
  readonly kernel: Kernel;
  readonly bindings: Readonly<Record<string, Value>>;
  readonly uniforms: Readonly<Record<string, number>>;
}

/** Makes a launch of a kernel on the given values. */
export function launch(kernel: Kernel, bindings: Launch['bindings'], uniforms: Launch['uniforms']): Launch {
  return { kernel, bindings, uniforms };
}

/** Alternative launches of one op, by name: only those that this device can run on these shapes. */
export type Variants = Readonly<Record<string, () => Launch[]>>;

/** The sizes on which it depends which variant is the fastest; measurements are kept by their class. */
export type ChoiceSizes = Readonly<Record<string, number | boolean>>;

/** The device, temporaries and choices that functions making launches use. */
export interface LaunchContext {
  readonly device: Pick<Device, 'limits' | 'software' | 'features' | 'kind'> & { readonly limits: DeviceLimits };
  /** Makes a value that lives only between the launches of one op. */
  temporary(shape: Shape, dtype?: ElementType): Value;
  /**
   * Returns the launches of the variant that was measured to be the fastest for these sizes, or else of the default.
   */
  choose(op: string, sizes: ChoiceSizes, variants: Variants, defaultVariant: string): Launch[];
}
