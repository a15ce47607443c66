import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { inEmptyFolder, interruptAt, run, start } from '../support/command-line.js';
import { gpu } from '../support/devices.js';

const folder = inEmptyFolder();

/** As `run`, with a folder for what is measured. */
const runTuned = (where: string, ...args: string[]) => {
  vi.stubEnv('TESSERA_TUNING', where);
  return run(...args);
};
afterEach(() => {
  vi.unstubAllEnvs();
});

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

  // Another process saves a choice while this one measures, which is then stopped.
  const others = { ...kept, choices: { 'sum of another process': 'rows' } };
  writeFileSync(file, JSON.stringify(kept));
  const interrupt = interruptAt(/measuring [1-9]\d*\//);
  const stopped = await start(['tune', '--seconds', '500'], (text, child) => {
    if (/measuring 0\//.test(text) && !/measuring [1-9]/.test(text)) writeFileSync(file, JSON.stringify(others));
    interrupt(text, child);
  });
  expect([stopped.code, stopped.out]).toEqual([130, expect.stringContaining(`saved to ${file}`)]);
  const merged = Object.keys(JSON.parse(readFileSync(file, 'utf8')).choices);
  expect(merged).toEqual(expect.arrayContaining(['sum of another process', ...Object.keys(kept.choices)]));
  expect(merged.length).toBeGreaterThan(Object.keys(kept.choices).length + 1);

  writeFileSync(file, '{}');
  // Node prints a warning after the call that gave it, so this needs a process.
  const broken = await start(['explain', 'sigma-fusion']);
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
