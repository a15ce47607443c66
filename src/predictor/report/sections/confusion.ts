import type { ClassScore } from '../../metrics/classification.js';
import { type Content, folded, html, htmlTable, isolated, type Section, shorten } from '../html.js';
import { count, percent } from '../numbers.js';
import { type Draw, figure } from '../plots.js';
import type { Report } from '../report.js';

/** The maximum number of classes of a matrix that is as wide as other plots and shows its counts. */
const FEW = 12;
const PAIRS = 10;
/** The largest width of the names beside and below the matrix. */
const NAMES = 104;
const FEW_SIZE = 440;
const CELL = 14;

/** The confusion matrix, the classes that are most often confused, and the scores of each class. */
export function confusionSection({ confusion }: Report, draw: Draw): Section | undefined {
  if (confusion === undefined) return undefined;
  const { counts, classes } = confusion;
  const isFew = classes.length <= FEW;
  const pairs = confusedPairs(confusion);
  const scores = scoreTable(classes);
  return {
    id: 'confusion',
    title: 'Confusion',
    content: html`<div class="plots">${figure(
      matrix(counts, classes, draw),
      `Rows: the class of the test rows; columns: the predicted class. The stronger the color, the larger the share of the row.`,
      { isWide: !isFew },
    )}<div>${pairs.length > 0 ? html`<h3>Most often confused</h3>${htmlTable(['class', 'predicted as', 'rows', 'of the class'], pairs)}` : undefined}</div></div>
${isFew ? html`<h3>Scores of each class</h3>${scores}` : folded(`Scores of each of the ${count(classes.length)} classes`, scores)}`,
  };
}

function confusedPairs({ counts, classes }: NonNullable<Report['confusion']>): Content[][] {
  return counts
    .flatMap((row, target) =>
      row.flatMap((rows, predicted) => (rows > 0 && predicted !== target ? [{ target, predicted, rows }] : [])),
    )
    .sort((a, b) => b.rows - a.rows)
    .slice(0, PAIRS)
    .map(({ target, predicted, rows }) => [
      isolated(classes[target].name),
      isolated(classes[predicted].name),
      count(rows),
      percent(rows / classes[target].rows),
    ]);
}

const scoreTable = (classes: readonly ClassScore[]): Content =>
  htmlTable(
    ['class', 'rows', 'precision', 'recall', 'F1'],
    classes.map(({ name, rows, precision, recall, f1 }) => [
      isolated(name),
      count(rows),
      ...[precision, recall, f1].map(percent),
    ]),
  );

function matrix(counts: readonly (readonly number[])[], classes: readonly ClassScore[], draw: Draw) {
  const isFew = classes.length <= FEW;
  const names = classes.map(({ name }) => shorten(name, 16));
  const margin = Math.min(NAMES, 14 + Math.max(...names.map(widthOf)));
  const side = isFew ? FEW_SIZE - margin - 4 : Math.max(CELL * classes.length, FEW_SIZE);
  const cell = side / classes.length;
  const axis = {
    type: 'category',
    data: names.map((_, at) => at),
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { show: false },
    axisLabel: {
      interval: 0,
      color: 'var(--ink)',
      fontSize: isFew ? 11 : 10,
      width: margin - 8,
      overflow: 'truncate',
      formatter: (_: string, at: number) => names[at],
    },
  };
  const data = counts.flatMap((row, target) =>
    row.flatMap((rows, predicted) => {
      if (rows === 0) return [];
      const share = rows / classes[target].rows;
      return [
        {
          value: [predicted, target],
          itemStyle: {
            color: `color-mix(in srgb, var(--accent) ${Math.round(8 + 92 * share)}%, var(--ground))`,
            opacity: 1,
          },
          label: { formatter: count(rows), color: share > 0.5 ? 'var(--on-accent)' : 'var(--ink)' },
        },
      ];
    }),
  );
  return draw(
    {
      grid: { left: margin, top: 4, width: side, height: side, show: true, borderColor: 'var(--line)' },
      xAxis: { ...axis, axisLabel: { ...axis.axisLabel, rotate: 90 } } as object,
      yAxis: { ...axis, inverse: true } as object,
      series: [
        {
          type: 'scatter',
          symbol: 'rect',
          symbolSize: [cell - 1, cell - 1],
          silent: true,
          label: { show: isFew, fontSize: 11 },
          data,
        },
      ] as object[],
    },
    { width: side + margin + 4, height: side + margin + 8 },
  );
}

/** About how many pixels a name takes; letters of many scripts are twice as wide. */
const widthOf = (name: string): number =>
  Array.from(name).reduce((width, letter) => width + ((letter.codePointAt(0) ?? 0) < 0x1100 ? 6.5 : 12), 0);
