import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import papaparse from 'papaparse';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../examples/data/products.ts', import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'tessera-products-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const PUBLIC = 'http://web.resource.org/cc/PublicDomain';

/** Writes a drawing of a width and color, with the metadata of the library's drawings. */
function draw(
  name: string,
  title: string,
  { width = 20, color = '#c00', license = PUBLIC, work = 'cc:Work', defect = '' } = {},
): void {
  const file = path.join(folder, 'svg', `${name}.svg`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(
    file,
    `<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" width="30pt" height="15pt">
  <metadata id="m"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:cc="http://web.resource.org/cc/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><${work} rdf:about="">
      <dc:publisher><cc:Agent><dc:title>Open Clip Art Library</dc:title></cc:Agent></dc:publisher>
      <dc:title>${title}</dc:title>
      <dc:creator><cc:Agent><dc:title>An artist</dc:title></cc:Agent></dc:creator>
      <cc:license rdf:resource="${license}"/>
    </${work}></rdf:RDF></metadata>
  <rect width="${width}" height="20" fill="${color}"/>${defect}
</svg>`,
  );
}

const make = (...flags: string[]): Promise<{ code: number | null; out: string; err: string }> =>
  new Promise((resolve) => {
    const args = ['--import', 'tsx', script, path.join(folder, 'svg'), path.join(folder, 'out'), ...flags];
    const child = execFile(process.execPath, args, (_, out, err) => resolve({ code: child.exitCode, out, err }));
  });

test('a catalogue has the title of the work, its folder and its picture, and series in one group', async () => {
  draw('food/fruit/apple_01', 'Red apple &amp; caf&#233;', { width: 5 });
  draw('food/fruit/apple_02', '', { width: 10 });
  draw('food/bread', 'red apple, café 7', { width: 15, work: 'Work', license: PUBLIC.toLowerCase() });
  draw('food/bread_copy', 'Bread again', { width: 15 });
  draw('food/cheese', 'Cheese', { width: 25 });
  draw('tools/hammer', 'Hammer', { width: 10, color: '#00c' });
  draw('tools/saw', 'Saw', { width: 14, color: '#00c' });
  draw('tools/pen', 'Pen', { color: '#0c0' });
  draw('animals/pen_bird', 'Pen', { color: '#0c0' });
  draw('animals/cat', 'Cat', { color: '#ccc' });
  draw('food/not_free', 'Not free', { width: 30, license: 'http://creativecommons.org/licenses/GPL/2.0/' });
  draw('food/broken', 'Broken', { width: 35, defect: '<g>' });
  draw('computer/theme', 'Theme', { width: 37 });

  const { code, out, err } = await make('--minimum', '2');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/6 drawings of 2 categories in 4 groups; left out: 2 in several .*, 1 copies, 1 of .*, 2 that/);
  const csv = readFileSync(path.join(folder, 'out/products.csv'), 'utf8');
  const { data } = papaparse.parse<Record<string, string>>(csv, { header: true, skipEmptyLines: true });
  expect(data.map(({ title, category }) => [category, title])).toEqual([
    ['food', 'red apple, café 7'],
    ['food', 'Cheese'],
    ['food', 'Red apple & café'],
    ['food', ''],
    ['tools', 'Hammer'],
    ['tools', 'Saw'],
  ]);
  const [bread, cheese, first, second, hammer, saw] = data.map(({ group }) => group);
  expect([first, second]).toEqual([bread, bread]);
  expect(new Set([bread, cheese, hammer, saw]).size).toBe(4);

  const pictures = data.map(({ picture }) => picture);
  expect(readdirSync(path.join(folder, 'out/pictures')).map((name) => `pictures/${name}`)).toEqual(pictures.sort());
  // 30 points are 40 pixels, of which the hammer takes 10.
  const { data: pixels, info } = await sharp(path.join(folder, 'out', data[4].picture))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: 128, height: 64, channels: 4 });
  const opaque = Array.from({ length: info.width }, (_, x) => pixels[4 * x + 3] > 127);
  expect(opaque.lastIndexOf(true)).toBe((10 / 40) * info.width - 1);
});

test('a folder without enough drawings is refused, and nothing is written', async () => {
  draw('food/apple', 'Apple');
  const { code, err } = await make();
  expect(code).not.toBe(0);
  expect(err).toMatch(/no category has 50 drawings; expected folders such as animals, with SVG files/);
  expect(readdirSync(folder)).toEqual(['svg']);
  expect((await make('--minimum', 'few')).err).toMatch(/--minimum: expected a number of at least 1, got NaN/);
});
