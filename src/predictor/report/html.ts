/** A piece of HTML that is safe to put into a page. */
export class Html {
  constructor(readonly text: string) {}
}

/** Content of a piece of HTML; undefined leaves nothing. */
export type Content = Html | string | number | undefined | readonly Content[];

/**
 * Makes a piece of HTML from a template. Everything that is put in is escaped, unless it is HTML: names and values come
 * from tables, which nobody vouches for.
 */
export function html(template: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(template.map((text, at) => text + (at < contents.length ? written(contents[at]) : '')).join(''));
}

function written(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Html) return content.text;
  return typeof content === 'string' || typeof content === 'number'
    ? escapeText(String(content))
    : content.map(written).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes a text for elements and attributes; control characters, which HTML does not allow, become U+FFFD. */
const escapeText = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character]).replace(CONTROL, '\uFFFD');

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\0-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]/g;

/** Names, in one line and at most so long. */
export function shorten(name: string, length: number): string {
  const line = Array.from(name.replace(/\s+/g, ' ').trim());
  return line.length <= length ? line.join('') : `${line.slice(0, length - 1).join('')}…`;
}

/** A part of the page. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Content;
}

/**
 * A table with a row of headings; numbers from the second column on do not wrap. A row of one cell is a heading of
 * those below.
 */
export function htmlTable(head: readonly Content[], rows: readonly (readonly Content[])[]): Html {
  const cells = (row: readonly Content[]) =>
    row.length === 1
      ? html`<th colspan="${head.length}">${row}</th>`
      : row.map((cell, at) => html`<td${isNumeric(cell, at) ? NUMERIC : ''}>${cell}</td>`);
  return html`<div class="scroll"><table><thead><tr>${head.map((cell) => html`<th>${cell}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${cells(row)}</tr>\n`)}</tbody></table></div>`;
}

const NUMERIC = new Html(' class="number"');
const isNumeric = (cell: Content, at: number): boolean => at > 0 && typeof cell === 'string' && /^[-+−–\d]/.test(cell);

/** A text from the table, whose direction is its own: it may be of any script. */
export const isolated = (text: string): Html => html`<bdi>${text}</bdi>`;

/** Long content, which is shown on demand. */
export const folded = (summary: string, content: Content): Html =>
  html`<details><summary>${summary}</summary>${content}</details>`;

/** A bar within a table: it is filled up to `to`, from 0 to 1, with a mark and a range where they are given. */
export function bar(
  to: number,
  options: { readonly mark?: number; readonly range?: readonly [number, number] } = {},
): Html {
  const { mark, range } = options;
  const percent = (value: number) => `${(100 * Math.min(1, Math.max(0, value))).toFixed(1)}%`;
  return html`<span class="bar"><i style="width:${percent(to)}"></i>${
    range && html`<u style="left:${percent(range[0])};right:${percent(1 - range[1])}"></u>`
  }${mark === undefined ? undefined : html`<b style="left:${percent(mark)}"></b>`}</span>`;
}
