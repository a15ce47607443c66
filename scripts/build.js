// Builds the installable package into dist/: JavaScript and declarations.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = path.join(root, 'dist');
const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
const { bin } = JSON.parse(readFileSync(compiler, 'utf8'));

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [path.join(path.dirname(compiler), bin.tsc), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
for (const file of ['index.html', 'style.css'])
  copyFileSync(path.join(root, 'src/serve/page', file), path.join(dist, 'serve/page', file));
// In dist/ `#webgpu` means the built files: the nearest package.json decides.
const { imports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const built = Object.fromEntries(
  Object.entries(imports['#webgpu']).map(([condition, file]) => [
    condition,
    file.replace('./src/', './').replace(/\.ts$/, '.js'),
  ]),
);
writeFileSync(
  path.join(dist, 'package.json'),
  `${JSON.stringify({ type: 'module', imports: { '#webgpu': built } }, null, 2)}\n`,
);
