// @ts-check
import { make } from './elements.js';
import { fileControl } from './files.js';

/**
 * A column of a row, as `GET /api/schema` describes it.
 * @typedef {object} Field
 * @property {string} column
 * @property {'text' | 'image' | 'sound' | 'number' | 'category' | 'boolean' | 'date' | 'tags' | 'sequence'} kind
 * @property {readonly string[]} [values]
 * @property {string} [separator]
 * @property {readonly { column: string, kind: string }[]} [events]
 * @property {number} [mean]
 * @property {number} [sampleRate]
 * @property {number} [seconds]
 * @property {number} [height]
 * @property {number} [width]
 * @property {'contain' | 'cover'} [fit]
 */

/**
 * What a cell is filled in with.
 * @typedef {object} Control
 * @property {HTMLElement} element
 * @property {HTMLElement} focus the element to go to when the cell is wrong
 * @property {() => readonly (string | File)[]} read the cell: nothing where it is absent, several tags
 * @property {() => void} [clear] what the form's reset does not
 */

/** Up to so many values are shown at once; of more, the browser suggests some while one types. */
const MOST_SHOWN = 50;

/**
 * A control of one element.
 * @param {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} element
 * @returns {Control}
 */
const single = (element) => ({
  element,
  focus: element,
  read: () => (element.value.trim() === '' ? [] : [element.value]),
});

/**
 * A list to choose from, or nothing.
 * @param {string} id
 * @param {readonly (readonly [value: string, name: string])[]} options
 */
const choice = (id, options) =>
  single(
    make(
      'select',
      { id },
      [['', 'not given'], ...options].map(([value, name]) => make('option', { value }, [name])),
    ),
  );

/** @type {Readonly<Record<Field['kind'], (field: Field, id: string) => Control>>} */
const CONTROLS = {
  text: (_, id) => single(make('textarea', { id, rows: 2 })),
  image: fileControl,
  sound: fileControl,
  number: ({ mean = 0 }, id) =>
    single(
      make('input', {
        ...{ id, type: 'number', step: 'any', inputMode: 'decimal' },
        placeholder: `such as ${Number(mean.toPrecision(3))}`,
      }),
    ),
  category({ values = [] }, id) {
    if (values.length <= MOST_SHOWN)
      return choice(
        id,
        values.map((value) => [value, value]),
      );
    const list = make(
      'datalist',
      { id: `${id}-values` },
      values.map((value) => make('option', { value })),
    );
    const control = single(make('input', { id, type: 'text', autocomplete: 'off' }));
    control.focus.setAttribute('list', list.id);
    return { ...control, element: make('div', {}, [control.element, list]) };
  },
  boolean: (_, id) =>
    choice(id, [
      ['true', 'yes'],
      ['false', 'no'],
    ]),
  date(_, id) {
    const [date, time] = ['date', 'time'].map((type) => make('input', { id: `${id}-${type}`, type, ariaLabel: type }));
    return {
      element: make('div', { className: 'pair' }, [date, time]),
      focus: date,
      read: () => (date.value === '' ? [] : [time.value === '' ? date.value : `${date.value}T${time.value}`]),
    };
  },
  tags({ values = [], separator = ',' }, id) {
    if (values.length > MOST_SHOWN)
      return single(make('input', { id, type: 'text', placeholder: `separated by ${separator}` }));
    const boxes = values.map((value) => make('input', { type: 'checkbox', value }));
    return {
      element: make(
        'div',
        { className: 'tags' },
        boxes.map((box) => make('label', {}, [box, box.value])),
      ),
      focus: boxes[0],
      read: () => boxes.filter(({ checked }) => checked).map(({ value }) => value),
    };
  },
  sequence({ events = [] }, id) {
    const example = Object.fromEntries(events.map(({ column, kind }) => [column, EXAMPLES[kind]]));
    return single(make('textarea', { id, rows: 4, placeholder: `such as [${JSON.stringify(example)}]` }));
  },
};

/** @type {Readonly<Record<string, unknown>>} */
const EXAMPLES = { number: 1.5, boolean: true, date: '2026-11-28', category: 'a' };

/** @type {Readonly<Record<Field['kind'], string>>} */
const NAMES = {
  text: 'text',
  image: 'picture',
  sound: 'sound',
  number: 'number',
  category: 'category',
  boolean: 'yes or no',
  date: 'date',
  tags: 'tags',
  sequence: 'events, as JSON',
};

/**
 * The control of a field, with its label.
 * @param {Field} field
 * @param {number} index
 * @returns {Control}
 */
export function controlOf(field, index) {
  const id = `field-${index}`;
  const control = CONTROLS[field.kind](field, id);
  const title = [field.column, ' ', make('small', {}, [NAMES[field.kind]])];
  // Several elements for one cell are a group with a legend.
  const isGroup = control.element.matches('.pair, .tags');
  const label = isGroup ? make('legend', {}, title) : make('label', { htmlFor: id }, title);
  return { ...control, element: make(isGroup ? 'fieldset' : 'div', { className: 'field' }, [label, control.element]) };
}
