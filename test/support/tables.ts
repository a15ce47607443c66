import type { CellErrors } from '../../src/data/cell-errors.js';
import type { Row, Table } from '../../src/data/table.js';

/** All rows of a table. */
export async function allRows(table: Table, errors?: CellErrors): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const chunk of table.rows(errors)) rows.push(...chunk);
  return rows;
}

/** The cells of all rows of a table. */
export const allCells = async (table: Table, errors?: CellErrors): Promise<Row['cells'][]> =>
  (await allRows(table, errors)).map(({ cells }) => cells);
