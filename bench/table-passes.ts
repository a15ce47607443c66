import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspectTable } from '../src/data/inspect.js';
import { openTable } from '../src/data/node/index.js';
import { prepareData } from '../src/predictor/data.js';
import { Generator } from '../src/tensor/generator.js';

const LINES_AT_ONCE = 1_000;
const HEADER = 'id,price,weight,color,brand,title,bought,member,rating,label';

/**
 * Measures how long it takes to inspect and split a large table, and to encode it for training, and how much memory.
 */
async function measure(rows: number): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tessera-bench-'));
  try {
    const file = path.join(folder, 'table.csv');
    await writeTable(file, rows);
    console.log(`a table of ${rows.toLocaleString('en-US')} rows x ${HEADER.split(',').length} columns`);
    const table = await openTable(file);
    const { schema, parts } = await timed('inspected and split', () => inspectTable(table, { target: 'label' }));
    await timed('encoded for training', () => prepareData(table, schema, parts.parts, { onError: 'stop' }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Prints the time of some work, on the clock and of all CPUs, and the largest memory of the process until then. */
async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  const before = process.cpuUsage();
  const result = await work();
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(before);
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(
    `${name}: ${seconds.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU, peak memory ${Math.round(peak)} MiB`,
  );
  return result;
}

/** Writes rows of an id, numbers (some missing), categories, texts, dates, booleans and one of five classes. */
async function writeTable(file: string, rows: number): Promise<void> {
  const generator = new Generator(0);
  const oneOf = (values: readonly string[]): string => values[generator.integer(values.length)];
  const words = Array.from({ length: 5_000 }, (_, index) => `word${index}`);
  const textOf = (): string => Array.from({ length: 3 + generator.integer(7) }, () => oneOf(words)).join(' ');
  const row = (index: number): string =>
    [
      index,
      Math.exp(3 + generator.normal()).toFixed(2),
      generator.uniform() < 0.05 ? '' : (5 + 2 * generator.normal()).toFixed(3),
      oneOf(['red', 'green', 'blue', 'black', 'white', 'silver', 'gold']),
      `brand ${Math.floor(1000 * generator.uniform() ** 3)}`,
      textOf(),
      new Date(Date.UTC(2020, 0, 1 + generator.integer(1500))).toISOString().slice(0, 10),
      oneOf(['yes', 'no']),
      1 + generator.integer(5),
      oneOf(['sold', 'returned', 'kept', 'lost', 'gift']),
    ].join(',');
  const stream = createWriteStream(file);
  stream.write(`${HEADER}\n`);
  for (let index = 0; index < rows; index += LINES_AT_ONCE) {
    const lines = Array.from({ length: LINES_AT_ONCE }, (_, at) => `${row(index + at)}\n`);
    if (!stream.write(lines.join(''))) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'finish');
}

await measure(Number(process.argv[2]));
