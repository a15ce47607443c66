import type { IncomingMessage, ServerResponse } from 'node:http';
import { busy, RequestError } from './request-error.js';

/** The number of the largest bodies that are in memory at a time. */
const MOST_BODIES = 16;

/** Reads bodies of requests, up to a number of bytes each and together. */
export class BodyReader {
  #held = 0;

  constructor(
    /** The largest body, in bytes. */
    private readonly bodyBytes: number,
  ) {}

  /**
   * Reads the body of a request, and uses it: its bytes count as held until `use` has ended.
   * @throws RequestError 413 if it is larger than the limit, 503 if other bodies take all memory, 415 if it is packed,
   * 400 if the client leaves before its end.
   */
  async read<Result>(
    request: IncomingMessage,
    response: ServerResponse,
    use: (body: Buffer) => Promise<Result>,
  ): Promise<Result> {
    const { 'content-encoding': encoding = 'identity', 'content-length': announced, expect } = request.headers;
    if (encoding !== 'identity')
      throw new RequestError(415, `expected a body that is not packed, got Content-Encoding ${encoding}`);
    if (announced !== undefined) this.#expectRoom(0, Number(announced));
    // A client that asks first whether its body is welcome, as curl does with large ones.
    if (expect !== undefined) response.writeContinue();
    // What is not read of a body that is refused is dropped, so that the client reads why.
    const pieces: Buffer[] = [];
    let size = 0;
    try {
      for await (const piece of request.iterator({ destroyOnReturn: false })) {
        this.#expectRoom(size, piece.length);
        size += piece.length;
        this.#held += piece.length;
        pieces.push(piece);
      }
      return await use(Buffer.concat(pieces));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNRESET')
        throw new RequestError(400, 'the connection ended before the body did');
      throw error;
    } finally {
      this.#held -= size;
    }
  }

  #expectRoom(size: number, more: number): void {
    const { bodyBytes } = this;
    if (size + more > bodyBytes)
      throw new RequestError(413, `expected a body of at most ${bodyBytes} bytes, got ${size + more} or more`);
    if (this.#held + more > MOST_BODIES * bodyBytes)
      throw busy('the bodies of other requests take all memory; try again later');
  }
}
