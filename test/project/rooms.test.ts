import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../src', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.split(path.sep).join('/'));

/** Which rooms each room may import: only downward. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  cli: ['models', 'data', 'nn', 'tensor', 'kernels', 'gpu'],
  models: ['nn', 'tensor'],
  data: ['tensor'],
  nn: ['tensor'],
  tensor: ['launch', 'kernels', 'gpu'],
  launch: ['kernels', 'gpu'],
  kernels: ['gpu'],
  gpu: [],
};

const importsOf = (file: string): string[] =>
  [...readFileSync(path.join(root, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    (match) => match[1],
  );

test.each(files)('%s imports only downward', (file) => {
  const room = file.split('/')[0];
  if (file === 'index.ts') return;
  for (const specifier of importsOf(file).filter((one) => one.startsWith('.'))) {
    const target = path.posix.join(path.posix.dirname(file), specifier).split('/')[0];
    expect([room, ...MAY_IMPORT[room]], `${file} imports ${specifier}`).toContain(target);
  }
});

test('Node is named in three places only', () => {
  const allowed = (file: string) =>
    file.startsWith('cli/') || file.startsWith('data/node/') || file.startsWith('gpu/webgpu.node');
  const packages = /^(node:|webgpu$|sharp$|tar$|env-paths$|commander$|cli-)/;
  const guilty = files.filter(
    (file) => !allowed(file) && importsOf(file).some((specifier) => packages.test(specifier)),
  );
  expect(guilty).toEqual([]);
  const globals = files.filter(
    (file) => !allowed(file) && /\b(process\.|Buffer\.|__dirname)/.test(readFileSync(path.join(root, file), 'utf8')),
  );
  expect(globals).toEqual([]);
});

test('nothing exports by default', () => {
  expect(files.filter((file) => /export default/.test(readFileSync(path.join(root, file), 'utf8')))).toEqual([]);
});
