import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' });
const documents = [...readdirSync(root), ...pages.map((file) => `docs/${file}`)].filter((file) => file.endsWith('.md'));
const { scripts, bin } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

test.each(documents)('%s names only paths and commands that there are', (document) => {
  const text = readFileSync(path.join(root, document), 'utf8');
  const folder = path.dirname(path.join(root, document));
  const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map((match) => match[1])
    .filter((link) => !/^[a-z]+:/.test(link));
  for (const link of links) expect(existsSync(path.join(folder, link)), `${document} links to ${link}`).toBe(true);
  const paths = [...text.matchAll(/`((?:src|test|bench|docs|examples|scripts|bin)\/[\w./-]*)`/g)].map(
    (match) => match[1],
  );
  for (const named of paths) expect(existsSync(path.join(root, named)), `${document} names ${named}`).toBe(true);
  for (const [, script] of text.matchAll(/npm run ([\w:-]+)/g))
    expect(scripts, `${document}: npm run ${script}`).toHaveProperty(script);
  const commands = [
    'train',
    'evaluate',
    'inspect',
    'data',
    'predict',
    'serve',
    'compare',
    'study',
    'gpt',
    'explain',
    'profile',
    'tune',
    'doctor',
    'bench',
    '--help',
    '--version',
  ];
  for (const [, command] of text.matchAll(/npx tessera ([\w-]+)/g))
    expect(commands, `${document}: npx tessera ${command}`).toContain(command);
  expect(existsSync(path.join(root, bin.tessera))).toBe(true);
});
