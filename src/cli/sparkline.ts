const BARS = [...'▁▂▃▄▅▆▇█'];

/** Numbers as a row of bars from the lowest to the highest. */
export function sparkline(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const step = (high - low) / (BARS.length - 1) || 1;
  return values.map((value) => BARS[Math.round((value - low) / step)] ?? ' ').join('');
}
