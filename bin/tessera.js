#!/usr/bin/env node
// In a clone the sources run as they are, through tsx; an installed package has only what was built.
import { existsSync } from 'node:fs';

// A reader that has closed the pipe, such as `head`, is not an error; failing to write the result otherwise is one.
let lost = false;
process.stdout.on('error', (error) => {
  if (error.code === 'EPIPE' || error.code === 'EIO') return;
  process.stderr.write(`error: cannot write to standard output: ${error.message}\n`);
  lost = true;
});
process.stderr.on('error', () => {});
process.on('exit', () => {
  if (lost) process.exitCode = 1;
});

const source = new URL('../src/cli/main.ts', import.meta.url);
async function load() {
  if (!existsSync(source)) return import('../dist/cli/main.js');
  const { register } = await import('tsx/esm/api');
  register();
  return import(source.href);
}
const { main } = await load();
process.exitCode = await main(process.argv.slice(2));
