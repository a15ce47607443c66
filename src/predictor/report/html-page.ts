import { type Content, Html, html, type Section } from './html.js';
import { STYLE } from './style.js';

/** A section of a page, with its heading. */
export const sectionHtml = ({ id, title, content }: Section): Html =>
  html`<section id="${id}"><h2>${title}</h2>\n${content}</section>\n`;

/** A page of one file with its style inside, which loads nothing and runs no scripts. */
export const htmlPage = (title: string, content: Content): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`.text;
