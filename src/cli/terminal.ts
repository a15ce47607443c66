import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';

/**
 * The output of a command. Results go to standard output, as text or, with `--json`, as one JSON object. Notes and
 * progress go to standard error; progress is a bar on a terminal, and occasional lines elsewhere.
 */
export class Terminal {
  constructor(readonly json: boolean) {}

  /** Prints a note on standard error. */
  note(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  /** Prints a line of the result, unless `--json` is given. */
  print(line: string): void {
    if (!this.json) process.stdout.write(`${line}\n`);
  }

  /** Prints the result as a JSON object, if `--json` is given. */
  result(value: unknown): void {
    if (this.json) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** Shows the progress of work of `total` steps, or of an unknown number. */
  progress(total: number | undefined, label: string): Progress {
    return process.stderr.isTTY
      ? new BarProgress(total, label)
      : new LineProgress(total, label, (line) => this.note(line));
  }

  /** Shows the progress of work that may be short: only once it has taken two seconds. */
  lateProgress(total: number | undefined, label: string): Progress {
    const begin = performance.now();
    let shown: Progress | undefined;
    return {
      update: (done, detail) => {
        if (performance.now() - begin > LATE_MILLISECONDS) shown ??= this.progress(total, label);
        shown?.update(done, detail);
      },
      stop: () => shown?.stop(),
    };
  }
}

const LATE_MILLISECONDS = 2_000;

/** The display of progress. */
export interface Progress {
  /** Shows how much is done, and the new total if it has changed. */
  update(done: number, detail: string, total?: number): void;
  stop(): void;
}

/** The progress bars on the screen, which hide the cursor and disable line wrapping. */
const shownBars = new Set<SingleBar>();

/** Restores the terminal before the process is terminated. */
export function restoreTerminal(): void {
  for (const bar of shownBars) bar.stop();
  shownBars.clear();
}

class BarProgress implements Progress {
  readonly #bar: SingleBar;
  constructor(total: number | undefined, label: string) {
    const format =
      total === undefined ? `${label} {value}{detail}` : `${label} [{bar}] {value}/{total}{detail}{eta_formatted}`;
    // The time left is 0 or a word where it is not known.
    const formatTime = (seconds: number) => (seconds > 0 ? `, ${timeLeft(seconds)}` : '');
    const look = { format, formatTime, barsize: 24, hideCursor: true };
    this.#bar = new SingleBar({ ...look, stream: process.stderr, gracefulExit: false });
    shownBars.add(this.#bar);
    this.#bar.start(total ?? Number.MAX_SAFE_INTEGER, 0, { detail: '' });
  }
  update(done: number, detail: string, total?: number): void {
    if (total !== undefined) this.#bar.setTotal(total);
    this.#bar.update(done, { detail: detail === '' ? '' : ` ${detail}` });
  }
  stop(): void {
    this.#bar.stop();
    shownBars.delete(this.#bar);
  }
}

/** The time left, in words. */
function timeLeft(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (seconds < 100) return `${Math.round(seconds)} s left`;
  return minutes < 100 ? `${minutes} min left` : `${(minutes / 60).toFixed(1)} h left`;
}

const LINE_MILLISECONDS = 30_000;

/** Prints a line for every tenth of the work, and one at least every 30 seconds. */
class LineProgress implements Progress {
  #next = 0;
  #printed = 0;
  /** How much was done when, at the first update. */
  #start: { readonly done: number; readonly time: number } | undefined;
  constructor(
    private total: number | undefined,
    private readonly label: string,
    private readonly note: (line: string) => void,
  ) {}
  update(done: number, detail: string, total = this.total): void {
    this.total = total;
    const now = performance.now();
    this.#start ??= { done, time: now };
    if (done < this.#next && now - this.#printed < LINE_MILLISECONDS) return;
    this.#next = total === undefined ? Number.POSITIVE_INFINITY : done + Math.max(1, Math.ceil(total / 10));
    this.#printed = now;
    const since = done - this.#start.done;
    const seconds = (now - this.#start.time) / 1000;
    const left = total === undefined || since === 0 ? '' : timeLeft((seconds / since) * (total - done));
    const details = [detail, left].filter((word) => word !== '').join(', ');
    this.note(`${this.label} ${total === undefined ? done : `${done}/${total}`} ${details}`.trimEnd());
  }
  stop(): void {}
}

/** Formats a table with aligned columns, without colors or borders. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  alignRight: readonly number[] = [],
): string {
  const nothing = {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
  };
  const chars = {
    ...nothing,
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: '  ',
  };
  const made = new Table({
    head: [...head],
    chars,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: head.map((_, column) => (alignRight.includes(column) ? 'right' : 'left')),
  });
  for (const row of rows) made.push(row.map(String));
  return made.toString().replace(/[ \t]+$/gm, '');
}

/** Formats a fraction as a percentage: 0.6931 as 69.3%. */
export const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)}%`;

/** Formats a number with an SI prefix: 1.5e9 as 1.50 G. */
export function short(value: number, unit = ''): string {
  const steps = ['', 'k', 'M', 'G', 'T'];
  let step = 0;
  let rest = value;
  while (rest >= 1000 && step < steps.length - 1) {
    rest /= 1000;
    step++;
  }
  return `${step === 0 ? rest : rest.toFixed(2)} ${steps[step]}${unit}`.trim();
}
