import { METRICS } from '../../metrics.js';
import { bar, html, htmlTable, isolated, type Section } from '../html.js';
import { counted, differenceText, metricText } from '../numbers.js';
import type { Report } from '../report.js';

/** What each field adds, by permutation. */
export function contributionsSection({ contributions, metric }: Report): Section | undefined {
  if (contributions === undefined) return undefined;
  const { rows, all, fields } = contributions;
  const { title, higherIsBetter } = METRICS[metric];
  const loss = (without: number) => (higherIsBetter ? all - without : without - all);
  const sorted = [...fields].sort((a, b) => loss(b.without) - loss(a.without));
  const largest = Math.max(all, ...fields.flatMap(({ alone, without }) => [alone, without]));
  const scored = (value: number) =>
    html`${bar(value / largest, { mark: all / largest })} <small>${metricText(metric, value)}</small>`;
  return {
    id: 'fields',
    title: 'What each field adds',
    content: html`<p>The ${title} where values are exchanged at random among the rows, so that they tell nothing:
<em>without</em>, the values of this field; <em>alone</em>, those of all others. As it is, it is ${metricText(metric, all)} (the mark), on
${counted(rows, 'row')}. The model stays the same: one that was trained on a field alone would do better than <em>alone</em> says.</p>
${htmlTable(
  ['field', 'it adds', 'without', 'alone'],
  sorted.map(({ name, alone, without }) => [
    isolated(name),
    `${loss(without) < 0 ? '−' : ''}${differenceText(metric, loss(without))}`,
    scored(without),
    scored(alone),
  ]),
)}`,
  };
}
