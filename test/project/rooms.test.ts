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
  cli: ['serve', 'gpt', 'predictor', 'models', 'data', 'nn', 'tensor', 'kernels', 'gpu'],
  serve: ['predictor', 'data', 'tensor'],
  gpt: ['predictor', 'models', 'data', 'nn', 'tensor'],
  predictor: ['models', 'data', 'nn', 'tensor'],
  models: ['nn', 'tensor'],
  data: ['tensor'],
  nn: ['tensor'],
  tensor: ['launch', 'kernels', 'gpu'],
  launch: ['kernels', 'gpu'],
  kernels: ['gpu'],
  gpu: [],
};

interface Import {
  readonly specifier: string;
  /** False where nothing but types is imported: nothing is left of it at run time. */
  readonly isRun: boolean;
}

function importsOf(file: string): Import[] {
  const source = readFileSync(path.join(root, file), 'utf8');
  const named = source.matchAll(/^(?:import|export)\s([^;'"]*?\sfrom\s+)?'([^']+)'/gm);
  const dynamic = source.matchAll(/\bimport\(\s*'([^']+)'/g);
  return [
    ...Array.from(named, ([, names = '', specifier]) => ({ specifier, isRun: !importsTypes(names) })),
    ...Array.from(dynamic, ([, specifier]) => ({ specifier, isRun: true })),
  ];
}

/** True for `type { A }` and `{ type A, type B }`. */
function importsTypes(names: string): boolean {
  if (/^type\s/.test(names)) return true;
  const list = /^\{([^}]*)\}/
    .exec(names)?.[1]
    .split(',')
    .map((name) => name.trim()) ?? [''];
  return list.filter((name) => name !== '').every((name) => name.startsWith('type ')) && list[0] !== '';
}

/** The files of the project that a file imports: all, or those that are imported at run time. */
const importedBy = (file: string, all: boolean): string[] =>
  importsOf(file)
    .filter(({ specifier, isRun }) => specifier.startsWith('.') && (all || isRun))
    .map(({ specifier }) => path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, '.ts'));

/**
 * The sets of files that import each other in circles: strongly connected components of more than one (Tarjan 1972).
 */
function circles(all: boolean): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const open: string[] = [];
  const visit = (file: string): number => {
    const own = order.size;
    order.set(file, own);
    open.push(file);
    let lowest = own;
    for (const next of importedBy(file, all)) {
      if (!order.has(next)) lowest = Math.min(lowest, visit(next));
      else if (open.includes(next)) lowest = Math.min(lowest, order.get(next) ?? lowest);
    }
    if (lowest === own) {
      const component = open.splice(open.indexOf(file));
      if (component.length > 1) found.push(component.sort());
    }
    return lowest;
  };
  for (const file of files) if (!order.has(file)) visit(file);
  return found;
}

test('no files import each other in a circle at run time', () => {
  expect(files.some((file) => importedBy(file, false).length > 0)).toBe(true);
  expect(circles(false)).toEqual([]);
});

test('the only circle among types is that of tensors, their ops and their gradients', () => {
  const found = circles(true);
  expect(found.length).toBe(1);
  const inside = /^tensor\/(tensor|variable|autograd|create|factory|ops\/[\w-]+)\.ts$/;
  expect(found.flat().filter((file) => !inside.test(file))).toEqual([]);
});

/** Which folders and files of `tensor` each folder of it may import at run time. */
const INSIDE_TENSOR: Readonly<Record<string, RegExp>> = {
  graph: /^graph\//,
  ops: /^(graph\/|(autograd|create|factory|options)\.ts)/,
  runtime: /^graph\//,
  inspect: /^(graph|runtime)\/|^(evaluate|factory)\.ts/,
  tune: /^(graph|runtime)\/|^(evaluate|generator|options)\.ts/,
};

test.each(Object.entries(INSIDE_TENSOR))('tensor/%s imports only what lies below it', (folder, allowed) => {
  const own = files.filter((file) => file.startsWith(`tensor/${folder}/`));
  expect(own.length).toBeGreaterThan(0);
  const guilty = own.flatMap((file) =>
    importedBy(file, false)
      .filter((target) => target.startsWith('tensor/') && !target.startsWith(`tensor/${folder}/`))
      .filter((target) => !allowed.test(target.slice('tensor/'.length)))
      .map((target) => `${file} imports ${target}`),
  );
  expect(guilty).toEqual([]);
});

test('the graph and the runtime know neither tensors nor ops, not even their types', () => {
  const guilty = files
    .filter((file) => /^tensor\/(graph|runtime)\//.test(file))
    .flatMap((file) => importedBy(file, true))
    .filter((target) => target.startsWith('tensor/') && !/^tensor\/(graph|runtime)\//.test(target));
  expect(guilty).toEqual([]);
});

test('ops know of kernels only the formulas of elementwise functions: all others are behind launch', () => {
  const guilty = files
    .filter((file) => file.startsWith('tensor/ops/'))
    .flatMap((file) => importedBy(file, true).filter((target) => /^kernels\/(?!elementwise\/)/.test(target)));
  expect(guilty).toEqual([]);
});

test.each(files)('%s imports only downward', (file) => {
  const room = file.split('/')[0];
  if (file === 'index.ts') return;
  for (const target of importedBy(file, true))
    expect([room, ...MAY_IMPORT[room]], `${file} imports ${target}`).toContain(target.split('/')[0]);
});

test('Node is named in six places only', () => {
  const allowed = (file: string) =>
    /^(cli|serve)\//.test(file) || /^(data|predictor|gpt)\/node\//.test(file) || file.startsWith('gpu/webgpu.node');
  const packages = /^(node:|webgpu$|sharp$|tar$|env-paths$|commander$|cli-)/;
  const guilty = files.filter(
    (file) => !allowed(file) && importsOf(file).some(({ specifier }) => packages.test(specifier)),
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
