import {
  type Check,
  checkOptions,
  listOf,
  nonNegative,
  optional,
  positive,
  positiveInteger,
  text,
} from '../tensor/options.js';

/** Options of `serve`. */
export interface ServeOptions {
  /** The address to listen on. Default '127.0.0.1': this machine alone. */
  readonly host?: string;
  /** The port to listen on; 0 for one that is free. Default 8000. */
  readonly port?: number;
  /** Names in the header Host that are accepted besides those of `host`, such as that of a proxy. Default none. */
  readonly allowedHosts?: readonly string[];
  /** The largest number of rows that are predicted together, at most 64. Default 32. */
  readonly batch?: number;
  /** How long a row waits for others to be predicted with, in milliseconds. Default 5. */
  readonly waitMilliseconds?: number;
  /** The number of rows that may wait. Default 256. */
  readonly queue?: number;
  /** The largest number of rows of a request. Default 64. */
  readonly rows?: number;
  /** The largest body of a request, in bytes. Default 16 MiB. */
  readonly bodyBytes?: number;
  /** The number of requests a second that one client may make, with bursts of twice as many; 0 for no limit. Default 50. */
  readonly rate?: number;
  /** How long a request may take to arrive, and how long to be answered, in seconds. Default 30. */
  readonly timeoutSeconds?: number;
  /** The name of the run, as the page shows it. Default 'model'. */
  readonly name?: string;
  /** Called with errors that are no fault of a request. Default: they are not reported. */
  readonly onError?: (error: unknown) => void;
}

/** The options with their defaults. */
export type ServeSettings = Required<ServeOptions>;

/** The largest number of rows that a `Predictor` takes at once. */
const LARGEST_BATCH = 64;

const port: Check = {
  expected: 'an integer from 0 to 65535',
  fits: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535,
};
const batch: Check = {
  expected: `an integer from 1 to ${LARGEST_BATCH}`,
  fits: (value) => positiveInteger.fits(value) && Number(value) <= LARGEST_BATCH,
};
const seconds: Check = {
  expected: 'a number above 0, at most 3600',
  fits: (value) => positive.fits(value) && Number(value) <= 3600,
};
const callback: Check = { expected: 'a function', fits: (value) => typeof value === 'function' };

/** The options with their defaults. @throws TesseraError if one is unknown or invalid. */
export function settingsOf(options: ServeOptions): ServeSettings {
  checkOptions('serve', options, {
    host: optional(text),
    port: optional(port),
    allowedHosts: optional(listOf(text)),
    batch: optional(batch),
    waitMilliseconds: optional(nonNegative),
    queue: optional(positiveInteger),
    rows: optional(positiveInteger),
    bodyBytes: optional(positiveInteger),
    rate: optional(nonNegative),
    timeoutSeconds: optional(seconds),
    name: optional(text),
    onError: optional(callback),
  });
  return {
    host: '127.0.0.1',
    port: 8000,
    allowedHosts: [],
    batch: 32,
    waitMilliseconds: 5,
    queue: 256,
    rows: 64,
    bodyBytes: 16 * 2 ** 20,
    rate: 50,
    timeoutSeconds: 30,
    name: 'model',
    onError: () => {},
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  };
}
