import type { Section } from '../html.js';
import { count } from '../numbers.js';
import { COLORS, type Draw, diagonal, figure, valueAxis } from '../plots.js';
import type { Report } from '../report.js';

/** The predicted numbers over the true ones. */
export function scatterSection({ scatter = [], target, rows }: Report, draw: Draw): Section | undefined {
  if (scatter.length === 0) return undefined;
  const all = scatter.flat();
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const margin = (high - low || Math.abs(high) || 1) * 0.03;
  const bounds = { min: low - margin, max: high + margin };
  const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });
  // The bounds are not round numbers, and not labeled.
  const axisLabel = {
    color: 'var(--muted)',
    fontSize: 11,
    hideOverlap: true,
    showMinLabel: false,
    showMaxLabel: false,
    formatter: (value: number) => compact.format(value),
  };
  const plot = draw(
    {
      grid: { left: 60, right: 16, top: 16, bottom: 44 },
      xAxis: valueAxis('true', { ...bounds, axisLabel }),
      yAxis: valueAxis('predicted', { ...bounds, axisLabel, nameGap: 44 }),
      series: [
        diagonal(bounds.min, bounds.max),
        { type: 'scatter', data: scatter, silent: true, symbolSize: 5, itemStyle: { color: COLORS[0], opacity: 0.5 } },
      ] as object[],
    },
    { height: 360 },
  );
  const some = scatter.length < rows.test ? `${count(scatter.length)} of the` : 'the';
  return {
    id: 'scatter',
    title: 'Predicted and true values',
    content: figure(
      plot,
      `${target}: predicted over true values of ${some} ${count(rows.test)} test rows; the dashed line is where they are equal.`,
    ),
  };
}
