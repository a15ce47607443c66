/*
 * Makes a catalogue from the drawings of the Open Clip Art Library (release 0.18, in Debian's package openclipart-svg):
 * a picture, a title and a category each.
 *
 *   apt-get download openclipart-svg && dpkg-deb -x openclipart-svg_*.deb openclipart
 *   npx tsx examples/data/products.ts openclipart/usr/share/openclipart/svg products
 *   npx tessera train products/products.csv --target category --group group --fractions 0.7,0.1,0.2 \
 *     --encoder picture=conv --epochs 15
 *
 * The category is the folder. Titles and licenses are in the SVG files, as RDF (Dublin Core, Creative Commons); only
 * drawings that say that they are in the public domain are taken. A picture that is in several categories is left out,
 * and of copies in one category there is one row. Drawings whose titles or file names differ in numbers alone, as
 * `balloon 1` and `balloon 2`, are one group: split by it, so that no series is both learned and tested.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { XMLParser } from 'fast-xml-parser';
import papaparse from 'papaparse';
import sharp from 'sharp';
import { decodeBytes, writeFileAtomically } from '../../src/data/node/index.js';
import { groupsOf } from './groups.js';

/** Folders of computers' themes, of stars and gradients by the hundred, and of all sorts. */
const NO_CATEGORIES = ['computer', 'shapes', 'special', 'unsorted'];
/** The longer side of a picture, in pixels. */
const SIDE = 128;
/** The height and width at which pictures are compared. */
const COMPARED = 16;

/** A drawing of the library. */
interface Drawing {
  /** The path of the SVG file within the folder, without its ending. */
  readonly name: string;
  readonly category: string;
  /** '' for none. */
  readonly title: string;
  readonly png: Buffer;
  /** The same for drawings that look the same. */
  readonly look: string;
}

/** What the metadata of an SVG file say of it. */
interface Metadata {
  readonly metadata?: {
    readonly RDF?: {
      readonly Work?: { readonly title?: string; readonly license?: { readonly '@_resource'?: string } };
    };
  };
}

const command = new Command('products')
  .description('makes a catalogue of drawings: picture, title and category')
  .argument('<svg>', 'the folder of the drawings, which has folders such as animals and food')
  .argument('<out>', 'the folder to write: products.csv and pictures/')
  .option('--minimum <drawings>', 'categories of fewer drawings are left out', Number, 50)
  .parse();
const [folder, out] = command.args;
const { minimum } = command.opts<{ minimum: number }>();
if (!(minimum >= 1)) throw new Error(`--minimum: expected a number of at least 1, got ${minimum}`);

const parser = new XMLParser({
  removeNSPrefix: true,
  parseTagValue: false,
  htmlEntities: true,
  ignoreAttributes: (name) => name !== 'resource',
});

/** The work that the RDF of an SVG file describes; its creator and publisher have titles of their own. */
function workOf(svg: string): { title: string; license: string } {
  const [xml = ''] = /<(\w+:)?metadata\b[\s\S]*?<\/\1metadata>/.exec(svg) ?? [];
  const work = (parser.parse(xml) as Metadata).metadata?.RDF?.Work;
  return { title: work?.title?.replace(/\s+/g, ' ') ?? '', license: work?.license?.['@_resource'] ?? '' };
}

/** Reads a drawing; undefined if it is not in the public domain, or cannot be drawn. */
async function readDrawing(file: string): Promise<Drawing | undefined> {
  const svg = await readFile(path.join(folder, file));
  const { title, license } = workOf(svg.toString());
  if (!/publicdomain/i.test(license)) return undefined;
  // Lengths in points or centimetres are those of CSS at 96 dots per inch. It is drawn at the size asked for.
  const png = await sharp(svg, { density: 96, limitInputPixels: false })
    .resize(SIDE, SIDE, { fit: 'inside' })
    .png()
    .toBuffer()
    .catch(() => undefined);
  if (png === undefined) return undefined;
  const small = await decodeBytes(png, { height: COMPARED, width: COMPARED, fit: 'contain', background: '#ffffff' });
  const look = createHash('sha256').update(small).digest('hex');
  return { name: file.slice(0, -'.svg'.length), category: file.split(path.sep)[0], title, png, look };
}

/** Items by key, in their order. */
const groupBy = <T>(items: readonly T[], keyOf: (item: T) => string): T[][] => {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
};

/** A name without its numbers and marks: what drawings of a series share. */
const lettersOf = (name: string): string =>
  name
    .toLowerCase()
    .match(/\p{L}+/gu)
    ?.join(' ') ?? '';

const drawings: Drawing[] = [];
let unusable = 0;
for (const entry of (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
  if (!entry.isDirectory() || NO_CATEGORIES.includes(entry.name)) continue;
  const inside = await readdir(path.join(folder, entry.name), { recursive: true });
  const files = inside.filter((file) => file.endsWith('.svg')).sort();
  const read = await Promise.all(files.map((file) => readDrawing(path.join(entry.name, file))));
  const usable = read.filter((drawing) => drawing !== undefined);
  unusable += files.length - usable.length;
  drawings.push(...usable);
}

const looks = groupBy(drawings, ({ look }) => look);
const clear = looks.filter((same) => same.every(({ category }) => category === same[0].category));
const categories = groupBy(
  clear.map(([first]) => first),
  ({ category }) => category,
);
const products = categories.filter((own) => own.length >= minimum).flat();
if (products.length === 0)
  throw new Error(`${folder}: no category has ${minimum} drawings; expected folders such as animals, with SVG files`);
const groups = groupsOf(
  products.map(({ name, title }) =>
    [`title ${lettersOf(title)}`, `name ${lettersOf(path.basename(name))}`].filter((key) => !key.endsWith(' ')),
  ),
);

await mkdir(path.join(out, 'pictures'), { recursive: true });
const rows = [['picture', 'title', 'category', 'group']];
for (const [at, { name, title, category, png }] of products.entries()) {
  const picture = `pictures/${name.replaceAll(path.sep, '-')}.png`;
  await writeFile(path.join(out, picture), png);
  rows.push([picture, title, category, `g${groups[at]}`]);
}
await writeFileAtomically(path.join(out, 'products.csv'), `${papaparse.unparse(rows, { newline: '\n' })}\n`);
const several = looks.filter((same) => !clear.includes(same)).flat().length;
console.log(
  `${path.join(out, 'products.csv')}: ${products.length} drawings of ${new Set(products.map(({ category }) => category)).size} categories in ${new Set(groups).size} groups; left out: ${several} in several categories, ${drawings.length - several - clear.length} copies, ${clear.length - products.length} of small categories, ${unusable} that cannot be drawn or do not say that they are in the public domain`,
);
