import { byGain, type Contribution, gainOf } from '../../contributions.js';
import { METRICS } from '../../metrics.js';
import { bar, folded, html, htmlTable, isolated, type Section } from '../html.js';
import { counted, differenceText, metricText } from '../numbers.js';
import type { Report } from '../report.js';

/** The number of fields shown at once. */
const FIELDS = 20;

/** The section on the contribution of each field, by permutation. */
export function contributionsSection({ contributions, metric }: Report): Section | undefined {
  if (contributions === undefined) return undefined;
  const { rows, all, fields } = contributions;
  const { title } = METRICS[metric];
  const largest = Math.max(all, ...fields.flatMap(({ alone, without }) => [alone, without]));
  const scored = (value: number) =>
    html`${bar(value / largest, { mark: all / largest })} <small>${metricText(metric, value)}</small>`;
  const gained = (gain: number) => `${gain < 0 ? '−' : ''}${differenceText(metric, gain)}`;
  const table = (shown: readonly Contribution[]) =>
    htmlTable(
      ['field', 'it adds', 'without', 'alone'],
      shown.map((field) => [
        isolated(field.name),
        gained(gainOf(contributions, field, metric)),
        scored(field.without),
        scored(field.alone),
      ]),
    );
  const sorted = byGain(contributions, metric);
  const rest = sorted.slice(FIELDS);
  return {
    id: 'fields',
    title: 'What each field adds',
    content: html`<p>The ${title} where values are exchanged at random among the rows, so that they tell nothing:
<em>without</em>, the values of this field; <em>alone</em>, those of all others. As it is, it is ${metricText(metric, all)} (the mark), on
${counted(rows, 'row')}. The model stays the same: one that was trained on a field alone would do better than <em>alone</em> says.</p>
${table(sorted.slice(0, FIELDS))}
${rest.length > 0 ? folded(`${counted(rest.length, 'field')} that add less`, table(rest)) : undefined}`,
  };
}
