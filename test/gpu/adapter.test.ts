import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';
import { diagnose } from '../../src/gpu/doctor.js';
import { gpu } from '../support/devices.js';

const SWIFTSHADER_RUNS_HERE = process.platform === 'linux' && process.arch === 'x64';

test('the diagnosis is plain data, and agrees with the device that runs', async () => {
  const found = await diagnose();
  expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  expect(found.adapter?.name ?? 'reference (float64 on the CPU)').toBe(gpu.name);
  const names = found.adapters.map(({ name }) => name);
  if (found.adapter !== null) expect(names[0]).toBe(found.adapter.name);
});

/** A program in a process of its own: how it ended, what it said, and that it ended by itself. */
function program(
  source: string,
  environment: Record<string, string> = {},
): Promise<{ code: unknown; out: string; err: string }> {
  const from = JSON.stringify(new URL('../../src/tensor/index.ts', import.meta.url).href);
  const text = `import { openDevice, setDefaultDevice, tensor } from ${from};\n${source}`;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', text],
      { cwd: new URL('../..', import.meta.url), env: { ...process.env, ...environment }, timeout: 60_000 },
      (error, out, err) =>
        resolve({ code: error?.killed ? 'killed: it did not end' : child.exitCode, out: out.trim(), err }),
    );
  });
}

const work = 'const y = await tensor([1, 2]).mul(21).sum().item(); console.log(y);';

test.each([
  ['when its device is closed', `const device = await openDevice(); setDefaultDevice(device); ${work} device.close();`],
  ['when nobody closes the device', work],
  ['when a device was opened and never used', "await openDevice(); console.log('63');"],
  ['with work still on its way', `void tensor([1]).mul(2).data(); ${work}`],
  ['on the reference device', `setDefaultDevice(await openDevice({ device: 'reference' })); ${work}`],
])('a process ends by itself %s', async (_, source) => {
  expect(await program(source)).toMatchObject({ code: 0, out: '63' });
});

test('a process ends by itself after an error', async () => {
  const { code } = await program(`${work} throw new Error('on purpose');`);
  expect(code).toBe(1);
});

test.runIf(SWIFTSHADER_RUNS_HERE)('where the system has no driver, the bundled SwiftShader serves', async () => {
  const source = `const device = await openDevice({ device: 'gpu' }); setDefaultDevice(device); ${work} console.log(device.name);`;
  const { code, out } = await program(source, { VK_DRIVER_FILES: '/nonexistent' });
  expect([code, out]).toEqual([0, expect.stringMatching(/^63\nSwiftShader/)]);
});

test('where there is no adapter at all, the reference device serves, and a GPU is refused with advice', async () => {
  const hidden = `import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(\`export async function resolve(name, context, next) {
  if (name === 'webgpu') throw new Error('hidden');
  return next(name, context);
}\`));`;
  const { code, out, err } = await program(`${hidden}
const device = await openDevice(); setDefaultDevice(device); ${work}
console.log(device.kind);
await openDevice({ device: 'gpu' }).catch((error) => console.log(error.message));`);
  expect(code).toBe(0);
  expect(err).toMatch('openDevice: no WebGPU adapter was found; computing on the reference device, which is slow');
  expect(out).toMatch(/^63\nreference\nopenDevice: no WebGPU adapter was found; 'npx tessera doctor'/);
});
