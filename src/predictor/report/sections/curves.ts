import { METRICS } from '../../metrics.js';
import { html, type Section } from '../html.js';
import { count, counted, metricText } from '../numbers.js';
import { COLORS, type Draw, figure, legend, lineSeries, metricAxis, valueAxis } from '../plots.js';
import type { Report } from '../report.js';

/** The losses and the headline metric of the validation rows over the steps. */
export function curvesSection({ curves, keptStep, metric }: Report, draw: Draw): Section | undefined {
  if (curves.length === 0) return undefined;
  const { title } = METRICS[metric];
  const pointsOf = (name: 'trainLoss' | 'validationLoss' | 'validation') =>
    curves.flatMap((point): [number, number][] => {
      const value = point[name];
      return value === undefined ? [] : [[point.step, value]];
    });
  const losses = [
    { name: 'training loss', points: pointsOf('trainLoss') },
    { name: 'validation loss', points: pointsOf('validationLoss') },
  ].filter(({ points }) => points.length > 0);
  const scores = pointsOf('validation');
  const kept = curves.find(({ step }) => step === keptStep)?.validation;
  const steps = valueAxis('step', { min: 0, max: curves[curves.length - 1].step });
  const lossPlot = draw({
    xAxis: steps,
    yAxis: valueAxis('loss', { nameGap: 36, scale: true }),
    series: losses.map(({ points }, at) => lineSeries(points, COLORS[at])),
  });
  const scorePlot =
    scores.length === 0
      ? html``
      : draw({
          xAxis: steps,
          yAxis: metricAxis(metric),
          series: [lineSeries(scores, COLORS[0]), ...(kept === undefined ? [] : [keptPoint(keptStep, kept)])],
        });
  return {
    id: 'training',
    title: 'Training',
    content: html`<p>${counted(curves.length, 'epoch')}.${
      kept === undefined
        ? undefined
        : ` The parameters of step ${count(keptStep)} are kept: ${title} ${metricText(metric, kept)} on the validation rows.`
    }</p>
<div class="plots">${figure(lossPlot, 'The mean loss of each epoch.', { legend: legend(losses) })}
${figure(scorePlot, `The ${title} on the validation rows after each epoch; the dot is what is kept.`)}</div>`,
  };
}

/** The epoch that is kept. */
const keptPoint = (step: number, validation: number): object => ({
  type: 'scatter',
  data: [[step, validation]],
  silent: true,
  symbolSize: 9,
  itemStyle: { color: COLORS[1], opacity: 1 },
});
