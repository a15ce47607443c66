import { html } from './html.js';
import { htmlPage, sectionHtml } from './html-page.js';
import { loadDraw, plotsWarning } from './plots.js';
import type { Report } from './report.js';
import { calibrationSection } from './sections/calibration.js';
import { confusionSection } from './sections/confusion.js';
import { contributionsSection } from './sections/contributions.js';
import { curvesSection } from './sections/curves.js';
import { dataSection } from './sections/data.js';
import { metricsSection } from './sections/metrics.js';
import { mistakesSection } from './sections/mistakes.js';
import { precisionRecallSection } from './sections/precision-recall.js';
import { againSection, costsSection } from './sections/run.js';
import { scatterSection } from './sections/scatter.js';
import { slicesSection } from './sections/slices.js';
import { outcome, verdictOf } from './verdict.js';

/** The sections in order; one that has nothing to show is left out. */
const SECTIONS = [
  dataSection,
  contributionsSection,
  curvesSection,
  metricsSection,
  confusionSection,
  precisionRecallSection,
  calibrationSection,
  scatterSection,
  mistakesSection,
  slicesSection,
  costsSection,
  againSection,
];

/**
 * Makes the page of a report: one HTML file with its style and plots inside, which loads nothing and runs no scripts.
 * It is light or dark as the reader's system is. Plots are drawn by echarts; without that package the page says so in
 * their place.
 */
export async function reportPage(report: Report): Promise<string> {
  const draw = await loadDraw();
  const missing = await plotsWarning();
  const sections = SECTIONS.map((make) => make(report, draw)).filter((made) => made !== undefined);
  return htmlPage(
    `${report.run}: ${report.target}`,
    html`<h1 class="${outcome(report.advantages.linear ?? report.advantages.majority)}">${verdictOf(report)}</h1>
<p class="muted">Run ${report.run}, ${report.date.slice(0, 16).replace('T', ' ')} UTC, on ${report.adapter}.</p>
<nav>${sections.map(({ id, title }) => html`<a href="#${id}">${title}</a> `)}</nav>
${missing && html`<p class="warnings">${missing}</p>`}
${sections.map(sectionHtml)}`,
  );
}
