import { table } from '../../src/cli/terminal.js';
import type { Roofs } from '../../src/kernels/index.js';
import type { Row } from '../measure.js';
import type { KernelRow } from '../run-case.js';

/** A table before it is set for the terminal or for a page: which columns are numbers, too. */
export interface Cells {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly numbers: readonly number[];
}

export const forTerminal = ({ head, rows, numbers }: Cells): string => table(head, rows, numbers);

export function forMarkdown({ head, rows, numbers }: Cells): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = line(head.map((_, column) => (numbers.includes(column) ? '---:' : '---')));
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Three digits that count: 0.0123, 1.23, 123. */
export function digits(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return `${value}`;
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
}

const quartilesOf = ({ quartiles }: Row): string => quartiles.map(digits).join(' - ');
const percentOf = (share: number): string => `${(100 * share).toFixed(0)}%`;

const fastestOf = (row: Row, rows: readonly Row[]): number =>
  Math.min(...rows.filter((one) => one.case === row.case).map(({ milliseconds }) => milliseconds));

/** Rows with their ratio to the fastest of their case. */
export const rowCells = (rows: readonly Row[]): Cells => ({
  head: ['case', 'engine', 'ms', 'quartiles', 'ratio', 'adapter'],
  rows: rows.map((row) => [
    ...[row.case, row.engine, digits(row.milliseconds), quartilesOf(row)],
    ...[(row.milliseconds / fastestOf(row, rows)).toFixed(2), row.adapter],
  ]),
  numbers: [2, 3, 4],
});

/** The rows of each case, in order. */
export function byCase<R extends Row>(rows: readonly R[]): Map<string, R[]> {
  const cases = new Map<string, R[]>();
  for (const row of rows) cases.set(row.case, [...(cases.get(row.case) ?? []), row]);
  return cases;
}

/** The rungs of one case: what each gains over the one before, and how near to the roof it comes. */
export function ladderCells(rungs: readonly KernelRow[]): Cells {
  const stamped = rungs.some(({ gpuMilliseconds }) => gpuMilliseconds !== undefined);
  const counted = rungs.some(({ gflops }) => gflops > 0);
  type Column = readonly [head: string, cell: (row: KernelRow, at: number) => string];
  const stamps: Column = ['GPU ms', ({ gpuMilliseconds: time }) => (time === undefined ? '-' : digits(time))];
  const gain = (row: KernelRow, at: number) =>
    at === 0 ? '' : `x ${(rungs[at - 1].milliseconds / row.milliseconds).toFixed(2)}`;
  const rate: Column = ['GFLOP/s', ({ gflops }) => digits(gflops)];
  const columns: readonly Column[] = [
    ['rung', ({ engine }) => engine],
    ['ms', ({ milliseconds }) => digits(milliseconds)],
    ['quartiles', quartilesOf],
    ...(stamped ? [stamps] : []),
    ['gain', gain],
    ...(counted ? [rate] : []),
    ['GB/s', ({ gigabytes }) => digits(gigabytes)],
    ['of the roof', ({ roof }) => percentOf(roof)],
  ];
  return {
    head: columns.map(([head]) => head),
    rows: rungs.map((row, at) => columns.map(([, cell]) => cell(row, at))),
    numbers: columns.slice(1).map((_, column) => column + 1),
  };
}

/** Every case's ladder under its name. */
export const showLadders = (rows: readonly KernelRow[]): string =>
  [...byCase(rows)]
    .map(([name, rungs]) => `${name}, on ${rungs[0].adapter}\n${forTerminal(ladderCells(rungs))}`)
    .join('\n\n');

/** A device's roofs in a sentence. */
export function describeRoofs({ flops, f16Flops, bytes, copy, dispatch, upload, readback }: Roofs): string {
  const giga = (one: number) => (one / 1e9).toFixed(1);
  const half = f16Flops === undefined ? '' : `, ${giga(f16Flops)} of f16`;
  return [
    `${giga(flops)} GFLOP/s of f32 multiply-adds${half}; ${giga(bytes)} GB/s read or copied (${giga(copy)} copied);`,
    `${(1000 * dispatch).toFixed(1)} µs a dispatch; upload ${giga(upload)} GB/s, readback ${giga(readback)} GB/s`,
  ].join(' ');
}
