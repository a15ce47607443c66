import { RequestError } from './request-error.js';

/** The number of clients that are remembered: those that were seen last. */
const MOST_CLIENTS = 10_000;

interface Bucket {
  tokens: number;
  time: number;
}

/**
 * Limits the requests of each client by a token bucket: it holds up to 2·rate tokens, gains `rate` of them a second, and
 * a request takes one.
 */
export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();

  constructor(
    /** Requests a second; 0 for no limit. */
    private readonly rate: number,
    /** The time in milliseconds. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Counts a request of a client. @throws RequestError 429 if it has made too many. */
  take(client: string): void {
    const { rate } = this;
    if (rate === 0) return;
    const time = this.now();
    const capacity = Math.max(1, 2 * rate);
    const { tokens, time: last } = this.#buckets.get(client) ?? { tokens: capacity, time };
    const left = Math.min(capacity, tokens + ((time - last) / 1000) * rate);
    // The client seen last is the last of the map.
    this.#buckets.delete(client);
    this.#buckets.set(client, { tokens: left < 1 ? left : left - 1, time });
    if (this.#buckets.size > MOST_CLIENTS) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
    if (left >= 1) return;
    const seconds = Math.ceil((1 - left) / rate);
    throw new RequestError(429, `expected at most ${rate} requests a second, got more; try again in ${seconds} s`, {
      headers: { 'Retry-After': String(seconds) },
    });
  }
}

/** The client that an address stands for: of IPv6, whose users have whole networks, the first 64 bits. */
export function clientOf(address: string): string {
  const v4 = /^::ffff:([\d.]+)$/i.exec(address);
  if (v4 !== null) return v4[1];
  if (!address.includes(':')) return address;
  const [head, tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  return [...groups, ...Array<string>(zeros).fill('0'), ...after].slice(0, 4).join(':');
}
