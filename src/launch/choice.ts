import type { Choices } from '../gpu/tuning.js';
import type { ChoiceSizes, Launch, LaunchContext, Variants } from './launch.js';

/*
 * Ops with several variants name them, and the default among them. The variant that was measured to be the fastest on
 * the device for shapes of the same class runs; without measurements, the default.
 */
/** One choice in a plan: the variants of an op, and the default among them. */
export interface ChoicePoint {
  /** The op and the class of its shapes, as made by `choiceKey`. */
  readonly key: string;
  readonly variants: Variants;
  /** The variant that runs without measurements. */
  readonly default: string;
}

/** Chooses a variant, and returns its launches. */
export type Chooser = (point: ChoicePoint) => Launch[];

/** A chooser of the measured variants, and of the default where none was measured or these shapes do not have it. */
export const chooserOf =
  (choices: Choices): Chooser =>
  (point) => {
    const name = choices.get(point.key);
    return point.variants[name !== undefined && Object.hasOwn(point.variants, name) ? name : point.default]();
  };

/** Makes the `choose` of a launch context from a chooser. */
export const chooseBy =
  (chooser: Chooser): LaunchContext['choose'] =>
  (op, sizes, variants, name) =>
    chooser({ key: choiceKey(op, sizes), variants, default: name });

/** Each size up to this one is a class of its own. */
const SMALL = 16;

/**
 * The op and the class of its shapes, such as `matmul batch=1 m=257-512/4 n=10`. Larger sizes are grouped by powers of
 * two, and multiples of 4, which kernels can load as vec4, are a class of their own. One measurement serves a class.
 */
export function choiceKey(op: string, sizes: ChoiceSizes): string {
  const parts = Object.entries(sizes).map(([name, size]) =>
    typeof size === 'boolean' ? (size ? name : '') : `${name}=${classOf(size)}`,
  );
  return [op, ...parts].filter((part) => part !== '').join(' ');
}

function classOf(size: number): string {
  if (size <= SMALL) return `${size}`;
  const end = 2 ** Math.ceil(Math.log2(size));
  return `${end / 2 + 1}-${end}${size % 4 === 0 ? '/4' : ''}`;
}
