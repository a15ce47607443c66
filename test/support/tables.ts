import { CellErrors } from '../../src/data/cell-errors.js';
import type { Cell, Row, Table } from '../../src/data/table.js';

/** All rows of a table. */
export async function allRows(table: Table, errors?: CellErrors): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const chunk of table.rows(errors)) rows.push(...chunk);
  return rows;
}

/** The cells of all rows of a table. */
export const allCells = async (table: Table, errors?: CellErrors): Promise<Row['cells'][]> =>
  (await allRows(table, errors)).map(({ cells }) => cells);

/** A table of rows in memory, in chunks of three rows. */
export function tableOf(columns: readonly string[], rows: readonly (readonly Cell[])[], file = 'table'): Table {
  return {
    name: file,
    columns,
    size: rows.length,
    async *rows(errors = new CellErrors()) {
      for (let first = 0; first < rows.length; first += 3)
        yield rows.slice(first, first + 3).map((cells, index): Row => ({ cells, file, number: first + index + 1 }));
      errors.finish();
    },
    readFile: async () => new Uint8Array(),
  };
}

/** A table of one column. */
export const columnOf = (column: string, cells: readonly Cell[]): Table =>
  tableOf(
    [column],
    cells.map((cell) => [cell]),
  );
