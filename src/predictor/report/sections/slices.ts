import { METRICS } from '../../metrics.js';
import type { Slice } from '../../slices.js';
import { bar, html, htmlTable, isolated, type Section } from '../html.js';
import { count, intervalText, metricText } from '../numbers.js';
import type { Report } from '../report.js';

/** The headline metric by slice. */
export function slicesSection({ slices = [], metric, metrics }: Report): Section | undefined {
  if (slices.length === 0) return undefined;
  const { title, higherIsBetter } = METRICS[metric];
  const all = metrics.test[metric];
  // Error rates may exceed 1.
  const least = METRICS[metric].isFraction ? [1] : [];
  const largest = Math.max(...least, all, ...slices.map(({ score, interval }) => interval?.[1] ?? score));
  const isWeak = ({ interval }: Slice) =>
    interval !== undefined && (higherIsBetter ? interval[1] < all : interval[0] > all);
  return {
    id: 'slices',
    title: `${title[0].toUpperCase()}${title.slice(1)} by slice`,
    content: html`<p>The mark is the ${title} on all test rows, ${metricText(metric, all)}; a dark line is a 95% interval. Slices that are clearly
worse are in bold. Numbers and lengths are divided into quarters.</p>
${htmlTable(
  ['', 'rows', title, ''],
  slices.flatMap((slice, at) => [
    ...(slice.field === slices[at - 1]?.field ? [] : [[isolated(slice.field)]]),
    [
      isWeak(slice) ? html`<strong>${isolated(slice.value)}</strong>` : isolated(slice.value),
      count(slice.rows),
      bar(slice.score / largest, {
        mark: all / largest,
        ...(slice.interval && { range: [slice.interval[0] / largest, slice.interval[1] / largest] as const }),
      }),
      html`${metricText(metric, slice.score)} <small>${slice.interval && intervalText(metric, slice.interval)}</small>`,
    ],
  ]),
)}`,
  };
}
