/**
 * The size to which a batch of some rows is filled up: 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, ... A plan belongs to the
 * shapes of its batch, and making one takes longer than predicting the rows that fill a batch up.
 */
export function filledSize(rows: number): number {
  const power = 2 ** Math.ceil(Math.log2(rows));
  return rows <= (3 * power) / 4 && power > 2 ? (3 * power) / 4 : power;
}
