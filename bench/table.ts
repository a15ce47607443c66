import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROWS = 1_000_000;
const QUICK_ROWS = 100_000;

/** Measures the passes over a large table in a process of their own, whose memory nothing else takes. */
export function benchTable(quick: boolean): void {
  const passes = fileURLToPath(new URL('table-passes.ts', import.meta.url));
  const rows = quick ? QUICK_ROWS : ROWS;
  execFileSync(process.execPath, ['--import', 'tsx', passes, `${rows}`], { stdio: 'inherit' });
}
