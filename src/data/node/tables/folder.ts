import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { TesseraError } from '../../../tensor/index.js';
import { didYouMean } from '../../../tensor/options.js';
import { isImagePath } from '../../cells.js';
import { CHUNK_ROWS, type Row } from '../../table.js';
import { fileError } from '../files.js';
import type { TableFile } from './table-file.js';

/** The number of names that a name is compared with. */
const MOST_COMPARED = 1_000;

/** Tests whether a path is a folder. @throws TesseraError if there is nothing, with the nearest name that there is. */
export async function isFolder(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch (error) {
    const { message } = fileError('cannot read', file, error);
    const beside = await readdir(path.dirname(file)).catch(() => []);
    throw new TesseraError(`${message}${didYouMean(path.basename(file), beside.slice(0, MOST_COMPARED))}`, {
      cause: error,
    });
  }
}

/**
 * Opens a folder that holds one folder for each class, with the class's images in it: a table of the columns `image`, a
 * path in the folder, and `label`, the name of the class, which is its target; or a folder of images alone, which has no
 * `label`. Rows are in the order of their names. Hidden files are left out.
 *
 * @throws TesseraError if it has neither images nor class folders, images beside class folders, or a class folder that
 * is empty or has folders in it.
 */
export async function openFolder(folder: string): Promise<TableFile> {
  const { files, folders } = await list(folder);
  const image = files.find(isImagePath);
  if (folders.length === 0 && image !== undefined)
    return tableFile(
      folder,
      ['image'],
      files.filter(isImagePath).map((file) => [file]),
    );
  if (folders.length === 0 || image !== undefined) {
    throw new TesseraError(
      `${folder}: ${folders.length === 0 ? 'it has neither images nor class folders' : `'${image}' is beside the class folders`}; expected a folder of images for each class`,
    );
  }
  const images: string[][] = [];
  for (const label of folders) {
    const inside = await list(path.join(folder, label));
    if (inside.folders.length > 0) {
      throw new TesseraError(
        `${folder}: '${label}' has folders in it, such as '${inside.folders[0]}'; expected images alone, or give '${path.join(folder, label)}'`,
      );
    }
    if (inside.files.length === 0) throw new TesseraError(`${folder}: the class folder '${label}' is empty; remove it`);
    for (const file of inside.files) images.push([`${label}/${file}`, label]);
  }
  return { ...tableFile(folder, ['image', 'label'], images), target: 'label' };
}

function tableFile(folder: string, columns: readonly string[], rows: readonly (readonly string[])[]): TableFile {
  return {
    file: folder,
    folder,
    columns,
    size: rows.length,
    async *rows() {
      for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
        yield rows
          .slice(start, start + CHUNK_ROWS)
          .map((cells, index): Row => ({ cells, file: folder, number: start + index + 1 }));
      }
    },
  };
}

const HIDDEN = /^(?:\.|Thumbs\.db$|desktop\.ini$)/;

/** The names of the files and folders in a folder, sorted, without hidden ones. */
async function list(folder: string): Promise<{ readonly files: string[]; readonly folders: string[] }> {
  const files: string[] = [];
  const folders: string[] = [];
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (HIDDEN.test(entry.name)) continue;
      const isDirectory = entry.isSymbolicLink()
        ? (await stat(path.join(folder, entry.name))).isDirectory()
        : entry.isDirectory();
      (isDirectory ? folders : files).push(entry.name);
    }
  } catch (error) {
    throw fileError('cannot read', folder, error);
  }
  return { files: files.sort(), folders: folders.sort() };
}
