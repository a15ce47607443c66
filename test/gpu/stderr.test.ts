import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const module = JSON.stringify(new URL('../../src/gpu/webgpu.node.stderr.ts', import.meta.url).href);

/** Runs code whose standard error is a pipe of the shell: Node's own pipes are sockets, which cannot be reopened. */
function printed(code: string): string {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const script = `import { writeSync } from 'node:fs'; import { withoutNoise } from ${module};\n${code}`;
  return execFileSync('sh', ['-c', 'node --import tsx --input-type=module -e "$0" 2>&1 >/dev/null | cat', script], {
    cwd: root,
    encoding: 'utf8',
  });
}

test.runIf(process.platform === 'linux')('the noise of native code is dropped, and its other messages are kept', () => {
  const noise = 'Warning: maxDynamicUniformBuffersPerPipelineLayout artificially reduced from 1000000 to 16.';
  expect(
    printed(`
      console.error('before');
      const value = withoutNoise(() => writeSync(2, '${noise}\\n' + 'Warning: no driver\\n'));
      console.error('after', value);
      try { withoutNoise(() => { throw new Error('refused') }) } catch (error) { console.error(error.message) }`),
  ).toBe(`before\nWarning: no driver\nafter ${noise.length + 20}\nrefused\n`);
});
