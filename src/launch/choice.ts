import type { Kernel } from '../gpu/kernel.js';
import type { Choices } from '../gpu/tuning.js';
import { hashOf } from './hash.js';
import type { Launch, LaunchContext } from './launch.js';

/*
 * Where an op can be computed in several ways, its `dispatch` names them, and the one that a rule would take. Which one
 * runs is what was measured on the device for shapes like these, between the same kernels; without measurements, the rule's.
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
  /** Changes with any kernel that one of the variants runs: what was measured between others holds no longer. */
  digest(): string;
}

/** Decides at a point, and returns the launches of one of its variants. */
export type Chooser = (point: ChoicePoint) => Launch[];

/**
 * Takes what was measured, and the rule's variant where nothing was, where other kernels were compared, or where the
 * measured one does not serve these shapes.
 */
export const chooserOf =
  (choices: Choices): Chooser =>
  ({ key, variants, heuristic, digest }) => {
    const name = choices.get(key)?.[digest()];
    return variants[name !== undefined && Object.hasOwn(variants, name) ? name : heuristic]();
  };

/** What ops choose by: makes a point of what an op names, and lets the chooser decide. */
export function chooseBy(chooser: Chooser): LaunchContext['choose'] {
  let collects = false;
  return (op, sizes, variants, heuristic) => {
    const all = (): Launch[] => Object.values(variants).flatMap((launches) => launches());
    // What a variant chooses in its turn counts with all of its variants, whichever is taken now.
    if (collects) return all();
    const digest = (): string => {
      collects = true;
      const launches = all();
      collects = false;
      return digestOf(launches);
    };
    return chooser({ key: choiceKey(op, sizes), variants, heuristic, digest });
  };
}

/** Of each kernel: its text is long, and stays as it is. */
const digests = new WeakMap<Kernel, string>();

/** Eight digits for the names and WGSL of all kernels of some launches. */
function digestOf(launches: readonly Launch[]): string {
  const all = Array.from(new Set(launches.map(({ kernel }) => kernel)), (kernel) => {
    const digest = digests.get(kernel) ?? digitsOf(`${kernel.name}\n${kernel.source}`);
    digests.set(kernel, digest);
    return digest;
  });
  return digitsOf(all.sort().join());
}

const digitsOf = (text: string): string => hashOf(text).toString(16).padStart(8, '0');

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
