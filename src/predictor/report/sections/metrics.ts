import { METRICS, type Metrics, type TaskName } from '../../metrics.js';
import { type Content, html, htmlTable, type Section } from '../html.js';
import { count, differenceText, intervalText, metricText } from '../numbers.js';
import type { Report } from '../report.js';

/** The metrics of the model and the baselines. */
export function metricsSection(report: Report): Section {
  const { metrics, intervals, baselines, advantages, metric, task, rows } = report;
  const value = (of: Metrics, name: string) => (of[name] === undefined ? '–' : metricText(name, of[name]));
  const measured = (part: 'validation' | 'test', name: string): Content => {
    const interval = intervals[part][name];
    return html`<strong>${value(metrics[part], name)}</strong> <small>${interval && intervalText(name, interval)}</small>`;
  };
  const [constant, what] = CONSTANTS[task];
  const { title } = METRICS[metric];
  const { linear } = baselines;
  const gain = advantages.linear ?? advantages.majority;
  const range = gain.interval?.map((bound) => signed(metric, bound)).join(' to ');
  return {
    id: 'metrics',
    title: 'Metrics',
    content: html`${htmlTable(
      ['', 'model, test', ...(linear ? ['linear'] : []), constant, 'model, validation'],
      Object.keys(metrics.test).map((name) => [
        `${METRICS[name].title}${METRICS[name].higherIsBetter ? '' : ' (lower is better)'}`,
        measured('test', name),
        ...(linear ? [value(linear, name)] : []),
        value(baselines.majority, name),
        measured('validation', name),
      ]),
    )}
<p>Small figures are 95% intervals by the bootstrap. ${title[0].toUpperCase()}${title.slice(1)} decides: the gain over ${linear ? 'the linear model' : `the ${constant}`} is
${signed(metric, gain.value)}${range && ` (${range})`}, on the same ${count(rows.test)} rows.</p>
<p class="muted">Baselines, on the test rows: ${
      linear &&
      html`<em>linear</em> is a linear model of bags of words, 8 x 8 thumbnails, numbers and categories, trained on the
same rows; `
    }<em>${constant}</em> predicts ${what}, whatever the row.</p>`,
  };
}

/** The baseline that uses no field, and what it predicts. */
const CONSTANTS: Readonly<Record<TaskName, readonly [string, string]>> = {
  classification: ['majority', 'the frequencies among the training rows'],
  tags: ['majority', 'the frequencies among the training rows'],
  regression: ['mean', 'the mean of the training rows'],
  transcription: ['majority', 'the most frequent transcript of the training rows'],
};

const signed = (metric: string, value: number): string => `${value < 0 ? '−' : '+'}${differenceText(metric, value)}`;
