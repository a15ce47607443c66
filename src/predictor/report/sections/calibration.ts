import { folded, html, htmlTable, type Section } from '../html.js';
import { count, percent } from '../numbers.js';
import { COLORS, type Draw, diagonal, figure, lineSeries, valueAxis } from '../plots.js';
import type { Report } from '../report.js';

/** How far probabilities are from frequencies. */
export function calibrationSection({ calibration, task }: Report, draw: Draw): Section | undefined {
  if (calibration === undefined) return undefined;
  const { bins, error } = calibration;
  const unit = { min: 0, max: 1, interval: 0.2 };
  const largest = Math.max(...bins.map(({ rows }) => rows));
  const points = bins.map(({ confidence, accuracy }): [number, number] => [confidence, accuracy]);
  const isTags = task === 'tags';
  const plot = draw({
    xAxis: valueAxis('probability', unit),
    yAxis: valueAxis(isTags ? 'share that has the tag' : 'accuracy', { ...unit, nameGap: 32 }),
    series: [
      diagonal(0, 1),
      lineSeries(points, COLORS[0], {
        showSymbol: true,
        symbolSize: (_: unknown, { dataIndex }: { dataIndex: number }) =>
          5 + 13 * Math.sqrt(bins[dataIndex].rows / largest),
      }),
    ],
  });
  return {
    id: 'calibration',
    title: 'Calibration',
    content: html`<p>Where the model is ${isTags ? 'x% sure of a tag, x% of the rows should have it' : 'x% sure of its class, it should be right x% of the time'}.
On average it is off by ${percent(error)} (the expected calibration error).</p>
${figure(plot, `Probabilities of the test rows in tenths; dots are larger for more ${isTags ? 'tags' : 'rows'}, and below the dashed line the model is too sure.`)}
${folded(
  'The figures',
  htmlTable(
    ['probability', isTags ? 'tags' : 'rows', 'mean probability', isTags ? 'has the tag' : 'accuracy'],
    bins.map(({ from, to, rows, confidence, accuracy }) => [
      `${Math.round(100 * from)} to ${Math.round(100 * to)}%`,
      count(rows),
      percent(confidence),
      percent(accuracy),
    ]),
  ),
)}`,
  };
}
