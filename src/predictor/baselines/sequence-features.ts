import type { FieldTensors } from '../../data/fields/field.js';

/**
 * What describes the events of each row to a linear model: ln(1 + their number), and of each column of numbers the mean,
 * the last one and the share of events that have it. 0 where there is none. (rows, 1 + 3 · numbers).
 */
export async function sequenceFeatures({ values, known, mask }: FieldTensors): Promise<Float32Array> {
  const [rows, time] = mask.shape;
  const counts = await mask.sum(1).data();
  const [numbers, has] = [await values?.data(), await known?.data()];
  const columns = values?.shape[2] ?? 0;
  const width = 1 + 3 * columns;
  const features = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const own = features.subarray(row * width, (row + 1) * width);
    const count = counts[row];
    own[0] = Math.log1p(count);
    for (let column = 0; column < columns; column++) {
      let [sum, last, found] = [0, 0, 0];
      for (let at = 0; at < count; at++) {
        const place = (row * time + at) * columns + column;
        if (has?.[place] !== 1) continue;
        last = numbers?.[place] ?? 0;
        sum += last;
        found++;
      }
      own.set([sum / Math.max(found, 1), last, found / Math.max(count, 1)], 1 + 3 * column);
    }
  }
  return features;
}
