import { type Content, html, htmlTable, type Section } from '../html.js';
import { bytesText, count, digits, timeText } from '../numbers.js';
import type { Report } from '../report.js';

/** The section on the cost of the training. */
export function costsSection({ steps, stepMilliseconds, batch, parameters, deviceBytes, adapter }: Report): Section {
  const facts: [string, Content][] = [
    ['a step', timeText(stepMilliseconds)],
    ['rows a second', digits((1000 * batch) / stepMilliseconds)],
    ['steps', `${count(steps)} of ${count(batch)} rows`],
    ['all steps', timeText(steps * stepMilliseconds)],
    ['parameters', count(parameters)],
    ...(deviceBytes === undefined ? [] : ([['device memory', bytesText(deviceBytes)]] as [string, Content][])),
    ['adapter', adapter],
  ];
  return {
    id: 'costs',
    title: 'Time, memory and parameters',
    content: html`<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`,
  };
}

/** How to run it again. */
export function againSection({ command, versions, seed, adapter, date, run }: Report): Section {
  return {
    id: 'again',
    title: 'Run it again',
    content: html`<pre>${command}</pre>
<p>The same table, command, versions and adapter give the same model. Settings are in <code>config.json</code> and
<code>schema.json</code> of the run's folder, all that this page shows in <code>report.json</code>.</p>
${htmlTable(
  ['', ''],
  [...Object.entries(versions), ['seed', String(seed)], ['adapter', adapter], ['ended', date], ['folder', run]],
)}`,
  };
}
