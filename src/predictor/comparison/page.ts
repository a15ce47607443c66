import { METRICS } from '../metrics.js';
import { bar, type Content, type Html, html, htmlTable, isolated, type Section } from '../report/html.js';
import { htmlPage, sectionHtml } from '../report/html-page.js';
import { count, intervalText, metricText, timeText } from '../report/numbers.js';
import {
  type Draw,
  figure,
  legend,
  lineSeries,
  lineStyle,
  loadDraw,
  metricAxis,
  plotsWarning,
  valueAxis,
} from '../report/plots.js';
import type { FinishedEpoch } from '../report/reported-run.js';
import type { ComparedRun, Comparison } from './comparison.js';

/**
 * Makes a page of runs beside each other: their metrics, curves, settings that differ and costs. Like `reportPage`, it
 * is one file that loads nothing.
 */
export async function comparisonPage(comparison: Comparison): Promise<string> {
  const draw = await loadDraw();
  const missing = await plotsWarning();
  const sections = [metricsSection, curvesSection, settingsSection, costsSection]
    .map((make) => make(comparison, draw))
    .filter((made) => made !== undefined);
  const { runs, notes } = comparison;
  const warnings = [...notes, ...(missing === undefined ? [] : [missing])];
  return htmlPage(
    `${runs.length} runs`,
    html`<h1>${runs.length} runs beside each other</h1>
<p class="muted">${runs.map(({ run }) => run).join(', ')}</p>
${warnings.length > 0 ? html`<ul class="warnings">${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>` : undefined}
${sections.map(sectionHtml)}`,
  );
}

/** The metrics of the test rows, a row for each run. */
function metricsSection({ runs, metrics }: Comparison): Section | undefined {
  const finished = runs.flatMap(({ run, result }) => (result === undefined ? [] : [{ run, ...result }]));
  if (metrics.length === 0) return undefined;
  const cell = (name: string, value: number, interval: readonly [number, number] | undefined): Content =>
    html`${METRICS[name].isFraction ? bar(value, { range: interval }) : undefined}<strong>${metricText(name, value)}</strong> <small>${
      interval && intervalText(name, interval)
    }</small>`;
  return {
    id: 'metrics',
    title: 'Metrics on test rows',
    content: html`${htmlTable(
      [
        '',
        ...metrics.map((name) => `${METRICS[name].title}${METRICS[name].higherIsBetter ? '' : ' (lower is better)'}`),
      ],
      finished.map(({ run, metrics: { test }, intervals }) => [
        isolated(run),
        ...metrics.map((name) => cell(name, test[name], intervals.test[name])),
      ]),
    )}
<p>Small figures are 95% intervals by the bootstrap, each of one run. Where they do not overlap, a difference is hardly chance; where they
do, it may be, though the same test rows tell more than the intervals show.</p>`,
  };
}

/** The curves of the runs: a metric of the validation rows, and the loss of runs of one task. */
function curvesSection({ runs, curve, isOneTask }: Comparison, draw: Draw): Section | undefined {
  const trained = runs.filter(({ history }) => history.length > 0);
  if (trained.length === 0 || (curve === undefined && !isOneTask)) return undefined;
  const last = Math.max(...trained.map(({ history }) => history[history.length - 1].steps));
  const names = legend(trained.map(({ run }) => ({ name: run })));
  const plot = (axis: object, of: (epoch: FinishedEpoch) => number | undefined): Html =>
    draw({
      xAxis: valueAxis('step', { min: 0, max: last }),
      yAxis: axis,
      series: trained.map(({ history }, at) => {
        const look = lineStyle(at);
        return lineSeries(pointsOf(history, of), look.color, { lineStyle: look });
      }),
    });
  return {
    id: 'training',
    title: 'Training',
    content: html`<div class="plots">${
      curve &&
      figure(
        plot(metricAxis(curve), ({ validation }) => validation[curve]),
        `The ${METRICS[curve].title} on the validation rows after each epoch.`,
        { legend: names },
      )
    }
${
  isOneTask
    ? figure(
        plot(valueAxis('loss', { nameGap: 36, scale: true }), ({ loss }) => loss),
        'The mean training loss of each epoch.',
        { legend: names },
      )
    : undefined
}</div>`,
  };
}

const pointsOf = (
  history: ComparedRun['history'],
  of: (epoch: FinishedEpoch) => number | undefined,
): [number, number][] =>
  history.flatMap((epoch) => {
    const value = of(epoch);
    return value === undefined ? [] : [[epoch.steps, value]];
  });

/** The settings that differ, a column for each run. */
function settingsSection({ runs, settings }: Comparison): Section {
  return {
    id: 'settings',
    title: 'Settings that differ',
    content:
      settings.length === 0
        ? html`<p>None: the runs have the same settings.</p>`
        : htmlTable(
            ['', ...runs.map(({ run }) => isolated(run))],
            settings.map(({ name, values }) => [isolated(name), ...values.map((value) => String(value ?? '–'))]),
          ),
  };
}

/** What the runs took. */
function costsSection({ runs, adapter }: Comparison): Section {
  const columns = ['training rows', 'test rows', 'epochs', 'steps', 'a step', 'parameters'];
  const counts = ({ config: { rows }, history, result }: ComparedRun) =>
    [rows?.train, rows?.test, history.length, result?.steps ?? history.at(-1)?.steps].map((value) =>
      value === undefined ? '–' : count(value),
    );
  return {
    id: 'costs',
    title: 'Rows, steps and time',
    content: html`${adapter && html`<p>On ${adapter}.</p>`}
${htmlTable(
  ['', ...columns, ...(adapter === undefined ? ['adapter'] : [])],
  runs.map((run) => [
    isolated(run.run),
    ...counts(run),
    run.result === undefined ? '–' : timeText(run.result.stepMilliseconds),
    run.result === undefined ? '–' : count(run.result.parameters),
    ...(adapter === undefined ? [run.result?.adapter ?? '–'] : []),
  ]),
)}`,
  };
}
