import { TesseraError } from './errors.js';

/** Tags WGSL source, so that editors highlight it. Joins the parts and nothing else. */
export function wgsl(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return String.raw({ raw: parts }, ...values);
}

/**
 * Where fused elementwise work enters a kernel. A kernel that interpolates `EPILOGUE` calls
 * `epilogue(value, index)` on each value before it stores it at `index`; one that interpolates `PROLOGUE`
 * calls `prologue(value, index)` on each value it has loaded from `index`. Unfused, both return the value.
 */
export const EPILOGUE = '//#epilogue';
/** As {@link EPILOGUE}, of four neighbouring values: `epilogue(value: vec4f, index)`, the index counting vec4. */
export const EPILOGUE_VEC4 = '//#epilogue vec4';
/** See {@link EPILOGUE}. */
export const PROLOGUE = '//#prologue';
/** As {@link EPILOGUE_VEC4}; a kernel takes both of its hooks vec4, or none. */
export const PROLOGUE_VEC4 = '//#prologue vec4';

export type Hook = 'prologue' | 'epilogue';

/** WGSL with the hooks that are still open closed by their default: to pass the value through. */
export const closeHooks = (source: string): string =>
  source
    .replace(PROLOGUE_VEC4, 'fn prologue(value: vec4f, index: u32) -> vec4f { return value; }')
    .replace(PROLOGUE, 'fn prologue(value: f32, index: u32) -> f32 { return value; }')
    .replace(EPILOGUE_VEC4, 'fn epilogue(value: vec4f, index: u32) -> vec4f { return value; }')
    .replace(EPILOGUE, 'fn epilogue(value: f32, index: u32) -> f32 { return value; }');

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
