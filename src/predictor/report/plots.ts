import type { EChartsOption } from 'echarts';
import { METRICS } from '../metrics.js';
import { Html, html } from './html.js';

/** Draws a chart as SVG; nothing where echarts is not installed. */
export type Draw = (option: EChartsOption, size?: { readonly width?: number; readonly height?: number }) => Html;

/** Charts are this wide unless they say otherwise: on a phone they are scaled little. */
export const WIDTH = 440;
const HEIGHT = 280;
const FONT = 12;

/** The colors of lines and points, which differ in a light and a dark page: see `STYLE`. */
export const COLORS = Array.from({ length: 6 }, (_, at) => `var(--color-${at + 1})`);
const INK = 'var(--ink)';
const MUTED = 'var(--muted)';
const LINE = 'var(--line)';

/** What to install for plots, or undefined where they can be drawn. */
export async function plotsWarning(): Promise<string | undefined> {
  return (await loadECharts()) === undefined
    ? 'The plots of the report are drawn by echarts, which is not installed; run: npm install echarts'
    : undefined;
}

/** Loads echarts lazily, as it is a large optional dependency. */
async function loadECharts() {
  try {
    return await import('echarts');
  } catch {
    return undefined;
  }
}

/** Makes the function that draws charts. */
export async function loadDraw(): Promise<Draw> {
  const echarts = await loadECharts();
  if (echarts === undefined) return () => html``;
  return (option, { width = WIDTH, height = HEIGHT } = {}) => {
    const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
    try {
      chart.setOption({
        animation: false,
        backgroundColor: 'transparent',
        textStyle: { fontFamily: 'inherit', fontSize: FONT, color: INK },
        grid: { left: 52, right: 16, top: 16, bottom: 44 },
        ...option,
      });
      return new Html(chart.renderToSVGString());
    } finally {
      chart.dispose();
    }
  };
}

/** A chart with a caption, which also says what it shows to those who do not see it. A wide one is scrolled. */
export function figure(
  svg: Html,
  caption: string,
  options: { readonly isWide?: boolean; readonly legend?: Html } = {},
): Html {
  if (svg.text === '') return options.legend ?? svg;
  return html`<figure class="${options.isWide ? 'wide' : ''}"><div class="plot" role="img" aria-label="${caption}">${svg}</div>
${options.legend}<figcaption>${caption}</figcaption></figure>`;
}

/** An axis of numbers. */
export const valueAxis = (name: string, options: object = {}): object => ({
  type: 'value',
  name,
  nameLocation: 'middle',
  nameGap: 28,
  nameTextStyle: { color: MUTED, fontSize: FONT },
  axisLine: { show: true, lineStyle: { color: LINE } },
  axisTick: { show: false },
  axisLabel: { color: MUTED, fontSize: FONT - 1, hideOverlap: true },
  splitLine: { lineStyle: { color: LINE } },
  ...options,
});

/** The axis of a metric. */
export function metricAxis(metric: string): object {
  const { title, isFraction } = METRICS[metric];
  const axis = valueAxis(title, { nameGap: 36, scale: true });
  const formatter = (value: number) => `${Number((100 * value).toFixed(1))}%`;
  return isFraction ? { ...axis, axisLabel: { color: MUTED, fontSize: FONT - 1, hideOverlap: true, formatter } } : axis;
}

const DASHES = ['solid', 'dashed', 'dotted'] as const;

/** The look of the line at a position: lines differ by color, and by dashes where the colors are used up. */
export const lineStyle = (at: number) => ({
  color: COLORS[at % COLORS.length],
  width: 2,
  type: DASHES[Math.floor(at / COLORS.length) % DASHES.length],
});

/** A line through points. */
export const lineSeries = (
  points: readonly (readonly [number, number])[],
  color: string,
  options: object = {},
): object => ({
  type: 'line',
  data: points,
  silent: true,
  emphasis: { disabled: true },
  showSymbol: points.length < 2,
  symbol: 'circle',
  symbolSize: 6,
  lineStyle: { color, width: 2 },
  itemStyle: { color },
  ...options,
});

/** The dashed line of y = x. */
export const diagonal = (from: number, to: number): object =>
  lineSeries(
    [
      [from, from],
      [to, to],
    ],
    MUTED,
    { lineStyle: { color: MUTED, width: 1, type: 'dashed' }, showSymbol: false },
  );

/** The meaning of the lines of a chart. */
export const legend = (entries: readonly { readonly name: string; readonly note?: string }[]): Html =>
  html`<ul class="legend">${entries.map(({ name, note }, at) => {
    const { color, type } = lineStyle(at);
    return html`<li><span style="border-top:3px ${type} ${color}"></span><bdi>${name}</bdi>${note && html` <small>${note}</small>`}</li>`;
  })}</ul>`;
