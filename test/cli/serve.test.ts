import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { setDefaultDevice } from '../../src/tensor/index.js';
import { inEmptyFolder, run, start } from '../support/command-line.js';
import { reference } from '../support/devices.js';
import { predictorIn } from '../support/predictor.js';
import { TARGETS } from '../support/runs.js';

const folder = inEmptyFolder();
const fruit = path.join(folder, 'fruit');

beforeAll(async () => {
  setDefaultDevice(reference);
  await predictorIn(fruit, TARGETS.category, ['text', 'number']);
});
afterAll(() => setDefaultDevice(undefined));

/** Starts a server as a process, and gives its address to a function once it answers. */
function serving(args: readonly string[], use: (url: string, child: ChildProcess) => void) {
  let out = '';
  let isSeen = false;
  return start(['serve', fruit, '--port', '0', '--device', 'reference', ...args], (_, child) => {
    if (isSeen) return;
    isSeen = true;
    child.stdout?.on('data', (text) => {
      const before = out;
      out += text;
      const url = /http:\/\/[\d.:]+/;
      if (url.test(out) && !url.test(before)) use(url.exec(out)![0], child);
    });
  });
}

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it: the request that has begun is answered', async (signal) => {
  let status: Promise<number> | undefined;
  const { code, out, err } = await serving(['--json', '--wait', '500'], (url, child) => {
    const headers = { 'content-type': 'application/json' };
    status = fetch(`${url}/api/predict`, { method: 'POST', headers, body: '{"price": 2}' }).then(
      ({ status }) => status,
    );
    setTimeout(() => child.kill(signal), 200);
  });
  expect([code, await status]).toEqual([0, 200]);
  expect(JSON.parse(out)).toEqual({
    adapter: expect.stringContaining('reference'),
    run: fruit,
    target: 'label',
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
  });
  expect(err).toContain('stopping');
});

test('a folder that has no run, a run on emoji and wrong flags are refused', async () => {
  expect((await run('serve', 'nowhere')).err).toContain("error: there is no run 'nowhere'");
  expect((await run('serve', fruit, '--port', '70000')).err).toContain('expected an integer from 0 to 65535');
  expect((await run('serve')).code).toBe(2);
});
