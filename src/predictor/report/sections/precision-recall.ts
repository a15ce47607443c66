import type { Section } from '../html.js';
import { digits } from '../numbers.js';
import { COLORS, type Draw, figure, legend, lineSeries, valueAxis } from '../plots.js';
import type { Report } from '../report.js';

/** The precision-recall curves of the most frequent classes or tags. */
export function precisionRecallSection(
  { precisionRecall = [], balance = [], task }: Report,
  draw: Draw,
): Section | undefined {
  if (precisionRecall.length === 0) return undefined;
  const what = task === 'tags' ? 'tag' : 'class';
  const unit = { min: 0, max: 1, interval: 0.2 };
  const plot = draw({
    xAxis: valueAxis('recall', unit),
    yAxis: valueAxis('precision', { ...unit, nameGap: 32 }),
    series: precisionRecall.map(({ points }, at) =>
      lineSeries(
        points.map(({ recall, precision }) => [recall, precision]),
        COLORS[at % COLORS.length],
        { step: 'start' },
      ),
    ),
  });
  const entries = precisionRecall.map(({ name, averagePrecision }) => ({
    name,
    note: `average precision ${digits(averagePrecision)}`,
  }));
  return {
    id: 'precision-recall',
    title: 'Precision and recall',
    content: figure(
      plot,
      `The precision and recall of each ${what} against all others over the thresholds of its probability, on the test rows${
        balance.length > Math.max(2, precisionRecall.length)
          ? `; of the most frequent ${task === 'tags' ? 'tags' : 'classes'}`
          : ''
      }.`,
      { legend: legend(entries) },
    ),
  };
}
