import type { Choices } from '../gpu/tuning.js';
import type { Launch } from './graph.js';

/*
 * Where an op can be computed in several ways, its `dispatch` names them, and the one that a rule would take. Which one
 * runs is what was measured on the device for shapes like these; without measurements, the rule's.
 */
/** Ways to compute the same, by name: only those that this device can run on these shapes. */
export type Variants = Readonly<Record<string, () => Launch[]>>;

/** What tells one measurement from another: the numbers that decide which variant is the fastest. */
export type ChoiceSizes = Readonly<Record<string, number | boolean>>;

/** An op's variants at one place of a plan. */
export interface ChoicePoint {
  /** The op and the class of its shapes. */
  readonly key: string;
  readonly variants: Variants;
  /** The variant that a rule takes. */
  readonly heuristic: string;
}

/** Decides at a point, and returns the launches of one of its variants. */
export type Chooser = (point: ChoicePoint) => Launch[];

/** Takes what was measured, and the rule's variant where nothing was, or where the measured one does not serve these shapes. */
export const chooserOf =
  (choices: Choices): Chooser =>
  ({ key, variants, heuristic }) => {
    const name = choices.get(key);
    return variants[name !== undefined && Object.hasOwn(variants, name) ? name : heuristic]!();
  };

/** Sizes up to this are classes of their own. */
const SMALL = 16;

/**
 * The op and the class of its shapes, such as `matmul batch=1 m=257-512/4 n=10`: larger sizes are counted in doublings,
 * and whole fours, which decide what can be loaded at once, apart from others. One measurement serves a class.
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
