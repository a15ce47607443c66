import { type EChartsOption, init } from 'echarts';
import sharp from 'sharp';
import { writeFileAtomically } from '../../src/data/node/index.js';
import type { Roofs } from '../../src/kernels/index.js';
import type { KernelRow } from '../run-case.js';
import { byCase, digits } from './tables.js';

const WIDTH = 900;
const BAR = 24; // pixels of a rung
const FONT = 'sans-serif';
const COLORS = ['#c7d3e3', '#9fb8d9', '#7499c9', '#4d7bb5', '#2f5f9c', '#1d4578'];
const FAMILY_COLORS = [
  ...['#1f77b4', '#ff7f0e', '#2ca02c', '#d62728', '#9467bd', '#8c564b'],
  ...['#e377c2', '#7f7f7f', '#bcbd22', '#17becf', '#222222'],
];
const INK = '#222';

/** An SVG of a chart. */
function draw(option: EChartsOption, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    textStyle: { fontFamily: FONT, color: INK },
    ...option,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** Writes a plot as SVG, and as PNG with twice the pixels. */
export async function writePlot(stem: string, svg: string): Promise<void> {
  await writeFileAtomically(`${stem}.svg`, svg);
  await writeFileAtomically(`${stem}.png`, await sharp(Buffer.from(svg), { density: 144 }).png().toBuffer());
}

const heading = (text: string, subtext: string): EChartsOption['title'] => ({
  text,
  subtext,
  left: 12,
  top: 8,
  textStyle: { fontSize: 17, color: INK },
  subtextStyle: { fontSize: 12, color: '#555' },
});

/** Which adapter it was, and that it is software where it is. */
export const describeAdapter = (adapter: string, software: boolean): string =>
  software ? `${adapter.replace(/, software$/, '')} - a software adapter: the CPU does the work` : adapter;

/**
 * The ladders of a family: for each case a bar a rung, as long as it is faster than the first. Cases with one rung have
 * no ladder; without any other there is no plot.
 */
export function ladderPlot(family: string, rows: readonly KernelRow[], software: boolean): string | undefined {
  const cases = [...byCase(rows)].filter(([, rungs]) => rungs.length > 1);
  if (cases.length === 0) return undefined;
  const top = 70;
  const gap = 46;
  const tops = cases.map((_, at) =>
    cases.slice(0, at).reduce((sum, [, rungs]) => sum + rungs.length * BAR + gap, top + 24),
  );
  const height = tops[tops.length - 1] + cases[cases.length - 1][1].length * BAR + 16;
  const gains = (rungs: readonly KernelRow[]) => rungs.map((row) => rungs[0].milliseconds / row.milliseconds);
  const option: EChartsOption = {
    title: [
      heading(
        `${family}: how much faster each rung is than the first`,
        describeAdapter(rows[0].adapter, software),
      ) as object,
      ...cases.map(([name], at) => ({
        text: name,
        left: 12,
        top: tops[at] - 22,
        textStyle: { fontSize: 13, color: INK },
      })),
    ],
    grid: cases.map(([, rungs], at) => ({ left: 210, right: 250, top: tops[at], height: rungs.length * BAR })),
    xAxis: cases.map(([, rungs], at) => ({
      type: 'value',
      gridIndex: at,
      min: 0,
      max: Math.max(...gains(rungs)),
      show: false,
    })),
    yAxis: cases.map(([, rungs], at) => ({
      type: 'category',
      gridIndex: at,
      inverse: true,
      data: rungs.map(({ engine }) => engine),
      axisTick: { show: false },
      axisLabel: { fontSize: 12, color: INK, width: 190, overflow: 'truncate' },
    })),
    series: cases.map(([, rungs], at) => ({
      type: 'bar',
      xAxisIndex: at,
      yAxisIndex: at,
      barWidth: BAR - 8,
      data: gains(rungs).map((value, rung) => ({
        value,
        itemStyle: { color: COLORS[Math.min(rung, COLORS.length - 1)] },
        label: {
          show: true,
          position: 'right',
          fontSize: 12,
          color: INK,
          formatter: `x ${value.toFixed(2)}   ${digits(rungs[rung].milliseconds)} ms   ${(100 * rungs[rung].roof).toFixed(0)}% of the roof`,
        },
      })),
    })),
  };
  return draw(option, height);
}

/** What a case computes, without its shape: `conv2d input gradient`. */
const workOf = ({ case: name }: KernelRow): string => name.replace(/(\s\d|\s?\().*$/, '');

/** The fastest rung of the largest case of each work. */
function representatives(rows: readonly KernelRow[]): KernelRow[] {
  const largest = new Map<string, KernelRow>();
  for (const row of fastest(rows)) {
    const operations = ({ gflops, milliseconds }: KernelRow) => gflops * milliseconds;
    const known = largest.get(workOf(row));
    if (known === undefined || operations(row) > operations(known)) largest.set(workOf(row), row);
  }
  return [...largest.values()];
}

/** The fastest rung of every case. */
const fastest = (rows: readonly KernelRow[]): KernelRow[] =>
  [...byCase(rows).values()].map((rungs) =>
    rungs.reduce((best, row) => (row.milliseconds < best.milliseconds ? row : best)),
  );

/**
 * The roofline (Williams, Waterman and Patterson 2009): operations a second over operations a byte, both logarithmic.
 * Work that only moves bytes is left out; where nothing else was timed, there is no plot.
 */
export function rooflinePlot(
  families: ReadonlyMap<string, readonly KernelRow[]>,
  roofs: Roofs,
  software: boolean,
): string | undefined {
  const [peak, bandwidth] = [roofs.flops / 1e9, roofs.bytes / 1e9];
  const points = [...families].flatMap(([family, rows]) =>
    representatives(rows)
      .filter(({ gflops }) => gflops > 0)
      .map((row) => ({ family, ...row })),
  );
  if (points.length === 0) return undefined;
  const all = points.map(({ intensity }) => intensity);
  const decade = (value: number, round: (one: number) => number) => 10 ** round(Math.log10(value));
  const [left, right] = [
    decade(Math.min(...all, peak / bandwidth), Math.floor),
    decade(Math.max(...all, (10 * peak) / bandwidth), Math.ceil),
  ];
  const lowest = decade(Math.min(...points.map(({ gflops }) => gflops)), Math.floor);
  const height = Math.max(560, 130 + 18 * points.length);
  const { f16Flops } = roofs;
  const half = f16Flops === undefined ? undefined : f16Flops / 1e9;
  const roof = (top: number) => [left, top / bandwidth, right].map((x) => [x, Math.min(top, bandwidth * x)]);
  const lines = [
    ...(half === undefined ? [] : [{ type: 'dashed', width: 1, data: roof(half) }]),
    { type: 'solid', width: 2, data: roof(peak) },
  ] as const;
  const dashed = half === undefined ? '' : `; dashed, f16: ${digits(half)} GFLOP/s`;
  const legend = `solid, f32: ${digits(peak)} GFLOP/s or ${digits(bandwidth)} GB/s${dashed}`;
  const axis = {
    type: 'log',
    splitLine: { lineStyle: { color: '#eee' } },
    nameTextStyle: { fontSize: 12, color: INK },
  };
  const plotRight = 330;
  const option: EChartsOption = {
    title: heading(
      'Roofline: the fastest kernel of each work, at its largest size',
      `${describeAdapter(points[0].adapter, software)}\n${legend}`,
    ),
    grid: { left: 70, right: plotRight, top: 96, bottom: 56 },
    xAxis: { ...axis, min: left, max: right, name: 'operations a byte', nameLocation: 'middle', nameGap: 28 } as object,
    yAxis: {
      ...axis,
      min: lowest,
      max: decade(Math.max(peak, half ?? 0), Math.ceil),
      name: 'GFLOP/s',
      nameLocation: 'middle',
      nameGap: 46,
    } as object,
    series: [
      ...lines.map(({ type, width, data }) => ({
        type: 'line',
        data,
        symbol: 'none',
        silent: true,
        lineStyle: { color: INK, width, type },
      })),
      ...[...families.keys()].map((family, at) => ({
        type: 'scatter',
        name: family,
        itemStyle: { color: FAMILY_COLORS[at % FAMILY_COLORS.length] },
        symbolSize: 9,
        clip: false,
        data: points
          .filter((point) => point.family === family)
          .map((point) => ({ name: point.case, value: [point.intensity, point.gflops] })),
        label: {
          show: true,
          formatter: '{b}',
          position: 'right',
          fontSize: 11,
          color: INK,
          width: plotRight - 30,
          overflow: 'truncate',
        },
        labelLayout: { x: WIDTH - plotRight + 22, align: 'left', verticalAlign: 'middle', moveOverlap: 'shiftY' },
        labelLine: { show: true, length2: 4, lineStyle: { color: '#bbb', width: 0.8 } },
      })),
    ] as EChartsOption['series'],
  };
  return draw(option, height);
}
