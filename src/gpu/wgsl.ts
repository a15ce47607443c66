import { TesseraError } from './errors.js';

/** Tags WGSL source, so that editors highlight it. Joins the parts and nothing else. */
export function wgsl(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return String.raw({ raw: parts }, ...values);
}

export type Hook = 'prologue' | 'epilogue';

/** Where elementwise work can be fused into a kernel: on the values of which binding, one by one or four at a time. */
export interface Mark {
  readonly hook: Hook;
  readonly on: string;
  readonly type: 'f32' | 'vec4f';
}

const textOf = ({ hook, on, type }: Mark): string => `//#${hook} ${on}: ${type}`;
const MARK = /\/\/#(prologue|epilogue) (\w+): (f32|vec4f)/g;

/**
 * Marks where the epilogue stands, the function `epilogue(value, index)` that a kernel calls on each value before it
 * stores it at `index` of a binding; of vec4f, the index counts vec4. Unfused it returns the value.
 */
export const epilogue = (on: string, type: Mark['type'] = 'f32'): string => textOf({ hook: 'epilogue', on, type });

/** Marks where the prologue stands, which a kernel calls on each value that it has loaded from `index` of a binding. */
export const prologue = (on: string, type: Mark['type'] = 'f32'): string => textOf({ hook: 'prologue', on, type });

const marksOf = (source: string): Mark[] =>
  Array.from(source.matchAll(MARK), ([, hook, on, type]) => ({ hook, on, type }) as Mark);

/** How a kernel declares the binding of a mark; an epilogue may change its type. */
const declarationOf = ({ hook, on }: Mark, type: string): string =>
  `var<storage, ${hook === 'epilogue' ? 'read_write' : 'read'}> ${on}: array<${type}>`;

/**
 * The marks of a WGSL program.
 *
 * @throws TesseraError if one stands twice, its function is not called, or it does not name a binding of its type; and if
 * the program calls a hook that it does not mark.
 */
export function parseMarks(name: string, source: string): Mark[] {
  const marks = marksOf(source);
  for (const hook of ['prologue', 'epilogue'] as const) {
    const own = marks.filter((mark) => mark.hook === hook);
    const isCalled = new RegExp(`\\b${hook}\\(`).test(source.replace(MARK, ''));
    if (isCalled !== own.length > 0 || own.length > 1)
      throw new TesseraError(
        `${name}: the WGSL ${isCalled ? 'calls' : 'does not call'} ${hook}(), and has ${own.length} marks of it; expected one with its calls, or neither`,
      );
  }
  for (const mark of marks) {
    const declaration = declarationOf(mark, mark.type);
    if (!source.includes(declaration))
      throw new TesseraError(
        `${name}: ${mark.hook === 'epilogue' ? 'an' : 'a'} ${mark.hook} stands on '${mark.on}', but the WGSL has no '${declaration}'`,
      );
  }
  return marks;
}

/** WGSL with a function in a mark's place, which gives values of a type: what an epilogue gives is stored as it is. */
export function fillMark(source: string, mark: Mark, wgsl: string, type: string): string {
  const stored =
    mark.hook === 'epilogue' ? source.replace(declarationOf(mark, mark.type), () => declarationOf(mark, type)) : source;
  return stored.replace(textOf(mark), () => wgsl);
}

/** WGSL with the marks that are still open filled by functions that pass the value through. */
export const closeHooks = (source: string): string =>
  source.replace(MARK, (_, hook, __, type) => `fn ${hook}(value: ${type}, index: u32) -> ${type} { return value; }`);

/** What a bound resource is to the kernel: storage that it reads, or reads and writes, or its uniform sizes. */
export type Access = 'read' | 'read_write' | 'uniform';

export interface Binding {
  readonly name: string;
  readonly access: Access;
}

/** A member of a uniform struct, all of them four bytes wide. */
export interface UniformField {
  readonly name: string;
  readonly type: 'u32' | 'i32' | 'f32';
}

const BINDING =
  /@group\(0\)\s*@binding\((\d+)\)\s*var<(?:storage,\s*(read|read_write)|(uniform))>\s*(\w+)\s*:\s*(\w+)/g;

/** The bindings that a WGSL program declares, in order of their numbers, which must run from 0 without a gap. */
export function parseBindings(name: string, source: string): (Binding & { type: string })[] {
  const found = [...source.matchAll(BINDING)].map((match) => ({
    number: Number(match[1]),
    access: (match[2] ?? match[3]) as Access,
    name: match[4],
    type: match[5],
  }));
  found.sort((a, b) => a.number - b.number);
  found.forEach((binding, position) => {
    if (binding.number !== position) {
      throw new TesseraError(
        `${name}: @binding numbers must run from 0 without a gap; '${binding.name}' has ${binding.number}, expected ${position}`,
      );
    }
  });
  return found;
}

/** The fields of a uniform struct, in order. */
export function parseStruct(name: string, source: string, struct: string): UniformField[] {
  const body = new RegExp(`struct\\s+${struct}\\s*\\{([^}]*)\\}`).exec(source)?.[1];
  if (body === undefined) throw new TesseraError(`${name}: the WGSL has no struct '${struct}'`);
  return body
    .replace(/\/\/.*$/gm, '')
    .split(',')
    .map((field) => field.trim())
    .filter((field) => field !== '')
    .map((field) => {
      const match = /^(\w+)\s*:\s*(u32|i32|f32)$/.exec(field);
      if (match === null) {
        throw new TesseraError(`${name}: struct ${struct}: expected 'name: u32', i32 or f32, got '${field}'`);
      }
      return { name: match[1], type: match[2] as UniformField['type'] };
    });
}
