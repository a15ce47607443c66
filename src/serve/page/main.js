// @ts-check
import { answerElements } from './answer.js';
import { controlOf } from './controls.js';
import { find } from './elements.js';
import { explanationElements } from './explanation.js';

/** @typedef {{ readonly error: string, readonly column?: string }} Refusal */

const form = /** @type {HTMLFormElement} */ (find('form'));

/**
 * Asks the API. @throws Refusal as an error's cause.
 * @param {string} path
 * @param {RequestInit} [request]
 */
async function ask(path, request) {
  const response = await fetch(path, request).catch((error) => {
    if (error.name === 'AbortError') throw error;
    throw new Error('the server does not answer; is it still running?');
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error, { cause: answer });
  return answer;
}

async function begin() {
  const { name, target, fields } = await ask('/api/schema');
  document.title = `${target.column} · ${name}`;
  find('title').textContent = `Predict ${target.column}`;
  find('run').textContent = `Run ${name}`;
  /** @type {readonly import('./controls.js').Field[]} */
  const described = fields;
  const controls = described.map((field, index) => ({ column: field.column, ...controlOf(field, index) }));
  find('fields').append(...controls.map(({ element }) => element));

  /** Aborted when other cells are sent. */
  let asking = new AbortController();

  /** @param {string} message @param {string} [column] */
  const showError = (message, column) => {
    const error = find('error');
    error.textContent = column === undefined ? message : `${column}: ${message}`;
    error.hidden = message === '';
    for (const control of controls) {
      const isWrong = message !== '' && control.column === column;
      control.focus.setAttribute('aria-invalid', String(isWrong));
      if (isWrong) control.focus.focus();
    }
  };

  /** @param {string} status */
  const clear = (status) => {
    asking.abort();
    asking = new AbortController();
    showError('');
    find('status').textContent = status;
    find('answer').replaceChildren();
    find('explanation').replaceChildren();
  };

  const predict = async () => {
    clear('Predicting…');
    const { signal } = asking;
    const cells = new Map(controls.map(({ column, read }) => [column, read()]));
    const body = () => {
      const data = new FormData();
      for (const [column, values] of cells) for (const value of values) data.append(column, value);
      return data;
    };
    const answer = await ask('/api/predict', { method: 'POST', body: body(), signal });
    find('answer').replaceChildren(...answerElements(answer));
    find('status').textContent = 'Asking which field decided…';
    if (matchMedia('(max-width: 760px)').matches) find('answer-title').focus();
    const explanation = await ask('/api/explain', { method: 'POST', body: body(), signal });
    const cellOf = (/** @type {string} */ column) => cells.get(column) ?? [];
    find('explanation').replaceChildren(...explanationElements(explanation, described, cellOf));
    find('status').textContent = explanation.fields.length > 0 ? '' : 'No field was given.';
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    predict().catch((error) => {
      if (error.name === 'AbortError') return;
      find('status').textContent = '';
      showError(error.message, error.cause?.column);
    });
  });
  form.addEventListener('reset', () => {
    for (const control of controls) control.clear?.();
    clear('Fill in what you know, and press Predict.');
  });
  // A file that misses its field must not replace the page.
  for (const name of ['dragover', 'drop']) document.addEventListener(name, (event) => event.preventDefault());
}

begin().catch((error) => {
  find('status').textContent = '';
  const message = find('error');
  message.textContent = error.message;
  message.hidden = false;
});
