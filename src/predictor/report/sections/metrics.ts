import { METRICS, type Metrics } from '../../metrics.js';
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
  const [constant, what] =
    task === 'regression'
      ? ['mean', 'the mean of the training rows']
      : ['majority', 'the frequencies among the training rows'];
  const { title } = METRICS[metric];
  const gain = advantages.linear;
  const range = gain.interval?.map((bound) => signed(metric, bound)).join(' to ');
  return {
    id: 'metrics',
    title: 'Metrics',
    content: html`${htmlTable(
      ['', 'model, test', 'linear', constant, 'model, validation'],
      Object.keys(metrics.test).map((name) => [
        `${METRICS[name].title}${METRICS[name].higherIsBetter ? '' : ' (lower is better)'}`,
        measured('test', name),
        value(baselines.linear, name),
        value(baselines.majority, name),
        measured('validation', name),
      ]),
    )}
<p>Small figures are 95% intervals by the bootstrap. ${title[0].toUpperCase()}${title.slice(1)} decides: the gain over the linear model is
${signed(metric, gain.value)}${range && ` (${range})`}, on the same ${count(rows.test)} rows.</p>
<p class="muted">Baselines, on the test rows: <em>linear</em> is a linear model of bags of words, 8 x 8 thumbnails, numbers and categories, trained on the
same rows; <em>${constant}</em> predicts ${what}, whatever the row.</p>`,
  };
}

const signed = (metric: string, value: number): string => `${value < 0 ? '−' : '+'}${differenceText(metric, value)}`;
