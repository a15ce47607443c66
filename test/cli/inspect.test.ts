import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { inEmptyFolder, run } from '../support/command-line.js';
import { toneOf, wavOf } from '../support/sounds.js';

inEmptyFolder();

const WORDS = ['old', 'bright', 'quiet', 'modern', 'large', 'flat', 'garden', 'view', 'river', 'street', 'kitchen'];
const ROWS = 200;
/** A number that looks random, from 0 to count - 1. */
const mixed = (row: number, count: number) => ((row * 2_654_435_761) >>> 7) % count;

const writeRows = (name: string, header: string, row: (index: number) => unknown[], rows = ROWS) =>
  writeFileSync(name, [header, ...Array.from({ length: rows }, (_, index) => row(index))].join('\n'));

const photo = (background: string) =>
  sharp({ create: { width: 9, height: 30, channels: 3, background } })
    .png()
    .toBuffer();

beforeAll(async () => {
  mkdirSync('photos');
  writeFileSync('photos/red.png', await photo('#ff0000'));
  writeFileSync('photos/blue.png', await photo('#0000ff'));
  writeRows('houses.csv', 'id,title,price,city,photo,built,kind', (row) => [
    row + 1,
    Array.from({ length: 6 }, (_, word) => WORDS[mixed(row * 7 + word, WORDS.length)]).join(' '),
    row % 10 === 3 ? '' : mixed(row, 9000) / 4,
    ['Rome', 'Paris'][mixed(row + 3, 2)],
    `photos/${['red', 'blue'][mixed(row + 5, 2)]}.png`,
    `${1950 + mixed(row, 70)}-0${1 + mixed(row, 9)}-11`,
    row % 3 === 0 ? 'flat' : 'house',
  ]);
});

test('it prints every column, the classes, the split and what looks wrong', async () => {
  const { code, out, err } = await run('inspect', 'houses.csv', '--target', 'kind');
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/^houses.csv: 200 rows, 7 columns\n\ncolumn +kind +missing +distinct +examples\n/);
  expect(out).toMatch(/\nid +ignored +200 +1, 2, 3, 4, 5\n {2}an identifier: a different integer in every row/);
  expect(out).toMatch(/\ntitle +text +\d+ +\w+ .*…\n/);
  expect(out).toMatch(/\nprice +number +10.0% +\d+ /);
  expect(out).toMatch(/\nphoto +image +2 +photos\/red.png, photos\/blue.png\n/);
  expect(out).toMatch(/target: 'kind', one of 2 classes\nclass +rows +share\nhouse +133 +66.5%\nflat +67 +33.5%\n/);
  expect(out).toMatch(/split at random, 80% \/ 10% \/ 10%, seed 0: 160 train, 20 validation, 20 test/);
  for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('--json prints one object', async () => {
  const { code, out } = await run('inspect', 'houses.csv', '--target', 'kind', '--json');
  const { rows, columns, classes, warnings, schema } = JSON.parse(out);
  expect(code).toBe(0);
  expect(rows).toEqual({ all: 200, train: 160, validation: 20, test: 20, withoutTarget: 0 });
  expect(columns[2]).toMatchObject({ column: 'price', kind: 'number', missing: 20, examples: expect.any(Array) });
  expect([classes, warnings]).toEqual([{ house: 133, flat: 67 }, []]);
  expect(schema).toMatchObject({ version: 1, target: { column: 'kind', classes: ['flat', 'house'] } });
});

test('the class of a folder of class folders is its target', async () => {
  for (const color of ['red', 'blue']) {
    mkdirSync(`colors/${color}`, { recursive: true });
    for (let at = 0; at < 10; at++) writeFileSync(`colors/${color}/${at}.png`, await photo(color));
  }
  const { code, out, err } = await run('inspect', 'colors');
  expect([code, out], err).toEqual([0, expect.stringContaining("target: 'label', one of 2 classes")]);
});

test('flags override what was inferred', async () => {
  const flags = [
    '--text',
    'city, id',
    '--ignore',
    'title',
    '--ignore',
    'photo,price',
    '--group',
    'built',
    '--seed',
    '7',
  ];
  const { out } = await run('inspect', 'houses.csv', '--target', 'kind', ...flags, '--json');
  const { schema } = JSON.parse(out);
  expect(schema.fields.map(({ column, kind }: { column: string; kind: string }) => `${column}: ${kind}`)).toEqual([
    'id: text',
    'city: text',
  ]);
  expect(schema.ignored.map(({ column }: { column: string }) => column)).toEqual(['title', 'price', 'photo', 'built']);
  expect(schema.split).toMatchObject({ by: 'group', column: 'built', seed: 7 });
});

test('a schema can be written, edited and given back', async () => {
  await run('inspect', 'houses.csv', '--target', 'kind', '--time', 'built', '--out', 'out/schema.json');
  const edited = readFileSync('out/schema.json', 'utf8').replace('"kind": "category"', '"kind": "text"');
  writeFileSync('edited.json', edited);
  const { out, err } = await run('inspect', 'houses.csv', '--schema', 'edited.json', '--seed', '3', '--json');
  expect(err).toBe('');
  expect(JSON.parse(out).schema).toEqual(JSON.parse(edited));
});

test('--sheet draws the images, and names those that cannot be used', async () => {
  writeRows('photos.csv', 'photo,label', (row) => [
    ['photos/red.png', 'photos/blue.png', 'photos.csv', 'none.png'][row % 4],
    row % 2,
  ]);
  const flags = ['--target', 'label', '--image', 'photo', '--sheet', 'sheet.png'];
  const { code, out, err } = await run('inspect', 'photos.csv', ...flags, '--json');
  expect([code, err]).toEqual([0, 'wrote sheet.png\n']);
  const images = JSON.parse(out).warnings.find(({ message }: { message: string }) => message.includes('checked'));
  expect(images).toMatchObject({ code: 'unreadable', column: 'photo' });
  expect(images.message).toMatch(
    /^'photo': \d+ of 36 images .* such as photos.csv, row \d+: (cannot decode 'photos.csv'|there is no file 'none.png')/,
  );
  const { data, info } = await sharp('sheet.png').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([8 + 6 * 136, 8 + 6 * 154]);
  const colors = new Set<string>();
  for (let tile = 0; tile < 36; tile++) {
    const [x, y] = [8 + (tile % 6) * 136 + 64, 8 + Math.floor(tile / 6) * 154 + 20];
    colors.add(data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3).join());
  }
  expect([...colors].sort()).toEqual(['0,0,255', '204,204,204', '255,0,0']);
});

test('--sheet draws the spectrograms of sounds, and names those that cannot be used', async () => {
  writeFileSync('low.wav', wavOf(toneOf({ hertz: 300, seconds: 0.2, sampleRate: 8000 }), 8000));
  writeFileSync('high.wav', wavOf(toneOf({ hertz: 3000, seconds: 0.2, sampleRate: 8000 }), 8000));
  writeFileSync('empty.wav', wavOf(new Float32Array(), 8000));
  writeRows('clips.csv', 'clip,label', (row) => [['low.wav', 'high.wav', 'empty.wav'][row % 3], row % 2]);
  const { code, out, err } = await run('inspect', 'clips.csv', '--target', 'label', '--sheet', 'clips.png', '--json');
  expect([code, err]).toEqual([0, 'wrote clips.png\n']);
  const { schema, warnings } = JSON.parse(out);
  expect(schema.fields).toMatchObject([{ column: 'clip', kind: 'sound' }]);
  expect(warnings.map(({ message }: { message: string }) => message).join()).toMatch(
    /'clip': \d+ of 36 sounds that were checked cannot be used, such as clips.csv, row \d+: cannot decode 'empty.wav': the file has no samples/,
  );
  const { data, info } = await sharp('clips.png').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const kinds = new Set<string>();
  for (let tile = 0; tile < 36; tile++) {
    const red = (up: number) => {
      const [x, y] = [8 + (tile % 6) * 136 + 64, 8 + Math.floor(tile / 6) * 154 + 127 - up];
      return data[(y * info.width + x) * 3];
    };
    kinds.add(red(24) === 204 ? 'gray' : red(24) > red(110) ? 'low' : 'high');
  }
  expect([...kinds].sort()).toEqual(['gray', 'high', 'low']);
});

describe('wrong input is an error that says what to do', () => {
  beforeAll(() => {
    writeRows(
      'bad.csv',
      'unique,one,empty,many,label',
      (row) => [`name ${row}`, 'same', '', `class ${row % 1500}`, row % 2],
      3000,
    );
    writeRows('twice.csv', 'a,b,a', () => [1, 2, 3]);
    writeFileSync('header.csv', 'a,b\n');
    writeFileSync('nothing.csv', '');
    writeFileSync('ragged.csv', 'a,b\n1,2\n1,2,3\n4\n');
    writeFileSync('text.json', 'no json');
    writeFileSync('schema.json', '{"version": 1, "fields": 3}');
  });

  test.each<[string[], ...string[]]>([
    [['bad.csv', '--target', 'lable'], "there is no column 'lable' (did you mean 'label'?)", 'unique, one, empty'],
    [['bad.csv', '--target', 'unique'], "the target 'unique' has a value of its own in every row, such as 'name 0'"],
    [['bad.csv', '--target', 'one'], "the target 'one' has one value, 'same', in all rows"],
    [['bad.csv', '--target', 'empty'], "the target 'empty' has no value in any of 3,000 rows"],
    [['bad.csv', '--target', 'many'], "the target 'many' has 1,500 classes; expected 2 to 1,000; merge the rare ones"],
    [['bad.csv', '--target', 'label', '--ignore', 'label'], "'label' is the target"],
    [['bad.csv', '--text', 'uniqe'], "--text: there is no column 'uniqe' (did you mean 'unique'?)"],
    [['bad.csv', '--text', 'one', '--number', 'one'], "column 'one' is given twice: --text and --number"],
    [['bad.csv', '--group', 'x'], "there is no column 'x'"],
    [['bad.csv', '--split', 'one', '--target', 'label'], "bad.csv, row 1, column 'one': expected 'train'"],
    [['bad.csv', '--out', 'bad.csv'], "'bad.csv' is read, and would be overwritten; write to another file"],
    [
      ['bad.csv', '--sheet', 'sheet.png'],
      'no column of bad.csv has images or sounds; name one with --image or --sound',
    ],
    [['bad.csv', '--schema', 'none.json'], "'none.json': there is no such file"],
    [['bad.csv', '--schema', 'text.json'], 'text.json is not valid JSON'],
    [['bad.csv', '--schema', 'schema.json'], 'schema.json: fields must be a list, got 3'],
    [['bad.csv', '--out', 'bad.csv/schema.json'], 'a part of the path is a file'],
    [['twice.csv'], "twice.csv, header: columns 1 and 3 are both called 'a'; rename one of them"],
    [['header.csv'], 'header.csv: it has no rows; expected at least one'],
    [['nothing.csv'], 'nothing.csv: it is empty'],
    [['ragged.csv'], 'ragged.csv, row 2: it has 3 cells; expected 2', 'ragged.csv, row 3: it has 1 cell', '--on-error'],
    [['none.csv'], "'none.csv': there is no such file"],
  ])('%j', async (args, ...messages) => {
    const { code, out, err } = await run('inspect', ...args);
    expect([code, out]).toEqual([1, '']);
    for (const message of messages) expect(err).toContain(message);
  });

  test.each([
    [
      ['houses.csv', '--split', 'a', '--group', 'b'],
      "'--group <column>' cannot be used with option '--split <column>'",
    ],
    [['houses.csv', '--fractions', '0.5,0.6,0.1'], 'three numbers that add up to 1'],
    [['houses.csv', '--seed', '-1'], 'expected an integer from 0'],
    [['houses.csv', '--on-error', 'panic'], 'Allowed choices are stop, skip, missing'],
    [[], "missing required argument 'tables'"],
  ])('%j is a wrong call', async (args, message) => {
    expect(await run('inspect', ...args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) });
  });

  test('rows that are skipped are listed', async () => {
    const { code, err } = await run('inspect', 'ragged.csv', '--on-error', 'skip');
    expect([code, err]).toEqual([0, expect.stringContaining('2 cells cannot be used; 2 rows left out')]);
  });
});
