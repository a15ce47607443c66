import { PARTS } from '../../../data/schema.js';
import { bar, type Content, folded, html, htmlTable, isolated, type Section } from '../html.js';
import { count, percent } from '../numbers.js';
import type { Report } from '../report.js';

/** The number of classes shown at once. */
const CLASSES = 15;

/** The rows, how they were divided, the fields, what looks wrong, and the class balance. */
export function dataSection(report: Report): Section {
  const { rows, split, fields, warnings, balance, target } = report;
  return {
    id: 'data',
    title: 'Data and split',
    content: html`<p>${count(rows.train)} rows for training, ${count(rows.validation)} for validation, ${count(rows.test)} for the test; divided ${split}.</p>
${warnings.length > 0 ? html`<ul class="warnings">${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>` : undefined}
<h3>Fields</h3>
${htmlTable(
  ['field', 'kind', 'missing', 'learned from the training rows'],
  fields.map(({ name, kind, missing, note }) => [isolated(name), kind, percent(missing), html`${note}`]),
)}
${balance && balance.length > 0 ? html`<h3>${report.task === 'tags' ? 'Tags' : 'Classes'} of ${target}</h3>${balanceTables(balance)}` : undefined}`,
  };
}

function balanceTables(balance: NonNullable<Report['balance']>): Content {
  const all = balance.map(({ name, rows }) => ({ name, rows, sum: rows.train + rows.validation + rows.test }));
  const sorted = all.sort((a, b) => b.sum - a.sum);
  const table = (entries: typeof sorted) =>
    htmlTable(
      ['', ...PARTS, ''],
      entries.map(({ name, rows, sum }) => [
        isolated(name),
        ...PARTS.map((part) => count(rows[part])),
        bar(sum / Math.max(1, sorted[0].sum)),
      ]),
    );
  const rest = sorted.slice(CLASSES);
  return [
    table(sorted.slice(0, CLASSES)),
    rest.length > 0 ? folded(`${count(rest.length)} more, with fewer rows`, table(rest)) : undefined,
  ];
}
