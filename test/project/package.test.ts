import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), 'tessera-package-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = (command: string, args: string[], cwd = folder) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** The README's example: its first block of TypeScript. */
const example = /```ts\n([\s\S]*?)```/.exec(readFileSync(path.join(root, 'README.md'), 'utf8'))![1];

test('the packed package, installed into an empty folder, runs the README in JavaScript and type-checks it in TypeScript', () => {
  const packed = JSON.parse(
    run('npm', ['pack', '--json', '--pack-destination', folder], root).replace(/^[^[]*/s, ''),
  ) as [{ filename: string; files: { path: string }[] }];
  const names = packed[0].files.map((file) => file.path);
  expect(names).toContain('bin/tessera.js');
  expect(names).toContain('dist/index.d.ts');
  expect(names.filter((name) => name.startsWith('src/') || name.startsWith('test/'))).toEqual([]);
  for (const document of names.filter((name) => name.endsWith('.md'))) {
    const text = readFileSync(path.join(root, document), 'utf8');
    for (const [, link] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      expect(names, `${document} links to ${link}`).toContain(path.join(path.dirname(document), link));
    }
  }

  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module", "private": true }');
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', path.join(folder, packed[0].filename)]);
  const tessera = path.join(folder, 'node_modules/tessera-gpu');

  writeFileSync(path.join(folder, 'example.mjs'), example);
  expect(run(process.execPath, ['example.mjs'])).toMatch(/\d/);
  writeFileSync(path.join(folder, 'example.ts'), example);
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022'];
  run(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), ...options, 'example.ts']);
  expect(run(process.execPath, [path.join(tessera, 'bin/tessera.js'), '--help'])).toContain('Usage: tessera');
  expect(() => run(process.execPath, [path.join(tessera, 'bin/tessera.js'), 'bench'])).toThrow('has no bench');
}, 300_000);
