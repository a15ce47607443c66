import { table } from '../../src/cli/terminal.js';
import type { Row } from '../measure.js';
import type { Workload } from './workloads.js';

/** A contestant of the table. */
export interface Column {
  readonly engine: string;
  /** Whether it runs on WebGPU, as Tessera does; others are context. */
  readonly webgpu: boolean;
}

/** One engine at one workload: a row, or why there is none. */
export type Outcome =
  | { readonly row: ContestRow }
  | { readonly case: string; readonly engine: string; readonly why: string };

export interface ContestRow extends Row {
  readonly gflops: number;
  /** GB/s of what must be read and written at least. */
  readonly gigabytes: number;
}

/** Times the best WebGPU peer takes what Tessera takes, by workload; workloads without one of both are left out. */
export function ratios(rows: readonly Row[], columns: readonly Column[], own: string): Map<string, number> {
  const peers = new Set(columns.filter(({ engine, webgpu }) => webgpu && engine !== own).map(({ engine }) => engine));
  const found = new Map<string, number>();
  for (const { case: name, milliseconds } of rows.filter(({ engine }) => engine === own)) {
    const theirs = rows.filter((row) => row.case === name && peers.has(row.engine)).map((row) => row.milliseconds);
    if (theirs.length > 0) found.set(name, Math.min(...theirs) / milliseconds);
  }
  return found;
}

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/**
 * Works by engines in milliseconds, how many times as fast as the best WebGPU peer Tessera is, and why cells are empty.
 */
export function showContest(
  outcomes: readonly Outcome[],
  columns: readonly Column[],
  workloads: readonly Pick<Workload, 'name'>[],
  { own, adapter }: { own: string; adapter: string },
): string {
  const rows = outcomes.flatMap((outcome) => ('row' in outcome ? [outcome.row] : []));
  const byWork = ratios(rows, columns, own);
  const cells = workloads.map(({ name }) => {
    const times = columns.map(({ engine }) => rows.find((row) => row.case === name && row.engine === engine));
    const mine = rows.find((row) => row.case === name && row.engine === own);
    return [
      ...[name, ...times.map((row) => (row === undefined ? '-' : milliseconds(row.milliseconds)))],
      ...[byWork.get(name)?.toFixed(2) ?? '-', mine?.gflops.toFixed(1) ?? '-', mine?.gigabytes.toFixed(1) ?? '-'],
    ];
  });
  const head = ['workload, ms', ...columns.map(({ engine }) => engine), 'ratio', 'GFLOP/s', 'GB/s'];
  const all = [...byWork.values()];
  const slower = [...byWork].filter(([, ratio]) => ratio < 1).map(([name]) => name);
  const lines = [
    table(
      head,
      cells,
      Array.from({ length: head.length - 1 }, (_, index) => index + 1),
    ),
  ];
  lines.push(`adapter: ${adapter}; engines on the CPU are context`);
  if (all.length > 0) {
    lines.push(
      `ratio: what the best WebGPU peer takes, by what ${own} takes; geometric mean ${geometricMean(all).toFixed(2)} of ${all.length} workloads, least ${Math.min(...all).toFixed(2)}`,
    );
  }
  if (slower.length > 0) lines.push(`${own} is slower at: ${slower.join('; ')}`);
  for (const [reason, names] of reasons(outcomes)) lines.push(`- ${reason}: ${names.join('; ')}`);
  return lines.join('\n');
}

const milliseconds = (value: number): string => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);

/** Works that an engine has no time for, by engine and reason. */
function reasons(outcomes: readonly Outcome[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const outcome of outcomes) {
    if ('row' in outcome) continue;
    const reason = `${outcome.engine} (${outcome.why})`;
    found.set(reason, [...(found.get(reason) ?? []), outcome.case]);
  }
  return found;
}
