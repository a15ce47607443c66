import { TesseraError } from './errors.js';

/** Tags WGSL source so that editors highlight it; it only concatenates. */
export function wgsl(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return String.raw({ raw: parts }, ...values);
}

/** A function that a kernel calls on the values that it loads or stores, into which elementwise functions are fused. */
export type Hook = 'prologue' | 'epilogue';

/** A place for a hook in WGSL: the binding whose values it transforms, and their type. */
export interface Mark {
  readonly hook: Hook;
  readonly on: string;
  readonly type: 'f32' | 'vec4f';
}

const textOf = ({ hook, on, type }: Mark): string => `//#${hook} ${on}: ${type}`;
const MARK = /\/\/#(prologue|epilogue) (\w+): (f32|vec4f)/g;

/**
 * Returns the mark of an epilogue, the function `epilogue(value, index)` that a kernel calls on each value before it
 * stores it at `index` of a binding; for vec4f, the index counts vec4s. Without fusion it is the identity.
 */
export const epilogue = (on: string, type: Mark['type'] = 'f32'): string => textOf({ hook: 'epilogue', on, type });

/**
 * Returns the mark of a prologue, the function `prologue(value, index)` that a kernel calls on each value that it has
 * loaded from `index` of a binding.
 */
export const prologue = (on: string, type: Mark['type'] = 'f32'): string => textOf({ hook: 'prologue', on, type });

const marksOf = (source: string): Mark[] =>
  Array.from(source.matchAll(MARK), ([, hook, on, type]) => ({ hook, on, type }) as Mark);

/** Returns the declaration of the binding of a mark, for an element type. */
const declarationOf = ({ hook, on }: Mark, type: string): string =>
  `var<storage, ${hook === 'epilogue' ? 'read_write' : 'read'}> ${on}: array<${type}>`;

/**
 * Parses the marks of a WGSL program.
 *
 * @throws TesseraError if a hook is marked twice, is marked but not called, or called but not marked, or if a mark does
 * not name a binding of its type.
 */
export function parseMarks(name: string, source: string): Mark[] {
  const marks = marksOf(source);
  for (const hook of ['prologue', 'epilogue'] as const) {
    const own = marks.filter((mark) => mark.hook === hook);
    const isCalled = new RegExp(`\\b${hook}\\(`).test(source.replace(MARK, ''));
    if (isCalled !== own.length > 0 || own.length > 1)
      throw new TesseraError(
        `${name}: the WGSL ${isCalled ? 'calls' : 'does not call'} ${hook}() and has ${own.length} marks for it; expected one mark and calls, or neither`,
      );
  }
  for (const mark of marks) {
    const declaration = declarationOf(mark, mark.type);
    if (!source.includes(declaration))
      throw new TesseraError(
        `${name}: ${mark.hook === 'epilogue' ? 'an' : 'a'} ${mark.hook} is marked on '${mark.on}', but the WGSL has no '${declaration}'`,
      );
  }
  return marks;
}

/** Replaces a mark by a function that returns values of a type; an epilogue's binding is declared with that type. */
export function fillMark(source: string, mark: Mark, wgsl: string, type: string): string {
  const stored =
    mark.hook === 'epilogue' ? source.replace(declarationOf(mark, mark.type), () => declarationOf(mark, type)) : source;
  return stored.replace(textOf(mark), () => wgsl);
}

/** Replaces all remaining marks by identity functions. */
export const closeHooks = (source: string): string =>
  source.replace(MARK, (_, hook, __, type) => `fn ${hook}(value: ${type}, index: u32) -> ${type} { return value; }`);

/** The access mode of a binding: storage that is read, storage that is read and written, or uniforms. */
export type Access = 'read' | 'read_write' | 'uniform';

/** A binding that a kernel declares. */
export interface Binding {
  readonly name: string;
  readonly access: Access;
}

/** A field of a uniform struct, of four bytes. */
export interface UniformField {
  readonly name: string;
  readonly type: 'u32' | 'i32' | 'f32';
}

const BINDING =
  /@group\(0\)\s*@binding\((\d+)\)\s*var<(?:storage,\s*(read|read_write)|(uniform))>\s*(\w+)\s*:\s*(\w+)/g;

/**
 * Parses the bindings of a WGSL program, in order of their numbers. @throws TesseraError if these are not 0, 1, 2, ...
 */
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
        `${name}: @binding numbers must be consecutive from 0; '${binding.name}' has ${binding.number}, expected ${position}`,
      );
    }
  });
  return found;
}

/** Parses the fields of a uniform struct, in order. */
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
