import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { inEmptyFolder, interruptAt, run, start } from '../support/command-line.js';

const folder = inEmptyFolder();
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
  const { dispatches } = JSON.parse((await run('explain', 'sigma-fusion', '--training', '--batch', '4', '--json')).out);
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
  const args = ['profile', 'sigma-fusion', '--batch', '4', '--steps', '5000', '--trace', 'split.json'];
  const { code, err } = await start(args, interruptAt(/profile 0\//));
  expect([code, err]).toEqual([130, expect.stringContaining('stopped; nothing was written')]);
  expect(existsSync(path.join(folder, 'split.json'))).toBe(false);
});
