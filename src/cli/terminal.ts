import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';

/**
 * Where output goes. Results go to standard output: text, or with `--json` one object and nothing else. What a person
 * watches goes to standard error: a progress bar on a terminal, a line now and then elsewhere.
 */
export class Terminal {
  constructor(readonly json: boolean) {}

  /** A line for the person who watches. */
  note(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  /** A line of the result; left out with `--json`. */
  print(line: string): void {
    if (!this.json) process.stdout.write(`${line}\n`);
  }

  /** The result as one object, with `--json`. */
  result(value: unknown): void {
    if (this.json) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** Shows how far some work is; `line` describes it. */
  progress(total: number, label: string): Progress {
    return process.stderr.isTTY
      ? new BarProgress(total, label)
      : new LineProgress(total, label, (line) => this.note(line));
  }
}

export interface Progress {
  update(done: number, detail: string): void;
  stop(): void;
}

/** Bars on the screen: while there are any, the cursor is hidden and lines are not wrapped. */
const shownBars = new Set<SingleBar>();

/** Gives the terminal back as it was found, where there is no time to end what is shown. */
export function restoreTerminal(): void {
  for (const bar of shownBars) bar.stop();
  shownBars.clear();
}

class BarProgress implements Progress {
  readonly #bar: SingleBar;
  constructor(total: number, label: string) {
    const format = `${label} [{bar}] {value}/{total} {detail} {eta_formatted} left`;
    this.#bar = new SingleBar({ format, stream: process.stderr, hideCursor: true, barsize: 24, gracefulExit: false });
    shownBars.add(this.#bar);
    this.#bar.start(total, 0, { detail: '' });
  }
  update(done: number, detail: string): void {
    this.#bar.update(done, { detail });
  }
  stop(): void {
    this.#bar.stop();
    shownBars.delete(this.#bar);
  }
}

/** A line for every tenth of the work. */
class LineProgress implements Progress {
  #next = 0;
  readonly #start = performance.now();
  constructor(
    private readonly total: number,
    private readonly label: string,
    private readonly note: (line: string) => void,
  ) {}
  update(done: number, detail: string): void {
    if (done < this.#next) return;
    this.#next = done + Math.max(1, Math.ceil(this.total / 10));
    const seconds = (performance.now() - this.#start) / 1000;
    const left = done > 0 ? `${Math.round((seconds / done) * (this.total - done))} s left` : '';
    this.note(`${this.label} ${done}/${this.total} ${detail} ${left}`.trimEnd());
  }
  stop(): void {}
}

/** Rows under a head, aligned, without colours or frames. */
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

/** 0.6931 as 69.3%. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** 1.5e9 as 1.50 G. */
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
