// @ts-check
import { make } from './elements.js';

/**
 * An answer of the API.
 * @typedef {object} Answer
 * @property {string | number | readonly string[]} prediction
 * @property {number} [probability]
 * @property {Readonly<Record<string, number>>} [probabilities]
 */

/** So many classes are shown at first, and so many on demand. */
const [FIRST, MOST] = [5, 100];

/** @param {number} value */
export const percent = (value) => `${(100 * value).toFixed(1)}%`;

/** @param {number} value */
export const rounded = (value) => String(Number(value.toPrecision(5)));

/**
 * A prediction in words.
 * @param {Answer} answer
 */
export function predictionOf({ prediction }) {
  if (typeof prediction === 'number') return rounded(prediction);
  if (typeof prediction === 'string') return prediction || '(nothing)';
  return prediction.length === 0 ? 'no tag' : prediction.join(', ');
}

/**
 * The prediction, and the probabilities as bars.
 * @param {Answer} answer
 */
export function answerElements(answer) {
  const { probabilities, prediction } = answer;
  const title = make('p', { className: 'prediction' }, [predictionOf(answer)]);
  if (probabilities === undefined) return [title];
  const chosen = Array.isArray(prediction) ? prediction : [prediction];
  const ranked = Object.entries(probabilities).sort(([, a], [, b]) => b - a);
  /** @param {typeof ranked} entries */
  const bars = (entries) =>
    make(
      'ul',
      { className: 'bars' },
      entries.map(([name, value]) =>
        make('li', { className: chosen.includes(name) ? 'chosen' : '' }, [
          make('span', {}, [name]),
          bar(0, value),
          make('span', { className: 'number' }, [percent(value)]),
        ]),
      ),
    );
  const rest = ranked.slice(FIRST, MOST);
  const more = make('details', {}, [make('summary', {}, [`${rest.length} more, of ${ranked.length}`]), bars(rest)]);
  return [title, bars(ranked.slice(0, FIRST)), ...(rest.length > 0 ? [more] : [])];
}

/**
 * A bar between two numbers within [0, 1]; the numbers stand beside it in words.
 * @param {number} from
 * @param {number} to
 * @param {string} [kind]
 */
export function bar(from, to, kind = '') {
  const filled = make('i', { className: kind });
  filled.style.left = `${100 * Math.min(from, to)}%`;
  filled.style.width = `${100 * Math.abs(to - from)}%`;
  return make('span', { className: `bar ${kind === '' ? '' : 'signed'}`, 'aria-hidden': 'true' }, [filled]);
}
