import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A page with the policy that it needs. */
export interface Page {
  readonly body: string;
  /** The header Content-Security-Policy: nothing but the page's own script and style, and requests to its server. */
  readonly policy: string;
}

/** The page's modules; each stands behind those that it imports. */
const SCRIPTS = ['elements', 'wav', 'files', 'controls', 'answer', 'explanation', 'main'];

/** Makes the page of a server: one HTML file, with the style and the modules of the folder `page` inside. */
export function makePage(): Page {
  const style = read('style.css');
  const script = SCRIPTS.map((name) => bare(read(`${name}.js`))).join('\n');
  const body = read('index.html')
    .replace('/* style */', () => style)
    .replace('/* script */', () => script);
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    'img-src blob: data:',
    'media-src blob:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return { body, policy: policy.join('; ') };
}

const read = (name: string): string => readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8');

/** A module's code without its imports and exports: all modules are in one script. */
const bare = (module: string): string => module.replace(/^import .*;\n/gm, '').replace(/^export /gm, '');

const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
