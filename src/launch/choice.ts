import type { Choices } from '../gpu/tuning.js';
import type { ChoiceSizes, Launch, LaunchContext, Variants } from './launch.js';

/*
 * Where an op can be computed in several ways, its launches name these variants and the default among them. What runs is
 * the variant that was measured to be the fastest on the device for shapes like these; without measurements, the default.
 */
/** An op's variants at one point of a plan. */
export interface ChoicePoint {
  /** The op and the class of its shapes. */
  readonly key: string;
  readonly variants: Variants;
  /** The variant that is taken without measurements. */
  readonly default: string;
}

/** Decides at a point, and returns the launches of one of its variants. */
export type Chooser = (point: ChoicePoint) => Launch[];

/** Takes the measured variant; the default where none was measured, or the measured one does not serve these shapes. */
export const chooserOf =
  (choices: Choices): Chooser =>
  (point) => {
    const name = choices.get(point.key);
    return point.variants[name !== undefined && Object.hasOwn(point.variants, name) ? name : point.default]();
  };

/** What launches choose by: makes a point of the variants, and lets the chooser decide. */
export const chooseBy =
  (chooser: Chooser): LaunchContext['choose'] =>
  (op, sizes, variants, name) =>
    chooser({ key: choiceKey(op, sizes), variants, default: name });

/** Sizes up to this are classes of their own. */
const SMALL = 16;

/**
 * The op and the class of its shapes, such as `matmul batch=1 m=257-512/4 n=10`: larger sizes are counted in doublings,
 * and multiples of 4, which decide what can be loaded at once, apart from others. One measurement serves a class.
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
