import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), 'tessera-package-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = (command: string, args: string[], cwd = folder) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Expects a file of the folder to pass TypeScript's checks. */
function compile(file: string, ...options: string[]): void {
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const always = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022'];
  const { stdout, status } = spawnSync(process.execPath, [compiler, ...always, ...options, file], { cwd: folder });
  expect([status, String(stdout)]).toEqual([0, '']);
}

/** The README's example: its first block of TypeScript. */
const example = /```ts\n([\s\S]*?)```/.exec(readFileSync(path.join(root, 'README.md'), 'utf8'))![1];

/** The packed package, installed into the empty folder as a user installs it. */
const packed: string[] = [];
const command = path.join(folder, 'node_modules/tessera-gpu/bin/tessera.js');
beforeAll(() => {
  const [{ filename, files }] = JSON.parse(
    run('npm', ['pack', '--json', '--pack-destination', folder], root).replace(/^[^[]*/s, ''),
  ) as [{ filename: string; files: { path: string }[] }];
  packed.push(...files.map((file) => file.path));
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module", "private": true }');
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', path.join(folder, filename)]);
}, 300_000);

test('the package holds what was built, and every document that its documents link to', () => {
  expect(packed).toContain('bin/tessera.js');
  expect(packed).toContain('dist/index.d.ts');
  const page = ['index.html', 'style.css', 'main.js'].map((name) => `dist/serve/page/${name}`);
  expect(packed).toEqual(expect.arrayContaining(page));
  expect(packed.filter((name) => name.startsWith('src/') || name.startsWith('test/'))).toEqual([]);
  for (const document of packed.filter((name) => name.endsWith('.md'))) {
    const text = readFileSync(path.join(root, document), 'utf8');
    for (const [, link] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      expect(packed, `${document} links to ${link}`).toContain(path.join(path.dirname(document), link));
    }
  }
});

test('the README runs in JavaScript and type-checks in TypeScript', () => {
  writeFileSync(path.join(folder, 'example.mjs'), example);
  expect(run(process.execPath, ['example.mjs'])).toMatch(/\d/);
  writeFileSync(path.join(folder, 'example.ts'), example);
  compile('example.ts');
});

test("every entry's declarations are whole without the DOM library and the types of Node", () => {
  const { exports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const entries = Object.keys(exports).filter((entry) => entry !== './package.json');
  writeFileSync(
    path.join(folder, 'entries.ts'),
    entries
      .map((entry) => `export * as ${`all${entry}`.replace(/\W/g, '_')} from 'tessera-gpu${entry.slice(1)}';\n`)
      .join(''),
  );
  compile('entries.ts', '--skipLibCheck', 'false', '--lib', 'es2022', '--types', '');
});

test('the command runs', () => {
  expect(run(process.execPath, [command, '--help'])).toContain('Usage: tessera');
  expect(() => run(process.execPath, [command, 'bench'])).toThrow('has no benchmarks');
});

test('emoji and the decoder of images are installed by those who want them, and what needs them says so', () => {
  for (const name of ['sharp', '@img', '@iconify-json', 'echarts'])
    expect(existsSync(path.join(folder, 'node_modules', name)), name).toBe(false);
  const decode = "await (await import('tessera-gpu/data/node')).decodeImage(new Uint8Array(4), [1, 1, 3])";
  expect(() => run(process.execPath, ['--input-type=module', '-e', decode])).toThrow(
    'decodeImage: images are decoded by sharp, which is not installed; run: npm install sharp',
  );
  expect(() => run(process.execPath, [command, 'train', '--device', 'reference'])).toThrow(
    /error: emojiData: .* are not installed; run: npm install @iconify-json\/twemoji @iconify-json\/noto @iconify-json\/fluent-emoji-flat sharp\n$/,
  );
});
