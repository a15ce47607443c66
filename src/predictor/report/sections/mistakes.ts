import { html, type Section } from '../html.js';
import { percent } from '../numbers.js';
import type { Mistake, Report } from '../report.js';

/** The surest mistakes, with what the model saw. */
export function mistakesSection({ mistakes = [], task }: Report): Section | undefined {
  if (mistakes.length === 0) return undefined;
  const order = {
    classification: 'The wrong predictions with the largest probabilities.',
    regression: 'The predictions that are farthest off.',
    tags: 'The rows with the tag that is farthest off.',
    transcription: 'The transcripts with the most wrong characters.',
  }[task];
  return {
    id: 'mistakes',
    title: task === 'classification' ? 'Surest mistakes' : 'Largest errors',
    content: html`<p>${order} Look here for wrong labels and for what the model cannot see.</p>
<div class="cards">${mistakes.map(card)}</div>`,
  };
}

/** Pictures are shown only as what a thumbnail is: nothing is loaded, and no picture has scripts. */
const PICTURE = /^data:image\/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/]+=*$/;

function card({ expected, predicted, probability, place, values, images }: Mistake) {
  const pictures = images.filter(({ url }) => PICTURE.test(url));
  const shown = new Set(pictures.map(({ name }) => name));
  return html`<article class="card">
${pictures.map(({ name, url }) => html`<img src="${url}" alt="${name}">`)}
<p>predicted <span class="wrong"><bdi>${predicted}</bdi></span>${probability === undefined ? undefined : ` with ${percent(probability)}`}</p>
<p>true <span class="right"><bdi>${expected}</bdi></span></p>
<dl>${values
    .filter(({ name }) => !shown.has(name))
    .map(({ name, text }) => html`<dt><bdi>${name}</bdi></dt><dd dir="auto">${text}</dd>`)}</dl>
<small>${place}</small>
</article>
`;
}
