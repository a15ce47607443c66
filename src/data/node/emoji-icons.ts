import { createRequire } from 'node:module';
import { TesseraError } from '../../tensor/index.js';
import type { Check } from '../../tensor/options.js';
import { splitKeys } from '../split.js';

const require = createRequire(import.meta.url);

/**
 * The emoji sets, by vendor: Twemoji (CC BY 4.0), Noto (Apache 2.0), Fluent flat (MIT), and OpenMoji (CC BY-SA 4.0,
 * which is share-alike and therefore not a default).
 */
export const EMOJI_VENDORS = ['twemoji', 'noto', 'fluent-emoji-flat', 'openmoji'] as const;
/** One of `EMOJI_VENDORS`. */
export type EmojiVendor = (typeof EMOJI_VENDORS)[number];

/** The check of an option that names vendors. */
export const emojiVendors: Check = {
  expected: `an array of ${EMOJI_VENDORS.join(', ')}`,
  fits: (value) => Array.isArray(value) && value.length > 0 && value.every((one) => EMOJI_VENDORS.includes(one)),
};

interface IconSet {
  readonly version: string;
  readonly width: number;
  readonly height: number;
  readonly icons: Readonly<Record<string, { body: string; width?: number; height?: number }>>;
  readonly categories: Readonly<Record<string, readonly string[]>>;
}

/** A drawing of an emoji by a vendor, as SVG. */
export interface EmojiIcon {
  readonly emoji: string;
  readonly vendor: EmojiVendor;
  readonly svg: string;
}

/** The emoji, what they are called, and how they are divided. */
export interface EmojiSource {
  /** The drawings of all emoji, vendor by vendor. */
  readonly icons: readonly EmojiIcon[];
  /** The names of the classes, which are Unicode's groups of emoji. */
  readonly classes: readonly string[];
  /** The class of each emoji, by its name. */
  readonly classOf: ReadonlyMap<string, number>;
  /** The names of the emoji of the test split. */
  readonly heldOut: ReadonlySet<string>;
  /** The words that are removed from all texts because they leak the label. */
  readonly removedWords: ReadonlySet<string>;
  /** The versions of the packages, by name. */
  readonly packages: Readonly<Record<string, string>>;
}

/**
 * Reads the emoji of the given vendors, with Unicode's groups as classes, and draws the emoji of the test split, the
 * same fraction of each class. @throws TesseraError under the name `where`, if a package of emoji is not installed.
 */
export function emojiSource(
  where: string,
  { vendors, seed, testFraction }: { vendors: readonly EmojiVendor[]; seed: number; testFraction: number },
): EmojiSource {
  const sets = loadSets(where, [...new Set<EmojiVendor>(['twemoji', ...vendors])]);
  const setOf = (vendor: EmojiVendor): IconSet => {
    const set = sets.get(vendor);
    if (set === undefined) throw new TesseraError(`${where}: the images of ${vendor} were not loaded`);
    return set;
  };
  const groups = groupsOf(setOf('twemoji'));
  const classes = [...new Set(groups.values())].sort();
  const classOf = new Map([...groups].map(([name, group]) => [name, classes.indexOf(group)]));
  const heldOut = splitKeys(classOf, testFraction, seed);
  return {
    icons: vendors.flatMap((vendor) => iconsOf(vendor, setOf(vendor), groups)),
    classes,
    classOf,
    heldOut,
    removedWords: labelLeakingWords([...classOf].filter(([name]) => !heldOut.has(name))),
    packages: Object.fromEntries([...sets].map(([vendor, { version }]) => [packageOf(vendor), version])),
  };
}

/** The words of an emoji's name, without those that are removed. */
export const emojiText = (name: string, { removedWords }: EmojiSource): string =>
  name
    .split('-')
    .filter((word) => !removedWords.has(word))
    .join(' ');

/** The package of a vendor's emoji, an optional dependency. */
export const packageOf = (vendor: EmojiVendor): string => `@iconify-json/${vendor}`;

function loadSets(where: string, vendors: readonly EmojiVendor[]): Map<EmojiVendor, IconSet> {
  const sets = new Map<EmojiVendor, IconSet>();
  const missing: string[] = [];
  for (const vendor of vendors) {
    const read = (file: string) => require(`${packageOf(vendor)}/${file}`);
    try {
      const { icons, width, height } = read('icons.json');
      const { version } = read('package.json');
      sets.set(vendor, { icons, width, height, version, categories: read('metadata.json').categories });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND')
        throw new TesseraError(`${where}: the package ${packageOf(vendor)} is damaged; install it again`, {
          cause: error,
        });
      missing.push(packageOf(vendor));
    }
  }
  if (missing.length > 0) {
    const packages = [...missing, ...(isInstalled('sharp') ? [] : ['sharp'])];
    throw new TesseraError(`${where}: the packages of emoji are not installed; run: npm install ${packages.join(' ')}`);
  }
  return sets;
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Returns the group of each emoji from Twemoji's metadata, without skin tone variants. */
function groupsOf(set: IconSet): Map<string, string> {
  const groups = new Map<string, string>();
  for (const [group, names] of Object.entries(set.categories)) {
    for (const name of names) if (!name.includes('skin-tone') && name in set.icons) groups.set(name, group);
  }
  return groups;
}

function iconsOf(vendor: EmojiVendor, set: IconSet, groups: ReadonlyMap<string, string>): EmojiIcon[] {
  return [...groups.keys()].sort().flatMap((emoji) => {
    const icon = set.icons[emoji];
    if (icon === undefined) return [];
    const [width, height] = [icon.width ?? set.width, icon.height ?? set.height];
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${icon.body}</svg>`;
    return [{ emoji, vendor, svg }];
  });
}

/**
 * Finds label-leaking words: those that occur in many names, nearly always of one group ('flag', 'face', 'button').
 * With them, the text alone would determine the class. They are found in the training split and removed from all texts.
 */
function labelLeakingWords(
  training: readonly (readonly [name: string, label: number])[],
  minimum = 8,
  fraction = 0.8,
): Set<string> {
  const counts = new Map<string, Map<number, number>>();
  for (const [name, label] of training) {
    for (const word of new Set(name.split('-'))) {
      const byLabel = counts.get(word) ?? new Map<number, number>();
      counts.set(word, byLabel.set(label, (byLabel.get(label) ?? 0) + 1));
    }
  }
  const leaking = [...counts].filter(([, byLabel]) => {
    const total = [...byLabel.values()].reduce((sum, count) => sum + count, 0);
    return total >= minimum && Math.max(...byLabel.values()) >= fraction * total;
  });
  return new Set(leaking.map(([word]) => word));
}
