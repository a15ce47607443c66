import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Predictor } from '../predictor/node/predictor.js';
import { TesseraError } from '../tensor/index.js';
import { expectValue } from '../tensor/options.js';
import { Api, type Call, json, type Reply } from './api.js';
import { hostCheck } from './hosts.js';
import { type ServeOptions, type ServeSettings, settingsOf } from './options.js';
import { clientOf, RateLimit } from './rate-limit.js';
import { busy, RequestError } from './request-error.js';

/** A server that answers requests. */
export interface RunningServer {
  /** Its address, such as http://127.0.0.1:8000. */
  readonly url: string;
  /**
   * Ends the server: requests that have begun are answered, new ones are refused. Connections that are still open after
   * ten seconds are cut.
   */
  close(): Promise<void>;
}

/** The largest head of a request, and the largest number of connections. */
const [HEAD_BYTES, MOST_CONNECTIONS] = [8 * 2 ** 10, 512];
/** How long the head of a request may take to arrive. */
const HEAD_MILLISECONDS = 10_000;
/** How long the end of the server waits for requests that have begun. */
const END_MILLISECONDS = 10_000;

/**
 * Serves the model of a run by HTTP: a page to try it, and an API.
 * @throws TesseraError if an option is invalid, or the address cannot be listened on.
 */
export async function serve(predictor: Predictor, options: ServeOptions = {}): Promise<RunningServer> {
  expectValue('serve', 'the predictor', predictor, {
    expected: 'a Predictor',
    fits: (value) => value instanceof Predictor,
  });
  const settings = settingsOf(options);
  const server = new PredictionServer(predictor, settings);
  await server.listen();
  return server;
}

class PredictionServer implements RunningServer {
  readonly #server: http.Server;
  readonly #api: Api;
  readonly #expectHost: ReturnType<typeof hostCheck>;
  readonly #rateLimit: RateLimit;
  /** The open connections, with the number of responses that each waits for. */
  readonly #connections = new Map<Socket, number>();
  #isEnding = false;

  constructor(
    predictor: Predictor,
    private readonly settings: ServeSettings,
  ) {
    this.#api = new Api(predictor, settings);
    this.#expectHost = hostCheck(settings.host, settings.allowedHosts);
    this.#rateLimit = new RateLimit(settings.rate);
    const milliseconds = 1000 * settings.timeoutSeconds;
    this.#server = http.createServer({
      maxHeaderSize: HEAD_BYTES,
      headersTimeout: Math.min(HEAD_MILLISECONDS, milliseconds),
      requestTimeout: milliseconds,
      connectionsCheckingInterval: Math.min(1000, milliseconds / 4),
    });
    this.#server.maxConnections = MOST_CONNECTIONS;
    // A client that does not read its response.
    this.#server.setTimeout(2 * milliseconds + 1000);
    this.#server.on('request', (request, response) => void this.#answer(request, response));
    this.#server.on('checkContinue', (request, response) => void this.#answer(request, response));
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => this.#refuse(error, socket));
    this.#server.on('connection', (socket) => {
      this.#connections.set(socket, 0);
      socket.on('close', () => this.#connections.delete(socket));
    });
  }

  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  async listen(): Promise<void> {
    const { host, port } = this.settings;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
      this.#server.listen({ host, port }, resolve);
    });
    this.#server.removeAllListeners('error');
    this.#server.on('error', (error) => this.settings.onError(error));
  }

  async close(): Promise<void> {
    this.#isEnding = true;
    const ended = new Promise((resolve) => this.#server.close(resolve));
    for (const [socket, waiting] of this.#connections) if (waiting === 0) socket.destroy();
    const timer = setTimeout(() => this.#server.closeAllConnections(), END_MILLISECONDS);
    await ended;
    clearTimeout(timer);
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const begin = performance.now();
    const { socket } = request;
    this.#connections.set(socket, (this.#connections.get(socket) ?? 0) + 1);
    const [path] = (request.url ?? '').split('?', 1);
    const known = this.#api.paths.includes(path) ? path : 'other';
    const leaving = new AbortController();
    response.on('close', () => {
      leaving.abort(new RequestError(499, 'the client has left'));
      const waiting = this.#connections.get(socket);
      if (waiting !== undefined) this.#connections.set(socket, waiting - 1);
      const { metrics } = this.#api;
      metrics.requests.add({ path: known, status: String(response.writableFinished ? response.statusCode : 499) });
      metrics.seconds.add({ path: known }, (performance.now() - begin) / 1000);
    });
    try {
      this.#send(response, 200, await this.#reply(path, { request, response, signal: leaving.signal }));
    } catch (error) {
      this.#sendError(response, error);
    }
  }

  async #reply(path: string, call: Call): Promise<Reply> {
    const { method, headers, socket } = call.request;
    this.#expectHost(headers);
    if (this.#isEnding) throw busy('the server is ending');
    this.#rateLimit.take(clientOf(socket.remoteAddress ?? ''));
    return this.#api.routeOf(method, path).answer(call);
  }

  #sendError(response: http.ServerResponse, error: unknown): void {
    if (error instanceof RequestError) {
      const { row, column, headers } = error.details;
      this.#send(response, error.status, { ...json({ error: error.message, row, column }), headers });
    } else {
      this.settings.onError(error);
      this.#send(response, 500, json({ error: 'the server has failed to answer; its output says why' }));
    }
  }

  #send(response: http.ServerResponse, status: number, { type, body, headers = {} }: Reply): void {
    if (response.destroyed || response.headersSent) return;
    const common = {
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Referrer-Policy': 'no-referrer',
      ...(this.#isEnding && { Connection: 'close' }),
    };
    response.writeHead(status, { ...common, ...headers }).end(body);
  }

  /** Answers what is no request, or does not arrive in time. */
  #refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const [status, message] = REFUSALS[error.code ?? ''] ?? [400, 'it is no request of HTTP/1.1'];
    const body = json({ error: message }).body;
    const head = `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`;
    this.#api.metrics.requests.add({ path: 'other', status: String(status) });
    socket.end(head + body, () => socket.destroy());
  }
}

/** Statuses and messages by the code of Node's error. */
const REFUSALS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, `expected a head of at most ${HEAD_BYTES} bytes, got more`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not arrive in time'],
};

function listenError(error: NodeJS.ErrnoException, host: string, port: number): TesseraError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there; choose another --port',
    EACCES: 'it is not allowed; choose a --port of 1024 or above',
    EADDRNOTAVAIL: 'this machine has no such address; choose another --host',
    ENOTFOUND: 'there is no such name; choose another --host',
  };
  const reason = reasons[error.code ?? ''] ?? error.message;
  return new TesseraError(`serve: cannot listen on port ${port} of '${host}': ${reason}`, { cause: error });
}
