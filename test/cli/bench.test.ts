import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { describeBench } from '../../src/cli/bench.js';
import { inEmptyFolder, run, start } from '../support/command-line.js';

const folder = inEmptyFolder();

const rows = (milliseconds: number) =>
  JSON.stringify([
    { case: 'a sum', engine: 'naive', adapter: 'some', milliseconds, quartiles: [milliseconds, milliseconds] },
  ]);

test('times a family, and writes its rows and plots', async () => {
  const { code, out, err } = await start(['bench', 'gather', '--quick', '--json', 'rows.json', '--plots', 'plots']);
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
  const { code, out } = await start(['bench', '--compare', 'a.json', 'b.json']);
  expect([code, out]).toEqual([0, expect.stringMatching(/a sum .* 0\.50 .* faster/)]);
});

test.each([
  [['--compare', 'a.json'], '--compare expects two files, before and after; got 1'],
  [['matmul', '--quick', '--compare', 'a', 'b'], '--compare runs nothing; remove matmul --quick'],
  [['matmul', 'small'], "only 'peers' accepts a workload; got 'small' for 'matmul'"],
  [['step', '--docs'], "--docs has no effect on 'step'; it applies to sweep, matmul"],
  [['table', '--json', 'rows.json'], "--json has no effect on 'table'"],
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
