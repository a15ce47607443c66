import { cpSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { Generator } from '../../src/tensor/generator.js';
import { type Ended, inEmptyFolder, interruptAt, run, runWatched, start } from '../support/command-line.js';
import { readEventFile } from '../support/event-file.js';

inEmptyFolder();

const CLASSES = ['fruit', 'vehicle', 'plant'];
const WORDS = [
  ['red', 'apple', 'sweet'],
  ['blue', 'car', 'road'],
  ['green', 'tree', 'leaf'],
];

/** Rows whose label follows from words, most of which are noise, and from a number. */
function writeTable(file: string, rows: number): void {
  const generator = new Generator(7);
  const lines = ['id,title,price,label'];
  for (let row = 0; row < rows; row++) {
    const label = generator.integer(3);
    const words = ['number', String(generator.integer(1000)), 'is', 'a', WORDS[label][generator.integer(3)]];
    const price = row % 9 === 0 ? '' : (label * 2 + generator.uniform()).toFixed(2);
    lines.push(`${row},${words.join(' ')},${price},${CLASSES[label]}`);
  }
  writeFileSync(file, `${lines.join('\n')}\n`);
}

// Few kernels to compile: a bag of words, and as many rows in the validation and the test as in a batch.
const ROWS = 160;
const fast = ['--width', '16', '--encoder', 'text=bag', '--batch', '16', '--epochs', '3', '--learning-rate', '0.02'];
const small = ['train', 'things.csv', '--target', 'label', ...fast, '--seed', '3'];
const refused = [...small, '--out', 'runs/refused'];
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

let trained: Ended;
beforeAll(async () => {
  writeTable('things.csv', ROWS);
  writeFileSync('ids.csv', `id,label\n${Array.from({ length: 99 }, (_, row) => `${row},${row % 2}\n`).join('')}`);
  trained = await run(...small, '--json');
});

test('trains on a table, and reports beside baselines', () => {
  expect(trained.code, trained.err).toBe(0);
  expect(JSON.parse(trained.out)).toMatchObject({
    adapter: expect.any(String),
    seed: 3,
    task: 'classification',
    target: 'label',
    fields: [
      { name: 'title', kind: 'text' },
      { name: 'price', kind: 'number' },
    ],
    rows: { train: 128, validation: 16, test: 16 },
    metrics: { validation: { accuracy: expect.any(Number) }, test: { macroF1: expect.any(Number) } },
    baselines: { majority: { accuracy: expect.any(Number) }, linear: { logLoss: expect.any(Number) } },
    steps: 24,
    stepMilliseconds: expect.any(Number),
    run: 'runs/things-seed3',
  });
  expect(JSON.parse(trained.out).metrics.test.accuracy).toBeGreaterThan(0.7);
  expect(trained.err).toContain('fields: title (text), price (number); target: label');
});

test('leaves a folder that tells how it was made, and predicts', () => {
  const { table, training, command } = read('runs/things-seed3/config.json');
  expect(table.files).toEqual(['things.csv']);
  expect(training.epochs).toBe(3);
  expect(command).toBe(`tessera ${small.join(' ')} --json`);
  expect(read('runs/things-seed3/schema.json').fields[0].state.vocabulary).toContain('apple');
  expect(readFileSync('runs/things-seed3/metrics.jsonl', 'utf8').trim().split('\n')).toHaveLength(3);
  expect(read('runs/things-seed3/report.json').contributions).toBeDefined();
  expect(readFileSync('runs/things-seed3/report.html', 'utf8')).toContain('</html>');
  for (const file of ['checkpoint.safetensors', 'lock']) expect(existsSync(`runs/things-seed3/${file}`)).toBe(false);
});

test('evaluates a run on a table, and measures the latency of a row', async () => {
  const { code, out, err } = await run('evaluate', 'runs/things-seed3', 'things.csv', '--json');
  expect(code, err).toBe(0);
  const result = JSON.parse(out);
  expect(result).toMatchObject({ target: 'label', rows: ROWS, task: 'classification' });
  expect(result.metrics.accuracy).toBeGreaterThan(0.7);
  expect(result.latencyMilliseconds.p95).toBeGreaterThanOrEqual(result.latencyMilliseconds.p50);
});

test('predicts a table, and keeps what identifies its rows', async () => {
  const { code, err } = await run('predict', 'runs/things-seed3', 'things.csv', '--out', 'predicted.csv');
  expect(code, err).toBe(0);
  const [head, first, ...others] = readFileSync('predicted.csv', 'utf8').trim().split('\n');
  expect(head).toBe(
    'file,row,id,label,predicted label,probability,probability of fruit,probability of plant,probability of vehicle',
  );
  expect(first).toMatch(/^things\.csv,1,0,(fruit|vehicle|plant),(fruit|vehicle|plant),0\.\d+/);
  expect(others).toHaveLength(ROWS - 1);
});

test('predicts one row, of which a cell may be missing', async () => {
  const { out, err } = await run('predict', 'runs/things-seed3', '--price', '0.5', '--json');
  expect(JSON.parse(out), err).toMatchObject({ prediction: 'fruit', row: { price: '0.5' } });
});

test('Ctrl-C and a killed process continue to the same bits', async () => {
  rmSync('runs/split', { recursive: true, force: true });
  const split = [...small, '--out', 'runs/split'];
  const stopped = await start(split, interruptAt(/^epoch 1:/m));
  expect(stopped.code, stopped.err).toBe(130);
  expect(stopped.err).toContain('stopped; continue with: tessera train --resume runs/split');
  cpSync('runs/split', 'runs/changed', { recursive: true });
  expect((await run(...split)).err).toContain('was interrupted; finish it with');
  expect((await run('predict', 'runs/split', '--text', 'apple')).err).toContain('was interrupted; finish it with');
  const killed = await start(['train', '--resume', 'runs/split'], (text, child) => {
    if (/^epoch 2:/m.test(text)) child.kill('SIGKILL');
  });
  expect(killed.code).toBe(null);
  const resumed = await run('train', '--resume', 'runs/split', '--json');
  expect(resumed.code, resumed.err).toBe(0);
  expect(JSON.parse(resumed.out).metrics).toEqual(JSON.parse(trained.out).metrics);
  const scalars = (folder: string) =>
    readEventFile(readFileSync(`${folder}/events.out.tfevents`)).map(({ step, values }) => ({ step, values }));
  expect(scalars('runs/split')).toEqual(scalars('runs/things-seed3'));
  expect(scalars('runs/split').map(({ step }) => step)).toEqual([0, 8, 16, 24]);
  const model = (folder: string) => readFileSync(`${folder}/model.safetensors`);
  expect(model('runs/split').equals(model('runs/things-seed3'))).toBe(true);
});

test.skipIf(!existsSync('/dev/full'))('a full disk loses nothing', async () => {
  cpSync('runs/changed', 'runs/full', { recursive: true });
  symlinkSync('/dev/full', 'runs/full/model.safetensors');
  const { code, err } = await run('train', '--resume', 'runs/full');
  expect(err).toContain("error: cannot write 'runs/full/model.safetensors': the disk is full; free some space");
  expect(err).toContain('the training is saved; continue it with: tessera train --resume runs/full');
  expect(err).not.toMatch(/^ {4}at /m);
  expect(code).toBe(1);
  rmSync('runs/full/model.safetensors');
  const resumed = await run('train', '--resume', 'runs/full', '--json');
  expect(JSON.parse(resumed.out).metrics, resumed.err).toEqual(JSON.parse(trained.out).metrics);
});

test('a table that vanishes during the training loses nothing', async () => {
  cpSync('runs/changed', 'runs/moved', { recursive: true });
  const { code, err } = await runWatched(['train', '--resume', 'runs/moved'], (text) => {
    if (/^epoch 2:/m.test(text) && existsSync('things.csv')) renameSync('things.csv', 'elsewhere.csv');
  });
  renameSync('elsewhere.csv', 'things.csv');
  expect(err).toContain("error: cannot read 'things.csv': there is no such file\nthe training is saved; continue it");
  expect(code).toBe(1);
  const resumed = await run('train', '--resume', 'runs/moved', '--json');
  expect(JSON.parse(resumed.out).metrics, resumed.err).toEqual(JSON.parse(trained.out).metrics);
});

test('pictures that are none are named before the training begins', async () => {
  const head = 'photo,label';
  const rows = Array.from({ length: 30 }, (_, row) => `${row}.png,${CLASSES[row % 2]}`);
  writeFileSync('photos.csv', `${[head, ...rows].join('\n')}\n`);
  const pixels = { create: { width: 2, height: 2, channels: 3 as const, background: '#aabbcc' } };
  for (const row of rows.keys()) writeFileSync(`${row}.png`, await sharp(pixels).png().toBuffer());
  writeFileSync('12.png', 'a text');
  rmSync('29.png');
  const { code, err } = await run('train', 'photos.csv', '--target', 'label', '--out', 'runs/photos');
  expect(err).toContain("photos.csv, row 13, column 'photo': cannot decode '12.png': ");
  expect(err).toContain("photos.csv, row 30, column 'photo': there is no file '29.png' in '.'");
  expect(err).toContain('--on-error');
  expect([code, existsSync('runs/photos')]).toEqual([1, false]);
});

test('a finished run is replaced only if asked for', async () => {
  cpSync('runs/things-seed3', 'runs/again', { recursive: true });
  const model = () => readFileSync('runs/again/model.safetensors');
  const before = model();
  const args = [...small, '--out', 'runs/again', '--epochs', '1', '--seed', '4'];
  const { code, err } = await run(...args);
  expect([code, err]).toEqual([1, expect.stringContaining("'runs/again' has a finished run; choose another folder")]);
  expect(model().equals(before)).toBe(true);
  const replaced = await run(...args, '--overwrite');
  expect(replaced.code, replaced.err).toBe(0);
  expect(model().equals(before)).toBe(false);
});

test('--minutes limits the steps, also to less than an epoch', async () => {
  const { code, out, err } = await run(...small, '--minutes', '0.0001', '--out', 'runs/minutes', '--json');
  expect(code, err).toBe(0);
  expect(JSON.parse(out).steps).toBeLessThan(8);
  expect(err).toMatch(/^epoch 1: loss \d/m);
});

test('a table that has changed is not trained on further', async () => {
  writeTable('things.csv', ROWS - 10);
  expect((await run('train', '--resume', 'runs/changed')).err).toContain('things.csv has changed since the run began');
  writeTable('things.csv', ROWS);
  const before = readFileSync('things.csv', 'utf8');
  writeFileSync('things.csv', before.replace('number', 'figure'));
  expect((await run('train', '--resume', 'runs/changed')).err).toContain(
    '128 / 16 / 16 now, with other cells; restore',
  );
  writeFileSync('things.csv', before);
});

test.each<[file: string, change: (content: Buffer) => Buffer | string | undefined, message: string]>([
  ['model.safetensors', (bytes) => bytes.subarray(0, 1000), "model.safetensors': decodeSafetensors: its header"],
  ['model.safetensors', (bytes) => bytes.fill(255, bytes.length - 400), 'values that are not finite; restore it'],
  ['model.safetensors', () => undefined, 'has no model: it was stopped before its first checkpoint'],
  ['schema.json', () => '{', "schema.json': "],
  ['schema.json', () => undefined, 'is not the folder of a run: it has no schema.json'],
  ['schema.json', (text) => text.toString().replace('"price"', '"cost"'), 'do not belong together'],
  [
    'config.json',
    (text) => text.toString().replace('"version": 2', '"version": 3'),
    'config: expected version 2, got 3',
  ],
  [
    'config.json',
    (text) => text.toString().replace(/"encoders": {[^}]*}/, '"encoders": 7'),
    'encoders must be an object',
  ],
  ['config.json', () => undefined, "'runs/damaged' is not a run: expected a folder with config.json"],
])('a damaged run, in its %s, is refused (%#)', async (file, change, message) => {
  rmSync('runs/damaged', { recursive: true, force: true });
  cpSync('runs/things-seed3', 'runs/damaged', { recursive: true });
  const changed = change(readFileSync(`runs/damaged/${file}`));
  rmSync(`runs/damaged/${file}`);
  if (changed !== undefined) writeFileSync(`runs/damaged/${file}`, changed);
  const { code, out, err } = await run('predict', 'runs/damaged', '--price', '1');
  expect(err).toContain(message);
  expect(err).not.toMatch(/^ {4}at /m);
  expect([code, out]).toEqual([1, '']);
});

test('predictions replace no table that is read', async () => {
  const { code, err } = await run('predict', 'runs/things-seed3', 'things.csv', '--out', './things.csv');
  expect([code, err]).toEqual([1, expect.stringContaining("'./things.csv' is read, and would be overwritten")]);
  expect(readFileSync('things.csv', 'utf8')).toMatch(/^id,title,price,label\n/);
});

test('columns may have any name, and tables another encoding; rows without a target are left out and counted', async () => {
  const lines = readFileSync('things.csv', 'utf8')
    .replace('id,title,price', 'id,__proto__,constructor')
    .replace(/^(0|7),(.*),\w+$/gm, '$1,$2,');
  writeFileSync('named.csv', Buffer.from(lines.replaceAll('number', 'n\u00famero'), 'latin1'));
  const args = [...fast, '--epochs', '1', '--seed', '3', '--encoding', 'latin1', '--out', 'runs/named'];
  const { code, out, err } = await run('train', 'named.csv', '--target', 'label', '--json', ...args);
  expect(code, err).toBe(0);
  expect(err).toContain("2 rows without 'label' left out");
  expect(JSON.parse(out)).toMatchObject({ rowsWithoutTarget: 2, skippedRows: 0 });
  const evaluated = await run('evaluate', 'runs/named', 'named.csv', '--encoding', 'latin1', '--json');
  expect(evaluated.err).toContain("2 rows without 'label' left out");
  expect(JSON.parse(evaluated.out)).toMatchObject({ rows: ROWS - 2, rowsWithoutTarget: 2, skippedRows: 0 });
  const predicted = await run('predict', 'runs/named', 'named.csv', '--encoding', 'latin1', '--json');
  expect(JSON.parse(predicted.out).rows, predicted.err).toBe(ROWS);
});

test('a run on several tables is resumed with all of them', async () => {
  writeTable('first.csv', ROWS);
  writeTable('second.csv', 20);
  const begun = [...small.filter((word) => word !== 'things.csv'), '--out', 'runs/several'];
  const stopped = await start([begun[0], 'first.csv', 'second.csv', ...begun.slice(1)], interruptAt(/^epoch 1:/m));
  expect(stopped.code, stopped.err).toBe(130);
  for (const files of [['first.csv'], ['second.csv', 'first.csv'], ['first.csv', 'things.csv']]) {
    const { code, out, err } = await run('train', ...files, '--resume', 'runs/several');
    const [kept, got] = [['first.csv', 'second.csv'], files].map((names) =>
      names.map((name) => path.resolve(name)).join(', '),
    );
    expect(err).toContain(
      `the run in 'runs/several' has the table ${kept}, got ${got}; a resumed run keeps its settings`,
    );
    expect([code, out]).toEqual([1, '']);
  }
  const resumed = await run('train', 'first.csv', './second.csv', '--resume', 'runs/several');
  expect(resumed.code, resumed.err).toBe(0);
});

test('a table that looks wrong gives warnings before it is trained on', async () => {
  writeFileSync('copies.csv', `title,price,label\n${'a red car is here,1,yes\na blue car is there,2,no\n'.repeat(50)}`);
  const { err } = await run('train', 'copies.csv', '--target', 'label', '--encoder', 'title=none');
  expect(err).toMatch(/^warning: 98 rows equal another of 100[\s\S]*^error: .* no category encoder 'none'/m);
});

test.each<[name: string, args: string[], message: string]>([
  [
    'a table without a column to predict from',
    ['train', 'ids.csv', '--target', 'label'],
    "no column to predict 'label' from",
  ],
  ['a split by the target', [...refused, '--group', 'label'], "cannot be split by the target 'label'"],
  ['no such run', ['evaluate', 'runs/none', 'things.csv'], "there is no run 'runs/none'"],
  ['no target', ['train', 'things.csv'], 'there is no target; name the column that is predicted: --target COLUMN'],
  ['an unknown target', ['train', 'things.csv', '--target', 'lable'], "(did you mean 'label'?)"],
  ['an unknown column', [...refused, '--text', 'titel'], "(did you mean 'title'?)"],
  ['a target unique in each row', ['train', 'things.csv', '--target', 'id'], 'id'],
  ['a split by an unknown column', [...refused, '--group', 'lable'], "things.csv: --group: there is no column 'lable'"],
  [
    'another delimiter',
    [...refused, '--delimiter', ';'],
    "there is one alone, 'id,title,price,label' (if it should be",
  ],
  ['a missing file', ['train', 'none.csv', '--target', 'label'], 'none.csv'],
  [
    'an unknown encoder',
    [...refused, '--encoder', 'title=lstn'],
    "no text encoder 'lstn' (did you mean 'lstm'?); there are lstm, gru",
  ],
  [
    'an encoder of no field',
    [...refused, '--encoder', 'titel=lstm'],
    "there is no field or kind 'titel' (did you mean 'title'?)",
  ],
  ['flags of emoji', [...refused, '--preset', 'small'], '--preset is for emoji'],
  ['flags of tables', ['train', 'emoji', '--target', 'label'], '--target is for tables'],
  ['settings of a resumed run', ['train', '--resume', 'runs/things-seed3', '--width', '8'], 'keeps its settings'],
  ['a finished run', ['train', '--resume', 'runs/things-seed3'], 'is finished'],
  ['another seed of a resumed run', ['train', '--resume', 'runs/changed', '--seed', '9'], 'has the seed 3, got 9'],
  [
    'another target of a resumed run',
    ['train', '--resume', 'runs/changed', '--target', 'price'],
    'has the target label, got price',
  ],
  ['another table of a resumed run', ['train', 'ids.csv', '--resume', 'runs/changed'], 'has the table'],
  ['--out of one row', ['predict', 'runs/things-seed3', '--price', '1', '--out', 'p.csv'], '--out is for tables'],
  ['--on-error of one row', ['predict', 'runs/things-seed3', '--price', '1', '--on-error', 'skip'], 'is for tables'],
  ['--top of a table', ['predict', 'runs/things-seed3', 'things.csv', '--top', '1'], '--top is for one row'],
  ['no table to evaluate', ['evaluate', 'runs/things-seed3'], 'name a table with the column that is predicted'],
  ['neither table nor cells', ['predict', 'runs/things-seed3'], 'give a table, or the cells of one row'],
  [
    'predictions in another format',
    ['predict', 'runs/things-seed3', 'things.csv', '--out', 'runs/p.csv.gz'],
    "predictions are written as CSV; expected a name such as predictions.csv, got 'runs/p.csv.gz'",
  ],
  ['an unknown cell', ['predict', 'runs/things-seed3', '--titel', 'x'], "(did you mean 'title'?)"],
  ['a cell of another kind', ['predict', 'runs/things-seed3', '--price', 'much'], "column 'price': expected"],
  ['a folder of other files', [...small, '--out', '.'], 'has other files'],
  ['a file as the folder', [...small, '--out', 'ids.csv'], "cannot make the folder 'ids.csv'"],
])('refuses %s', async (_, args, message) => {
  const { code, out, err } = await run(...args);
  expect(err).toContain(message);
  expect(err).not.toMatch(/^ {4}at /m);
  // Nor do errors begin with the name of a function that the user has not called.
  expect(err).not.toMatch(/^error: (?:[a-z]+[A-Z]\w*|split|schema): /m);
  expect([code, out]).toEqual([1, '']);
  expect(existsSync('runs/refused')).toBe(false);
});
