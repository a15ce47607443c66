import { TesseraError } from '../../tensor/index.js';

/** An entry of a table by its name. @throws TesseraError that lists the names, if there is none. */
export function lookUp<T>(where: string, what: string, table: Readonly<Record<string, T>>, name: string): T {
  if (!Object.hasOwn(table, name))
    throw new TesseraError(`${where}: there is no ${what} '${name}'; there are ${Object.keys(table).join(', ')}`);
  return table[name]!;
}
