import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { inEmptyFolder, run, start, tessera } from '../support/command-line.js';

inEmptyFolder();

describe('help and wrong calls', () => {
  test.each([
    [['--help']],
    [['train', '--help']],
    [['evaluate', '--help']],
    [['predict', '--help']],
    [['gpt', '--help']],
    [['gpt', 'train', '--help']],
    [['gpt', 'sample', '--help']],
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
    [['predcit'], "unknown command 'predcit' (did you mean 'predict'?)"],
    [['train', '--frobnicate'], "unknown option '--frobnicate'"],
    [['train', '--resume', '--overwrite'], "'--overwrite' cannot be used with option '--resume [run]'"],
    [['train', '--preset', 'huge'], 'Allowed choices are keras, small'],
    [['train', '--epochs', '0'], 'expected an integer from 1'],
    [['train', '--device', 'abacus'], 'Allowed choices are auto, gpu, swiftshader, reference'],
    [['tune', '--seconds', '0'], 'expected an integer from 1'],
    [['predict'], "missing required argument 'run'"],
    [['bench', 'nothing'], 'Allowed choices are step, gpt'],
    [['explain', 'nothing'], 'Allowed choices are sigma-fusion, text-image-classifier'],
    [['profile', 'nothing'], 'Allowed choices are sigma-fusion, text-image-classifier'],
    [['explain', 'sigma-fusion', '--batch', '1000000000'], 'expected an integer from 1 to 4096'],
    [['profile', '--batch', '1000000000'], 'expected an integer from 1 to 4096'],
    [['profile', '--steps', '0'], 'expected an integer from 1'],
    [['profile', '--trace'], "option '--trace <file>' argument missing"],
  ])('%j is a wrong call', async (args, message) => {
    const { code, out, err } = await run(...args);
    expect([code, out, err]).toEqual([2, '', expect.stringContaining(message)]);
  });
});

describe('as a process', () => {
  test('it ends with the exit code of its command', async () => {
    const [found, wrong, missing] = await Promise.all([
      start(['doctor', '--json']),
      start(['train', '--epochs', '0']),
      start(['evaluate', 'none']),
    ]);
    expect(JSON.parse(found.out)).toHaveProperty('adapters');
    expect([wrong.code, wrong.out]).toEqual([2, '']);
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining("there is no run 'none'")]);
  });

  test('a place where no table can be written leaves the signals as they were', async () => {
    const before = process.listenerCount('SIGINT');
    const { code, err } = await run('data', 'emoji', '--out', '/dev/null/emoji');
    expect([code, err]).toEqual([1, expect.stringContaining("cannot write '/dev/null/emoji/emoji.csv'")]);
    expect(process.listenerCount('SIGINT')).toBe(before);
  });

  test('a device is no run', async () => {
    const { code, out, err } = await run('evaluate', '/dev/null');
    expect([code, out, err]).toEqual([1, '', expect.stringMatching(/^error: '\/dev\/null' is not a run: expected/)]);
  });

  test.skipIf(!existsSync('/dev/full'))('a result that cannot be written is an error, without a stack', async () => {
    const command = `"${process.execPath}" "${tessera}" --help > /dev/full`;
    const ended = promisify(execFile)('bash', ['-c', command]);
    await expect(ended).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: cannot write to standard output: [^\n]*ENOSPC[^\n]*\n$/),
    });
  });

  test('a reader that goes away is no error', async () => {
    const command = `"${process.execPath}" "${tessera}" explain text-image-classifier --wgsl --training | head -1`;
    await promisify(execFile)('bash', ['-o', 'pipefail', '-c', command]);
  });
});
