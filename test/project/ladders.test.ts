import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FAMILIES } from '../../bench/cases/families.js';
import { rewriteFigures } from '../../bench/report/documents.js';
import { allKernels } from '../kernels/all.js';

const folder = fileURLToPath(new URL('../../docs/ladders/', import.meta.url));
const pages = readdirSync(folder).filter((file) => file.endsWith('.md'));
const lines = new Set(allKernels().flatMap(({ wgsl }) => wgsl.split('\n').map((line) => line.trim())));

test.each(pages)('%s quotes lines that kernels have, and holds figures of a family', (file) => {
  const page = readFileSync(`${folder}${file}`, 'utf8');
  const quoted = [...page.matchAll(/```wgsl\n([\s\S]*?)```/g)].flatMap(([, block]) => block.trim().split('\n'));
  expect(quoted.length).toBeGreaterThan(0);
  for (const line of quoted) expect(lines, `${file}: ${line}`).toContain(line.trim());
  const family = file.replace(/\.md$/, '');
  expect(Object.keys(FAMILIES)).toContain(family);
  expect(rewriteFigures(page, 'ladders', '')).toContain(`](${family}.svg)`);
  expect(existsSync(`${folder}${family}.svg`)).toBe(true);
});
