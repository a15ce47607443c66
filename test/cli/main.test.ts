import { execFile } from 'node:child_process';
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

  test('a reader that goes away is no error', async () => {
    const command = `"${process.execPath}" "${tessera}" explain text-image-classifier --wgsl --training | head -1`;
    await promisify(execFile)('bash', ['-o', 'pipefail', '-c', command]);
  });
});
