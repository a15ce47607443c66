import path from 'node:path';
import { writeFileAtomically } from '../data/node/index.js';
import { targetOf } from '../data/schema.js';
import { type ComparedRun, type Comparison, compareRuns } from '../predictor/comparison/comparison.js';
import { comparisonPage } from '../predictor/comparison/page.js';
import { METRICS } from '../predictor/metrics.js';
import { readComparedRun } from '../predictor/node/compared-run.js';
import { intervalText, timeText } from '../predictor/report/numbers.js';
import { taskTarget } from '../predictor/targets.js';
import { TesseraError } from '../tensor/index.js';
import { checkOutput } from './output.js';
import { isTableRun } from './run-path.js';
import { shownMetric } from './shown-metric.js';
import { Terminal, table } from './terminal.js';

/** The options of `tessera compare`. */
export interface CompareOptions {
  readonly out: string;
  readonly json?: boolean;
}

/**
 * Implements `tessera compare`, which shows runs beside each other, and writes a page with their curves. Returns the
 * exit code.
 */
export async function compare(folders: readonly string[], { out, json = false }: CompareOptions): Promise<number> {
  if (folders.length < 2) throw new TesseraError(`compare: expected two runs or more, got '${folders[0]}' alone`);
  const twice = folders.find((folder, at) => folders.findIndex((other) => isSame(folder, other)) < at);
  if (twice !== undefined) throw new TesseraError(`compare: '${twice}' is given twice; give each run once`);
  for (const folder of folders)
    if (!(await isTableRun(folder)))
      throw new TesseraError(`compare: '${folder}' is a run on emoji; runs on tables can be compared`);
  if (folders.some((folder) => isSame(folder, path.dirname(path.resolve(out)))))
    throw new TesseraError(`--out: '${out}' is in the folder of a run; expected a file outside of them`);
  await checkOutput(out, []);
  const terminal = new Terminal(json);
  const runs: ComparedRun[] = [];
  for (const folder of folders) runs.push(await readComparedRun(folder));
  const comparison = compareRuns(runs);
  for (const note of comparison.notes) terminal.note(`warning: ${note}`);
  show(terminal, comparison);
  await writeFileAtomically(out, await comparisonPage(comparison));
  terminal.print(`read ${out}`);
  terminal.result(resultOf(comparison, out));
  return 0;
}

const isSame = (folder: string, other: string): boolean => path.resolve(folder) === path.resolve(other);

/** The longest value of a setting that is shown. */
const LONGEST = 40;

/** Prints the settings that differ, the metrics of the test rows, and what the runs took. */
function show(terminal: Terminal, { runs, settings, metrics, adapter }: Comparison): void {
  const print = (title: string, rows: readonly (readonly string[])[]): void => {
    terminal.print(table([title, ...runs.map(({ run }) => run)], rows));
    terminal.print('');
  };
  const shownSetting = (value: unknown): string => {
    const text = String(value ?? '–');
    return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
  };
  if (settings.length === 0) terminal.print('The runs have the same settings.\n');
  else
    print(
      'settings that differ',
      settings.map(({ name, values }) => [name, ...values.map(shownSetting)]),
    );
  if (metrics.length > 0)
    print(
      'on test rows',
      metrics.map((name) => [METRICS[name].title, ...runs.map(({ result }) => measured(name, result))]),
    );
  const costs: [string, (run: ComparedRun) => unknown][] = [
    [
      'rows: train / validation / test',
      ({ config: { rows } }) => rows && `${rows.train} / ${rows.validation} / ${rows.test}`,
    ],
    ['epochs', ({ history }) => history.length],
    ['steps', ({ history, result }) => result?.steps ?? history.at(-1)?.steps],
    ['a step', ({ result }) => result && timeText(result.stepMilliseconds)],
    ['parameters', ({ result }) => result?.parameters],
  ];
  if (adapter === undefined) costs.push(['adapter', ({ result }) => result?.adapter]);
  print(
    'training',
    costs.map(([name, of]) => [name, ...runs.map((run) => String(of(run) ?? '–'))]),
  );
}

/** A metric of the test rows with its interval: `72.1% (69.4 to 74.9%)`. */
function measured(name: string, result: ComparedRun['result']): string {
  if (result === undefined) return '–';
  const interval = result.intervals.test[name];
  return `${shownMetric(name, result.metrics.test[name])}${interval === undefined ? '' : ` (${intervalText(name, interval)})`}`;
}

/** The object of `--json`. */
function resultOf({ runs, settings, metrics, notes }: Comparison, page: string) {
  return {
    runs: runs.map(({ run, config, schema, history, result }) => ({
      run,
      task: taskTarget(targetOf(schema)).task,
      target: targetOf(schema).column,
      isFinished: result !== undefined,
      rows: config.rows && { train: config.rows.train, validation: config.rows.validation, test: config.rows.test },
      epochs: history.length,
      ...result,
    })),
    settings: settings.map(({ name, values }) => ({ name, values: values.map((value) => value ?? null) })),
    metrics,
    notes,
    page,
  };
}
