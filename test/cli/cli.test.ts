import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { describeBench } from '../../src/cli/bench.js';
import { loadCheckpoint } from '../../src/cli/checkpoint.js';
import { gpu } from '../support/devices.js';

const tessera = fileURLToPath(new URL('../../bin/tessera.js', import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), 'tessera-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in an empty folder, with pipes instead of a terminal. */
const run = (...args: string[]): Promise<Ended> => runIn({}, ...args);

const runIn = (environment: Record<string, string>, ...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [tessera, ...args],
      { cwd: folder, maxBuffer: 2 ** 26, timeout: 110_000, env: { ...process.env, ...environment } },
      (_, out, err) => resolve({ code: child.exitCode, out, err }),
    );
  });

describe.concurrent('help and wrong calls', () => {
  test.each([
    [['--help']],
    [['train', '--help']],
    [['evaluate', '--help']],
    [['predict', '--help']],
    [['explain', '--help']],
    [['profile', '--help']],
    [['tune', '--help']],
    [['doctor', '--help']],
    [['bench', '--help']],
  ])('%j tells how it is used', async (args) => {
    const { code, out } = await run(...args);
    expect([code, out]).toEqual([0, expect.stringContaining('Usage: tessera')]);
  });

  test.each([
    [['dance'], "unknown command 'dance'"],
    [['train', '--frobnicate'], "unknown option '--frobnicate'"],
    [['train', '--resume', '--overwrite'], "'--overwrite' cannot be used with option '--resume [file]'"],
    [['train', '--preset', 'huge'], 'Allowed choices are keras, small'],
    [['train', '--epochs', '0'], 'expected an integer from 1'],
    [['train', '--device', 'abacus'], 'Allowed choices are auto, gpu, swiftshader, reference'],
    [['tune', '--seconds', '0'], 'expected an integer from 1'],
    [['predict', 'only-one'], "missing required argument 'text'"],
    [['bench', 'nothing'], 'Allowed choices are step, host'],
    [['explain', 'nothing'], 'Allowed choices are sigma-fusion, text-image-classifier'],
    [['profile', 'nothing'], 'Allowed choices are sigma-fusion, text-image-classifier'],
    [['profile', '--steps', '0'], 'expected an integer from 1'],
    [['profile', '--trace'], "option '--trace <file>' argument missing"],
  ])('%j is a wrong call', async (args, message) => {
    const { code, out, err } = await run(...args);
    expect([code, out, err]).toEqual([2, '', expect.stringContaining(message)]);
  });
});

test('doctor tells of adapters, limits and versions', async () => {
  const { out } = await run('doctor', '--json');
  const found = JSON.parse(out);
  expect(Object.keys(found)).toEqual(
    expect.arrayContaining(['adapter', 'adapters', 'limits', 'platform', 'timestampNanoseconds', 'advice']),
  );
  expect((await run('doctor')).out).toContain('adapter: ');
});

/** As `run`, with a folder for what is measured. */
const runTuned = (where: string, ...args: string[]) => runIn({ TESSERA_TUNING: where }, ...args);

test.runIf(gpu.kind === 'gpu')('tune keeps what it measured, later runs use it, and --clear forgets it', async () => {
  const where = path.join(folder, 'tuning');
  const first = await runTuned(where, 'tune', '--seconds', '1', '--json');
  const { file, choices, measured } = JSON.parse(first.out);
  expect([first.code, path.dirname(file)]).toEqual([0, where]);
  expect(measured.length).toBeGreaterThan(30);
  const chosen = measured.filter(({ variant }: { variant?: string }) => variant !== undefined);
  const kept = JSON.parse(readFileSync(file, 'utf8'));
  expect([choices, Object.keys(kept.choices).length]).toEqual([chosen.length, chosen.length]);

  // How much is measured in a second is up to the machine.
  writeFileSync(file, JSON.stringify({ ...kept, choices: { sum: 'rows', max: 'columns' } }));
  expect((await runTuned(where, 'explain', 'sigma-fusion')).err).toContain('2 tuned choices');
  expect(JSON.parse((await runTuned(where, 'doctor', '--json')).out).tuning).toEqual({ file, choices: 2 });

  writeFileSync(file, '{}');
  const broken = await runTuned(where, 'explain', 'sigma-fusion');
  expect([broken.code, broken.err]).toEqual([0, expect.stringContaining(`ignored '${file}'`)]);
  expect(broken.err).not.toContain('tuned choices');

  const cleared = await runTuned(where, 'tune', '--clear');
  expect([cleared.code, cleared.out, existsSync(file)]).toEqual([0, `deleted the measurements: ${file}\n`, false]);
});

test.each([
  ['off', 'gpu', 'TESSERA_TUNING=off'],
  ['/dev/null/tuning', 'gpu', 'cannot write'],
  ['off', 'reference', 'no variants to measure'],
])('tune with TESSERA_TUNING=%s on the device %s is refused', async (where, device, message) => {
  const { code, out, err } = await runTuned(where, 'tune', '--device', device);
  expect([code, out, err]).toEqual([1, '', expect.stringContaining(gpu.kind === 'gpu' ? message : 'error: ')]);
});

test('explain shows a table, or one object', async () => {
  const { code, out } = await run('explain', 'sigma-fusion', '--json');
  const { dispatches, buffers, peakBytes } = JSON.parse(out);
  expect(code).toBe(0);
  expect(dispatches.filter(({ kernel }: { kernel: string }) => kernel.endsWith('+add+sigmoid'))).toHaveLength(4);
  for (const dispatch of dispatches)
    expect(dispatch).toMatchObject({
      workgroups: expect.any(Number),
      flops: expect.any(Number),
      bytes: expect.any(Number),
    });
  expect([buffers, peakBytes]).toEqual([expect.any(Number), expect.any(Number)]);
  const shown = await run('explain', 'text-image-classifier', '--training', '--wgsl');
  expect(shown.out).toContain('adam_update');
  expect(shown.out).toContain('fn main(');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for the escape character
  expect(shown.out + shown.err).not.toMatch(/\u001b/);
});

describe('bench', () => {
  const rows = (milliseconds: number) =>
    JSON.stringify([
      { case: 'a sum', engine: 'naive', adapter: 'some', milliseconds, quartiles: [milliseconds, milliseconds] },
    ]);

  test('times a family, and writes its rows and plots', async () => {
    const { code, out, err } = await run('bench', 'gather', '--quick', '--json', 'rows.json', '--plots', 'plots');
    expect(code, err).toBe(0);
    expect(out).toContain('GFLOP/s of f32 multiply-adds');
    const { rows, roofs, ...origin } = JSON.parse(readFileSync(path.join(folder, 'rows.json'), 'utf8'));
    expect(rows[0]).toMatchObject({
      case: expect.stringContaining('gather'),
      engine: expect.any(String),
      adapter: origin.adapter,
      milliseconds: expect.any(Number),
      quartiles: [expect.any(Number), expect.any(Number)],
      gflops: expect.any(Number),
      gigabytes: expect.any(Number),
      roof: expect.any(Number),
    });
    expect(origin).toEqual({
      adapter: expect.any(String),
      software: expect.any(Boolean),
      version: expect.any(String),
      date: expect.stringMatching(/^\d{4}-/),
    });
    for (const { gflops, gigabytes, roof } of rows)
      expect(Math.max((1e9 * gflops) / roofs.flops, (1e9 * gigabytes) / roofs.bytes)).toBeCloseTo(roof);
    expect((await sharp(path.join(folder, 'plots', 'roofline.png')).metadata()).width).toBeGreaterThan(900);
    expect(readFileSync(path.join(folder, 'plots', 'roofline.svg'), 'utf8')).toContain('<svg');
  });

  test('compares two files', async () => {
    writeFileSync(path.join(folder, 'a.json'), rows(2));
    writeFileSync(path.join(folder, 'b.json'), rows(1));
    const { code, out } = await run('bench', '--compare', 'a.json', 'b.json');
    expect([code, out]).toEqual([0, expect.stringMatching(/a sum .* 0\.50 .* faster/)]);
  });

  test.each([
    [['--compare', 'a.json'], '--compare expects two files, before and after; got 1'],
    [['matmul', '--quick', '--compare', 'a', 'b'], '--compare runs nothing; remove matmul --quick'],
    [['matmul', 'small'], "only 'peers' accepts a workload; got 'small' for 'matmul'"],
    [['step', '--docs'], "--docs has no effect on 'step'; it applies to sweep, matmul"],
    [['host', '--quick'], "--quick has no effect on 'host'"],
  ])('%j, whose parts do not go together, is a wrong call', async (args, message) => {
    const command = describeBench(new Command('bench')).action(() => {});
    command.exitOverride().configureOutput({ writeErr: () => {} });
    await expect(command.parseAsync(args, { from: 'user' })).rejects.toThrow(message);
  });

  test('a missing file to compare is a clear error', async () => {
    const { code, err } = await run('bench', '--compare', 'a.json', 'none.json');
    expect([code, err]).toEqual([1, expect.stringContaining("cannot read 'none.json': there is no such file")]);
  });
});

describe('profile', () => {
  const short = ['profile', 'sigma-fusion', '--batch', '4', '--steps', '2'];

  test('shows a line a kernel and a line a module', async () => {
    const { code, out } = await run(...short, '--forward');
    expect(code).toBe(0);
    expect(out).toMatch(/^sigma-fusion, forward pass, batch 4: medians of 2 steps on \S/);
    expect(out).toMatch(/^kernel +calls +ms +share +GFLOP\/s +GB\/s +of roof$/m);
    expect(out).toMatch(/^\S+\+add\+sigmoid +\d/m);
    for (const module of ['f1', 'f2', 'g', 'h']) expect(out).toMatch(new RegExp(`^${module} +\\d`, 'm'));
    expect(out).not.toContain('NaN');
  });

  interface Share {
    readonly name: string;
    readonly calls: number;
    readonly share: number;
    readonly milliseconds: number;
  }
  const calls = (shares: readonly Share[]) => shares.reduce((sum, one) => sum + one.calls, 0);

  test('gives one object, and a trace that Perfetto can open', async () => {
    const { code, out, err } = await run(...short, '--json', '--trace', 'traces/step.json');
    expect(code, err).toBe(0);
    const { kernels, modules, total, milliseconds, steps } = JSON.parse(out);
    const { dispatches } = JSON.parse(
      (await run('explain', 'sigma-fusion', '--training', '--batch', '4', '--json')).out,
    );
    expect([calls(kernels), calls(modules), total.calls]).toEqual(Array(3).fill(dispatches.length));
    expect(kernels.map(({ milliseconds }: Share) => milliseconds)).toEqual(
      kernels.map(({ milliseconds }: Share) => milliseconds).sort((a: number, b: number) => b - a),
    );
    expect(total.share).toBe(1);
    for (const part of ['graph', 'submission', 'device', 'wall']) expect(milliseconds[part], part).toBeGreaterThan(0);

    const { traceEvents } = JSON.parse(readFileSync(path.join(folder, 'traces/step.json'), 'utf8'));
    const slices = traceEvents.filter(({ ph }: { ph: string }) => ph === 'X');
    const tracks = traceEvents.filter(({ name }: { name: string }) => name === 'thread_name');
    expect(tracks).toHaveLength(2);
    for (const { tid } of tracks) {
      let end = 0; // in nanoseconds
      for (const { ts, dur } of slices.filter((slice: { tid: number }) => slice.tid === tid)) {
        expect([ts, dur].every((time) => Number.isFinite(time) && time >= 0)).toBe(true);
        expect(Math.round(1000 * ts)).toBeGreaterThanOrEqual(end);
        end = Math.round(1000 * (ts + dur));
      }
      expect(end).toBeGreaterThan(0);
    }
    const kernelSlices = slices.filter(({ args }: { args: object }) => 'dispatch' in args);
    expect(kernelSlices).toHaveLength(steps * dispatches.length);
    kernelSlices.forEach(({ name, args }: { name: string; args: object }, index: number) => {
      const { kernel, op, workgroups, flops, bytes } = dispatches[index % dispatches.length];
      const dispatch = index % dispatches.length;
      expect(name).toBe(kernel);
      expect(args).toMatchObject({
        op,
        workgroups,
        flops,
        bytes,
        dispatch,
        module: expect.stringMatching(/^(f1|f2|g|h|-)$/),
      });
    });
  });

  test('runs on the reference device, without roofs', async () => {
    const { out } = await run(...short, '--device', 'reference', '--json');
    const { adapter, roofs, kernels } = JSON.parse(out);
    expect([adapter, roofs, kernels[0].ofRoof]).toEqual(['reference (float64 on the CPU)', null, null]);
  });

  test.each([
    ['that cannot be written', '/proc/nowhere/trace.json', "cannot write '/proc/nowhere/trace.json'"],
    ['that is a folder', '.', "cannot write '.': it is a folder, not a file"],
  ])('a trace %s is a clear error before any work', async (_, file, message) => {
    const { code, out, err } = await run(...short, '--trace', file);
    expect([code, out, err]).toEqual([1, '', expect.stringContaining(`error: ${message}`)]);
    expect(err).not.toContain('adapter:');
  });

  test('Ctrl-C ends it and writes nothing', async () => {
    const args = ['profile', 'sigma-fusion', '--batch', '4', '--steps', '100000', '--trace', 'split.json'];
    const child = spawn(process.execPath, [tessera, ...args], { cwd: folder });
    let err = '';
    let sent = false;
    const code = await new Promise<number | null>((resolve) => {
      child.stderr.on('data', (chunk) => {
        err += chunk;
        if (!sent && err.includes('profile 0/')) sent = child.kill('SIGINT');
      });
      child.on('close', resolve);
    });
    expect([code, err]).toEqual([130, expect.stringContaining('stopped; nothing was written')]);
    expect(existsSync(path.join(folder, 'split.json'))).toBe(false);
  });
});

describe('a run', () => {
  const short = ['train', '--preset', 'small', '--epochs', '1', '--seed', '1'];
  const file = path.join(folder, 'whole', 'checkpoint.safetensors');

  test('trains, reports and leaves a checkpoint', async () => {
    const { code, out, err } = await run(...short, '--out', 'whole', '--json');
    expect(code, err).toBe(0);
    const result = JSON.parse(out);
    expect(result).toMatchObject({
      adapter: expect.any(String),
      seed: 1,
      preset: 'small',
      checkpoint: 'whole/checkpoint.safetensors',
    });
    expect(result.steps).toBeGreaterThan(0);
    expect(result.stepMilliseconds).toBeGreaterThan(0);
    for (const modality of ['text', 'image', 'both']) expect(result.accuracy[modality]).toBeGreaterThan(1.5 / 9);
    expect(result.confusion).toHaveLength(result.classes.length);
    expect(err).toMatch(/^adapter: /m);
  });

  test('can be evaluated again, with the same result', async () => {
    const first = JSON.parse((await run('evaluate', 'whole/checkpoint.safetensors', '--json')).out);
    const second = JSON.parse((await run('evaluate', 'whole/checkpoint.safetensors', '--json')).out);
    expect(first).toEqual(second);
    expect((await run('evaluate', 'whole/checkpoint.safetensors')).out).toContain('confusion matrix');
  });

  test('predicts', async () => {
    await sharp({ create: { width: 40, height: 30, channels: 3, background: 'red' } })
      .png()
      .toFile(path.join(folder, 'red.png'));
    const { code, out } = await run('predict', 'red.png', 'red apple', '--checkpoint', file, '--json');
    const { predictions } = JSON.parse(out);
    expect(code).toBe(0);
    expect(predictions).toHaveLength(3);
    expect(predictions[0].probability).toBeGreaterThanOrEqual(predictions[1].probability);
  });

  test.each([
    [
      'a missing image',
      ['predict', 'none.png', 'apple', '--checkpoint', file],
      "cannot read 'none.png': there is no such file",
    ],
    ['a text without words', ['predict', 'red.png', '!?', '--checkpoint', file], 'has no usable words'],
    ['a missing checkpoint', ['evaluate', 'none'], "cannot read 'none': there is no such file"],
    ['a foreign checkpoint', ['evaluate', 'red.png'], 'safetensors:'],
    [
      'a place that cannot be written',
      [...short, '--out', '/proc/nowhere'],
      "cannot write '/proc/nowhere/checkpoint.safetensors'",
    ],
    [
      'a file that is no checkpoint where it would be written',
      [...short, '--out', 'foreign'],
      'start again and replace it with --overwrite',
    ],
  ])('%s is a clear error', async (_, args, message) => {
    mkdirSync(path.join(folder, 'foreign'), { recursive: true });
    writeFileSync(path.join(folder, 'foreign/checkpoint.safetensors'), 'something else');
    const { code, out, err } = await run(...args);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(`error: `);
    expect(err).toContain(message);
  });

  test('a truncated checkpoint is refused', async () => {
    const bytes = readFileSync(file);
    writeFileSync(path.join(folder, 'half'), bytes.subarray(0, bytes.length / 2));
    expect((await run('evaluate', 'half')).err).toContain('error: safetensors:');
  });

  test('Ctrl-C saves, and --resume ends as if nothing had happened', async () => {
    const child = spawn(process.execPath, [tessera, ...short, '--out', 'split'], { cwd: folder });
    let err = '';
    let sent = false;
    const code = await new Promise<number | null>((resolve) => {
      child.stderr.on('data', (chunk) => {
        err += chunk;
        if (!sent && /image 1\d\//.test(err)) sent = child.kill('SIGINT');
      });
      child.on('close', resolve);
    });
    expect([code, err]).toEqual([130, expect.stringContaining('tessera train --resume')]);
    expect((await run('evaluate', 'split/checkpoint.safetensors')).err).toContain('was interrupted');
    const again = await run(...short, '--out', 'split');
    expect([again.code, again.err]).toEqual([1, expect.stringMatching(/interrupted.*--resume.*--overwrite/)]);
    expect((await run('train', '--resume', 'split/checkpoint.safetensors')).code).toBe(0);
    const [whole, resumed] = await Promise.all(
      [file, path.join(folder, 'split/checkpoint.safetensors')].map(loadCheckpoint),
    );
    expect([...resumed.tensors.keys()].sort()).toEqual([...whole.tensors.keys()].sort());
    for (const [name, { data }] of whole.tensors) expect(resumed.tensors.get(name)!.data, name).toEqual(data);
  });
});

test('a reader that goes away is no error', async () => {
  const child = spawn(
    'sh',
    ['-c', `"${process.execPath}" "${tessera}" explain text-image-classifier --wgsl --training | head -1`],
    { cwd: folder },
  );
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).toBe(0);
});
