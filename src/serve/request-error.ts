/** An error of a request: its message is for the client, and never names anything of this machine. */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  constructor(
    /** The status of the response. */
    readonly status: number,
    message: string,
    /** Where a row or a cell is wrong, and headers that say what to do. */
    readonly details: {
      /** The row of the request, from 1 on. */
      readonly row?: number;
      readonly column?: string;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
  }
}

/** The error of a server that has too much to do. */
export const busy = (message: string, seconds = 1): RequestError =>
  new RequestError(503, message, { headers: { 'Retry-After': String(seconds) } });
