// @ts-check
import { bar, percent, predictionOf, rounded } from './answer.js';
import { make } from './elements.js';

/** @typedef {import('./controls.js').Field} Field */
/** @typedef {import('./answer.js').Answer} Answer */

/**
 * The effect of a field, as `POST /api/explain` gives it.
 * @typedef {object} FieldEffect
 * @property {string} column
 * @property {number} effect
 * @property {Answer} without
 * @property {readonly { readonly begin: number, readonly end: number, readonly effect: number }[]} [words]
 * @property {{ readonly rows: number, readonly columns: number, readonly effects: readonly number[] }} [cells]
 * @property {{ readonly seconds: number, readonly effects: readonly number[] }} [parts]
 */

/**
 * @typedef {object} Explanation
 * @property {Answer} answer
 * @property {string} [of]
 * @property {readonly FieldEffect[]} fields
 */

/**
 * Which fields decided, and which of their parts.
 * @param {Explanation} explanation
 * @param {readonly Field[]} fields
 * @param {(column: string) => readonly (string | File)[]} cellOf what was sent
 */
export function explanationElements({ answer, of, fields: effects }, fields, cellOf) {
  if (effects.length === 0) return [];
  const isNumber = of === undefined;
  const isTranscript = !isNumber && answer.probabilities === undefined;
  const probability = `the probability of ${of}${isTranscript ? ' per symbol' : ''}`;
  /** @param {number} effect */
  const shown = (effect) => {
    const size = isNumber ? rounded(Math.abs(effect)) : (100 * Math.abs(effect)).toFixed(1);
    return `${Number(size) === 0 ? '' : effect < 0 ? '−' : '+'}${size}`;
  };
  const largest = Math.max(...effects.map(({ effect }) => Math.abs(effect)), 1e-9);
  const scale = isNumber ? largest : 1;
  const ranked = [...effects].sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
  const rows = ranked.map(({ column, effect, without }) =>
    make('li', {}, [
      make('div', { className: 'row' }, [
        make('strong', {}, [column]),
        bar(0.5, 0.5 + effect / scale / 2, effect < 0 ? 'against' : 'for'),
        make('span', { className: 'number' }, [shown(effect)]),
      ]),
      make('small', {}, [`without it: ${inWords(without)}`]),
    ]),
  );
  const parts = effects.flatMap((effect) => {
    const field = fields.find(({ column }) => column === effect.column);
    return field === undefined ? [] : partElements(effect, field, cellOf(effect.column)[0], shown);
  });
  const what = isNumber ? 'the prediction' : `${probability}, in percentage points,`;
  return [
    make('h3', {}, ['Which field decided']),
    make('p', { className: 'muted' }, [`How much ${what} falls when a field is absent.`]),
    make('ul', { className: 'effects' }, rows),
    ...parts,
    ...(parts.length > 0 ? [legend(isNumber ? 'the prediction' : String(of))] : []),
    howElement(isNumber ? 'the prediction' : probability),
  ];
}

/** @param {Answer} answer */
const inWords = (answer) =>
  answer.probability === undefined ? predictionOf(answer) : `${predictionOf(answer)}, ${percent(answer.probability)}`;

/**
 * @param {FieldEffect} effect
 * @param {Field} field
 * @param {string | File | undefined} cell
 * @param {(effect: number) => string} shown
 * @returns {HTMLElement[]}
 */
function partElements({ column, words, cells, parts }, field, cell, shown) {
  const [title, content] =
    words !== undefined && typeof cell === 'string'
      ? [`Words of ${column}`, wordsElement(cell, words, shown)]
      : cells !== undefined && cell instanceof File
        ? [`Regions of ${column}`, pictureElement(cell, field, cells, shown)]
        : parts !== undefined
          ? [`Seconds of ${column}`, soundElement(parts, shown)]
          : [];
  return title === undefined || content === undefined ? [] : [make('h4', {}, [title]), content];
}

/** @param {string} of */
const legend = (of) =>
  make('p', { className: 'muted legend' }, [
    make('span', { 'aria-hidden': 'true' }),
    `blue: speaks for ${of}`,
    make('span', { className: 'against', 'aria-hidden': 'true' }),
    'orange: speaks against it; the stronger, the more',
  ]);

/** @param {string} s */
const howElement = (s) =>
  make('details', {}, [
    make('summary', {}, ['How this is computed']),
    make('p', { className: 'formula' }, ['effect = s(row) − s(row without it)']),
    make('p', { className: 'muted' }, [
      `s is ${s}. Each field is left out as absent, one at a time, and the row is predicted again. So are its parts (occlusion): each of the first 64 words is taken out; a square of 2 × 2 of the 8 × 8 regions of a picture takes the mean color of the training pictures, and the effect of a region is the mean of those of the squares that cover it; two neighbors of 16 parts of a sound become silent, likewise. Fields or parts that say the same have small effects, as each makes up for the other.`,
    ]),
  ]);

/**
 * A color that is the stronger, the larger the effect is beside the largest.
 * @param {number} effect
 * @param {number} largest
 */
function colorOf(effect, largest) {
  const color = getComputedStyle(document.documentElement).getPropertyValue(effect < 0 ? '--against' : '--for');
  return `rgb(${color} / ${(0.6 * Math.abs(effect)) / largest})`;
}

/** Smaller effects have a faint color, even if there is no larger one: a tenth of a percentage point. */
const LEAST = 0.001;

/** @param {readonly number[]} effects */
const largestOf = (effects) => Math.max(...effects.map(Math.abs), LEAST);

/**
 * The index of the strongest effect.
 * @param {readonly number[]} effects
 */
const strongestOf = (effects) => effects.indexOf(effects.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a)));

/**
 * @param {string} text
 * @param {NonNullable<FieldEffect['words']>} words
 * @param {(effect: number) => string} shown
 */
function wordsElement(text, words, shown) {
  const largest = largestOf(words.map(({ effect }) => effect));
  /** @type {(Node | string)[]} */
  const content = [];
  let at = 0;
  for (const { begin, end, effect } of words) {
    const mark = make('mark', { title: shown(effect) }, [text.slice(begin, end)]);
    mark.style.background = colorOf(effect, largest);
    content.push(text.slice(at, begin), mark);
    at = end;
  }
  const strongest = [...words].sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect)).slice(0, 3);
  const list = strongest.map(({ begin, end, effect }) => `${text.slice(begin, end)} ${shown(effect)}`).join(', ');
  return make('div', {}, [
    make('p', { className: 'words' }, [...content, text.slice(at)]),
    make('p', { className: 'muted' }, [list === '' ? 'It has no words.' : `The strongest: ${list}`]),
  ]);
}

/**
 * @param {File} file
 * @param {Field} field
 * @param {NonNullable<FieldEffect['cells']>} cells
 * @param {(effect: number) => string} shown
 */
function pictureElement(file, { height = 1, width = 1, fit = 'contain' }, { rows, columns, effects }, shown) {
  const best = strongestOf(effects);
  const place = `row ${Math.floor(best / columns) + 1} and column ${(best % columns) + 1} of ${rows} × ${columns}`;
  const words = `The strongest: ${shown(effects[best])} in ${place}`;
  const canvas = make('canvas', { className: 'picture', role: 'img', 'aria-label': words });
  canvas.width = 560;
  canvas.height = Math.round((560 * height) / width);
  const context = canvas.getContext('2d');
  const image = new Image();
  image.addEventListener('load', () => {
    URL.revokeObjectURL(image.src);
    if (context === null) return;
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    // As the model sees it: within the frame, or covering it.
    const [x, y] = [canvas.width / image.naturalWidth, canvas.height / image.naturalHeight];
    const zoom = fit === 'contain' ? Math.min(x, y) : Math.max(x, y);
    const [w, h] = [zoom * image.naturalWidth, zoom * image.naturalHeight];
    context.filter = 'grayscale(0.6)';
    context.drawImage(image, (canvas.width - w) / 2, (canvas.height - h) / 2, w, h);
    context.filter = 'none';
    const largest = largestOf(effects);
    const [cellWidth, cellHeight] = [canvas.width / columns, canvas.height / rows];
    for (const [at, effect] of effects.entries()) {
      context.fillStyle = colorOf(effect, largest);
      const [left, top] = [(at % columns) * cellWidth, Math.floor(at / columns) * cellHeight];
      context.fillRect(left, top, cellWidth, cellHeight);
    }
  });
  image.src = URL.createObjectURL(file);
  return make('div', {}, [canvas, make('p', { className: 'muted' }, [words])]);
}

/**
 * @param {NonNullable<FieldEffect['parts']>} parts
 * @param {(effect: number) => string} shown
 */
function soundElement({ seconds, effects }, shown) {
  const best = strongestOf(effects);
  const [from, to] = [best, best + 1].map((at) => ((seconds * at) / effects.length).toFixed(2));
  const words = `The strongest: ${shown(effects[best])} from second ${from} to ${to} of ${seconds.toFixed(2)}`;
  const canvas = make('canvas', { className: 'sound', role: 'img', 'aria-label': words });
  [canvas.width, canvas.height] = [960, 176];
  const context = canvas.getContext('2d');
  const largest = largestOf(effects);
  if (context !== null)
    for (const [at, effect] of effects.entries()) {
      const height = (canvas.height / 2 - 6) * (Math.abs(effect) / largest);
      context.fillStyle = colorOf(Math.sign(effect), 0.6);
      const width = canvas.width / effects.length;
      const middle = canvas.height / 2;
      context.fillRect(at * width + 2, effect < 0 ? middle : middle - height, width - 4, Math.max(2, height));
    }
  return make('div', {}, [canvas, make('p', { className: 'muted' }, [words])]);
}
