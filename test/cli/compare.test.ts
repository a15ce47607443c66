import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { RunFolder } from '../../src/predictor/node/run-folder.js';
import { inEmptyFolder, run } from '../support/command-line.js';
import { type SampleRun, sampleRun } from '../support/comparisons.js';
import { sampleReport } from '../support/reports.js';

inEmptyFolder();

/** Writes the files of a sample run that are compared. */
async function writeRun(sample: SampleRun): Promise<void> {
  const { run: name, config, schema, history, result } = sampleRun(sample);
  const folder = new RunFolder(name);
  mkdirSync(name, { recursive: true });
  await folder.begin(config);
  await folder.writeSchema(schema);
  const others = { learningRate: 0.001, milliseconds: 5, wallTime: 1_790_000_000 };
  await folder.writeMetrics(history.map((epoch, at) => ({ epoch: at + 1, ...epoch, ...others })));
  if (result !== undefined)
    await folder.writeReport({ ...sampleReport({ task: sample.task ?? 'classification', rows: 60 }), ...result });
}

beforeAll(async () => {
  await writeRun({ run: 'runs/a' });
  await writeRun({ run: 'runs/b', config: { seed: 8 }, skill: 0.4 });
  await writeRun({ run: 'runs/price', task: 'regression', isFinished: false });
  mkdirSync('other');
  mkdirSync('emoji');
  writeFileSync('emoji/checkpoint.safetensors', '');
});

test('runs are shown beside each other, and their curves in a page', async () => {
  const { code, out, err } = await run('compare', 'runs/a', 'runs/b');
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/^settings that differ +runs\/a +runs\/b\nseed +3 +8\n\non test rows +runs\/a +runs\/b\n/);
  expect(out).toMatch(/\naccuracy +\d+\.\d% \(\d+\.\d to \d+\.\d%\) +\d+\.\d% \(\d+\.\d to \d+\.\d%\)\n/);
  expect(out).toMatch(/\nsteps +\d+ +\d+\n[\s\S]*\nread comparison\.html\n$/);
  expect(readFileSync('comparison.html', 'utf8').match(/<svg /g)).toHaveLength(2);
});

test('--json prints one object', async () => {
  const { code, out, err } = await run('compare', 'runs/a', 'runs/b', 'runs/price', '--json', '--out', 'all.html');
  expect(code, err).toBe(0);
  const result = JSON.parse(out);
  expect(result.runs).toMatchObject([
    { run: 'runs/a', task: 'classification', target: 'label', isFinished: true, epochs: 3, rows: { test: 30 } },
    { run: 'runs/b', metrics: { test: { accuracy: expect.any(Number) } }, intervals: { test: expect.any(Object) } },
    { run: 'runs/price', task: 'regression', target: 'amount', isFinished: false },
  ]);
  expect(result.settings[0]).toEqual({ name: 'seed', values: [3, 8, 3] });
  expect(result.settings).toContainEqual({ name: 'target.classes', values: [3, 3, null] });
  expect(result.metrics).toEqual(['accuracy', 'macroF1', 'logLoss']);
  expect(result.notes).toEqual([
    expect.stringContaining('the runs have different tasks'),
    expect.stringContaining("'runs/price' is not finished"),
  ]);
  expect(err.match(/^warning: /gm)).toHaveLength(2);
  expect([result.page, existsSync('all.html')]).toEqual(['all.html', true]);
});

test('a line of metrics that is being written is not read', async () => {
  cpSync('runs/a', 'runs/running', { recursive: true });
  rmSync('runs/running/report.json');
  appendFileSync('runs/running/metrics.jsonl', '{"epoch":4,"st');
  const { out } = await run('compare', 'runs/a', 'runs/running', '--json');
  expect(JSON.parse(out).runs).toMatchObject([{ epochs: 3 }, { epochs: 3, isFinished: false }]);
});

test.each<[name: string, args: string[], message: string]>([
  ['one run', ['runs/a'], "compare: expected two runs or more, got 'runs/a' alone"],
  ['a run twice', ['runs/a', './runs/a'], "compare: './runs/a' is given twice; give each run once"],
  ['no folder', ['runs/a', 'runs/none'], "there is no run 'runs/none': expected a folder that 'tessera train' has"],
  ['a folder that is no run', ['runs/a', 'other'], "'other' is not a run: expected a folder with config.json"],
  ['a run on emoji', ['runs/a', 'emoji'], "compare: 'emoji' is a run on emoji; runs on tables can be compared"],
  [
    'a page in a run',
    ['runs/a', 'runs/b', '--out', 'runs/a/x.html'],
    "--out: 'runs/a/x.html' is in the folder of a run",
  ],
  ['a page that is a folder', ['runs/a', 'runs/b', '--out', 'other'], "cannot write 'other': it is a folder"],
])('refuses %s', async (_, args, message) => {
  const { code, out, err } = await run('compare', ...args);
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain(`error: ${message}`);
});

test.each([
  ['report.json', '{"version":', "report.json': it is no JSON"],
  ['report.json', '{"version":1}', "report.json': report: adapter must be a string, got undefined"],
  ['metrics.jsonl', 'epoch 1\n', "metrics.jsonl': it is no JSON"],
  ['metrics.jsonl', '{"steps":1,"loss":2}\n', "metrics.jsonl': validation: expected an object of numbers by metric"],
  ['schema.json', '{}', "schema.json': "],
  ['config.json', '{}', "config.json': config: expected version 2, got undefined"],
])('a damaged %s is named', async (file, content, message) => {
  rmSync('runs/damaged', { recursive: true, force: true });
  cpSync('runs/a', 'runs/damaged', { recursive: true });
  writeFileSync(`runs/damaged/${file}`, content);
  const { code, out, err } = await run('compare', 'runs/a', 'runs/damaged', '--out', 'damaged.html');
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain(message);
  expect(err).not.toMatch(/^ {4}at /m);
  expect(existsSync('damaged.html')).toBe(false);
});
