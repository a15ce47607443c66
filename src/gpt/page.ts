import { type Content, html, htmlTable, isolated, type Section } from '../predictor/report/html.js';
import { htmlPage, sectionHtml } from '../predictor/report/html-page.js';
import { count, counted, digits, timeText } from '../predictor/report/numbers.js';
import {
  COLORS,
  type Draw,
  figure,
  legend,
  lineSeries,
  loadDraw,
  plotsWarning,
  valueAxis,
} from '../predictor/report/plots.js';
import { bitsPerCharacter, type GPTReport, lossesOf, verdictOf } from './report.js';

/** The sections in order; one that has nothing to show is left out. */
const SECTIONS = [lossSection, curvesSection, samplesSection, textSection, modelSection, againSection];

/** Makes the page of a report: like that of a table's run, one HTML file that loads nothing and runs no scripts. */
export async function gptPage(report: GPTReport): Promise<string> {
  const draw = await loadDraw();
  const missing = await plotsWarning();
  const sections = SECTIONS.map((make) => make(report, draw)).filter((made) => made !== undefined);
  const isWorse = report.loss.wholeValidation >= report.baselines.bigram;
  return htmlPage(
    report.run,
    html`<h1 class="${isWorse ? 'worse' : ''}">${verdictOf(report)}</h1>
<p class="muted">Run ${report.run}, ${report.date.slice(0, 16).replace('T', ' ')} UTC, on ${report.adapter}.</p>
<nav>${sections.map(({ id, title }) => html`<a href="#${id}">${title}</a> `)}</nav>
${missing && html`<p class="warnings">${missing}</p>`}
${sections.map(sectionHtml)}`,
  );
}

/** The losses beside the baselines. */
function lossSection(report: GPTReport): Section {
  return {
    id: 'loss',
    title: 'Loss beside baselines',
    content: html`${htmlTable(
      ['', 'nats a token', 'bits a character'],
      lossesOf(report).map(([name, nats]) => [name, nats.toFixed(3), bitsPerCharacter(nats, report.text).toFixed(3)]),
    )}
<p>The parameters of step ${count(report.keptStep)} are kept, whose loss on random blocks of the held-out text is the lowest. The baselines have the
frequencies of the training text: of each token, or of each token after the one before it, with one added to every count.</p>`,
  };
}

/** The losses over the steps, beside the bigrams'. */
function curvesSection({ history, baselines }: GPTReport, draw: Draw): Section | undefined {
  if (history.length === 0) return undefined;
  const last = history[history.length - 1].steps;
  const curves = [
    { name: 'training text', points: history.map(({ steps, train }): [number, number] => [steps, train]) },
    { name: 'held-out text', points: history.map(({ steps, validation }): [number, number] => [steps, validation]) },
    {
      name: 'bigrams',
      points: [
        [0, baselines.bigram],
        [last, baselines.bigram],
      ] as [number, number][],
    },
  ];
  const plot = draw({
    xAxis: valueAxis('step', { min: 0, max: last }),
    yAxis: valueAxis('nats a token', { nameGap: 36, scale: true }),
    series: curves.map(({ points }, at) => lineSeries(points, COLORS[at])),
  });
  return {
    id: 'training',
    title: 'Training',
    content: html`<div class="plots">${figure(plot, 'The loss of random blocks of each text.', { legend: legend(curves) })}</div>`,
  };
}

/** What the model wrote on the way. */
function samplesSection({ history }: GPTReport): Section | undefined {
  const written = history.filter(({ sample }) => sample !== '');
  if (written.length === 0) return undefined;
  return {
    id: 'samples',
    title: 'Samples',
    content: written.map(
      ({ steps, sample }) => html`<h3>After ${counted(steps, 'step')}</h3><pre>${isolated(sample)}</pre>\n`,
    ),
  };
}

function textSection({ text }: GPTReport): Section {
  const { files, characters, unit, vocabulary, train, validation } = text;
  return {
    id: 'text',
    title: 'Text',
    content: html`<p>${count(characters)} characters${files.length > 0 ? html` of ${isolated(files.join(', '))}` : undefined}. The
vocabulary has ${counted(vocabulary, unit)}. The first nine tenths, ${count(train)} tokens, are trained on, and the rest,
${count(validation)} tokens, is held out.</p>`,
  };
}

function modelSection({ model, training, parameters, steps, stepMilliseconds, adapter }: GPTReport): Section {
  const tokens = training.batch * training.accumulate * model.block;
  const facts: [string, Content][] = [
    ['parameters', count(parameters)],
    ['layers', count(model.layers)],
    ['heads', count(model.heads)],
    ['width', count(model.width)],
    ['block', count(model.block)],
    ['a step', timeText(stepMilliseconds)],
    ['tokens a second', digits((1000 * tokens) / stepMilliseconds)],
    ['steps', `${count(steps)} of ${count(tokens)} tokens`],
    ['all steps', timeText(steps * stepMilliseconds)],
    ['adapter', adapter],
  ];
  return {
    id: 'costs',
    title: 'Model and time',
    content: html`<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`,
  };
}

function againSection({ command, versions, seed, adapter, date, run }: GPTReport): Section {
  return {
    id: 'again',
    title: 'Run it again',
    content: html`<pre>${command}</pre>
<p>The same text, command, versions and adapter give the same model. Settings are in <code>config.json</code> of the run's folder, all that
this page shows in <code>report.json</code>.</p>
${htmlTable(
  ['', ''],
  [...Object.entries(versions), ['seed', String(seed)], ['adapter', adapter], ['ended', date], ['folder', run]],
)}`,
  };
}
