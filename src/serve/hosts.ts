import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { RequestError } from './request-error.js';

const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1'];

/** Whether an address that a server listens on is reached from its own machine alone. */
export const isLocalHost = (host: string): boolean => LOCAL_NAMES.includes(host.toLowerCase());

/** The name in a header Host, without its port, or undefined if it is none. */
export function hostName(host: string | undefined): string | undefined {
  const match = /^(?:\[([\da-f:.]+)\]|([^:/?#@[\]\s]+))(?::\d{1,5})?$/i.exec(host ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, '');
}

/**
 * A function that refuses requests which a page of another site makes through its visitor's browser:
 *
 * - DNS rebinding lets such a page reach this machine under a name of its own. The header Host must be a local name, the
 *   address that the server listens on, or one of `allowed`; where it listens on more than this machine, any address.
 * - Browsers name the site of a page in the header Origin. It must be the server itself.
 *
 * @throws RequestError 421 or 403
 */
export function hostCheck(listening: string, allowed: readonly string[]): (headers: IncomingHttpHeaders) => void {
  const names = new Set([...LOCAL_NAMES, listening, ...allowed].map((name) => name.toLowerCase()));
  const isLocal = isLocalHost(listening);
  return ({ host, origin }) => {
    const name = hostName(host);
    if (name === undefined || !(names.has(name) || (!isLocal && isIP(name) !== 0)))
      throw new RequestError(
        421,
        `the header Host names another server; expected ${[...names].join(', ')}${isLocal ? '' : ' or an IP address'}`,
      );
    if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return;
    throw new RequestError(403, `the header Origin names another site; expected http://${host}, or none`);
  };
}
