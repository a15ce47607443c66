import { METRICS } from '../predictor/metrics.js';
import type { TrainedRun } from '../predictor/node/train-run.js';
import { counted } from '../predictor/report/numbers.js';
import type { Report } from '../predictor/report/report.js';
import { verdictOf } from '../predictor/report/verdict.js';
import type { PreparedRun } from './prepare-run.js';
import { shownMetric } from './shown-metric.js';
import { percent, type Terminal, table } from './terminal.js';

/** Prints how well a run does on its held-out rows, beside the baselines. */
export function showResult(
  terminal: Terminal,
  report: Report,
  { data, progress }: TrainedRun,
  { unplaced }: PreparedRun,
  page: string | undefined,
): void {
  const { metrics, baselines, rows, contributions } = report;
  const names = Object.keys(metrics.test);
  const of = (values: Readonly<Record<string, number>>) =>
    names.map((name) => (name in values ? shownMetric(name, values[name]) : ''));
  terminal.print('');
  terminal.print(verdictOf(report));
  terminal.print('');
  terminal.print(
    table(
      ['', ...names.map((name) => METRICS[name].title)],
      [
        [`model, ${counted(rows.test, 'test row')}`, ...of(metrics.test)],
        [`model, ${counted(rows.validation, 'validation row')}`, ...of(metrics.validation)],
        ...(baselines.linear ? [['linear model, test rows', ...of(baselines.linear)]] : []),
        [`${report.task === 'regression' ? 'mean' : 'most frequent'}, test rows`, ...of(baselines.majority)],
      ],
      names.map((_, column) => column + 1),
    ),
  );
  terminal.print('');
  const { timed } = progress;
  const waiting = timed.steps > 0 ? timed.waiting / timed.milliseconds : 0;
  terminal.print(
    `${counted(report.steps, 'step')} of ${report.stepMilliseconds.toFixed(1)} ms, of which ${percent(waiting)} waiting for rows (batch ${report.batch}, ${report.adapter})`,
  );
  terminal.print(`run: ${report.run}${page === undefined ? '' : `; read ${page}`}`);
  terminal.result({
    adapter: report.adapter,
    seed: report.seed,
    task: report.task,
    target: report.target,
    fields: report.fields.map(({ name, kind }) => ({ name, kind })),
    rows,
    rowsWithoutTarget: data.withoutTarget,
    skippedRows: data.errors.skippedRows + unplaced.skippedRows,
    metrics,
    intervals: report.intervals,
    baselines,
    ...(contributions === undefined ? {} : { contributions }),
    steps: report.steps,
    stepMilliseconds: report.stepMilliseconds,
    waitingShare: waiting,
    parameters: report.parameters,
    run: report.run,
  });
}
