import type { FieldKind, FieldTensors, FileAccess } from '../../src/data/fields/field.js';
import type { Cell } from '../../src/data/table.js';
import { TesseraError } from '../../src/tensor/index.js';

/** Access to no files, for kinds that need none. */
export const noFiles: FileAccess = {
  readFile: () => Promise.reject(new TesseraError('no file')),
  decodeImage: () => Promise.reject(new TesseraError('no decoder')),
  decodeSound: () => Promise.reject(new TesseraError('no decoder')),
  column: 'image',
  cacheBytes: 0,
};

/** The state that a kind learns from training cells. */
export async function learn<Value, Settings, State>(
  kind: FieldKind<Value, Settings, State>,
  cells: readonly Cell[],
  chosen: Partial<Settings> = {},
  files = noFiles,
): Promise<State> {
  const settings = kind.settings(chosen);
  const learner = kind.learner(settings, files);
  cells.forEach((cell, index) => {
    learner.add(kind.parse(cell, settings), { file: 'table.csv', number: index + 1 });
  });
  return learner.finish();
}

/** The tensors of all cells under a state, as arrays, and their shapes. */
export async function encode<Value, Settings, State extends { readonly settings: Settings }>(
  kind: FieldKind<Value, Settings, State>,
  state: State,
  cells: readonly Cell[],
  files = noFiles,
): Promise<Record<string, { shape: readonly number[]; data: number[] }>> {
  const column = kind.column(state, files);
  cells.forEach((cell, index) => {
    column.add(kind.parse(cell, state.settings), { file: 'table.csv', number: index + 1 });
  });
  return arraysOf(await column.batch(Uint32Array.from(cells.keys())));
}

/** The values of a field's tensors. */
export async function arraysOf(
  tensors: FieldTensors,
): Promise<Record<string, { shape: readonly number[]; data: number[] }>> {
  const entries = Object.entries(tensors).map(async ([name, tensor]) => {
    const data = Array.from(await tensor.data());
    return [name, { shape: tensor.shape, data }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
