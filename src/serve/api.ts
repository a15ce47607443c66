import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RowObject } from '../data/rows.js';
import { CellError } from '../data/table.js';
import type { Answer } from '../predictor/answers.js';
import type { Explanation } from '../predictor/explain-row.js';
import type { Predictor } from '../predictor/node/predictor.js';
import { Batcher } from './batcher.js';
import { BodyReader } from './body.js';
import { describe } from './describe.js';
import { exposition, METRICS_TYPE } from './metrics.js';
import { rowOfForm } from './multipart.js';
import type { ServeSettings } from './options.js';
import { makePage } from './page.js';
import { RequestError } from './request-error.js';
import { type RequestedRows, rowsOfJson } from './rows.js';
import { ServerMetrics } from './server-metrics.js';

/** A request that is being answered. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted once the client has left. */
  readonly signal: AbortSignal;
}

/** What a route answers with. */
export interface Reply {
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A path that is answered. */
interface Route {
  readonly method: 'GET' | 'POST';
  answer(call: Call): Reply | Promise<Reply>;
}

/** The number of explanations that may wait: each takes as long as many predictions. */
const MOST_EXPLANATIONS = 8;

/** What the server answers, by path. */
export class Api {
  readonly metrics: ServerMetrics;
  readonly #batcher: Batcher<RowObject, Answer>;
  readonly #explanations: Batcher<RowObject, Explanation>;
  readonly #bodies: BodyReader;
  readonly #routes: Readonly<Record<string, Route>>;

  constructor(
    private readonly predictor: Predictor,
    private readonly settings: ServeSettings,
  ) {
    this.#bodies = new BodyReader(settings.bodyBytes);
    this.#batcher = new Batcher<RowObject, Answer>(
      (rows) => Promise.allSettled(rows.map((row) => predictor.predict(row))),
      { ...settings, onBatch: (rows) => this.metrics.batchRows.add({}, rows) },
    );
    this.#explanations = new Batcher<RowObject, Explanation>(
      (rows) => Promise.allSettled(rows.map((row) => predictor.explain(row))),
      { batch: 1, waitMilliseconds: 0, queue: MOST_EXPLANATIONS },
    );
    this.metrics = new ServerMetrics(() => this.#batcher.size);
    const description = describe(predictor.schema, settings);
    const { body, policy } = makePage();
    const headers = { 'Content-Security-Policy': policy, 'Permissions-Policy': 'microphone=(self)' };
    this.#routes = {
      '/': { method: 'GET', answer: () => ({ type: 'text/html; charset=utf-8', body, headers }) },
      '/health': { method: 'GET', answer: () => json({ status: 'ok', name: settings.name }) },
      '/metrics': {
        method: 'GET',
        answer: () => ({ type: METRICS_TYPE, body: exposition(this.metrics.all) }),
      },
      '/api/schema': { method: 'GET', answer: () => json(description) },
      '/api/predict': { method: 'POST', answer: (call) => this.#predict(call) },
      '/api/explain': { method: 'POST', answer: (call) => this.#explain(call) },
    };
  }

  /** The paths that are answered. */
  get paths(): readonly string[] {
    return Object.keys(this.#routes);
  }

  /** The route of a request. @throws RequestError 404 if there is none, 405 if it has another method. */
  routeOf(method: string | undefined, path: string): Route {
    if (!Object.hasOwn(this.#routes, path))
      throw new RequestError(404, `there is no such path; expected one of ${this.paths.join(', ')}`);
    const route = this.#routes[path];
    if (method === route.method || (method === 'HEAD' && route.method === 'GET')) return route;
    throw new RequestError(405, `expected the method ${route.method}, got ${method}`, {
      headers: { Allow: route.method === 'GET' ? 'GET, HEAD' : route.method },
    });
  }

  async #predict(call: Call): Promise<Reply> {
    return this.#withRows(call, async ({ rows, isList }) => {
      const settled = await this.#inTime(call.signal, (signal) => this.#batcher.add(rows, signal));
      const answers = settled.map((result, at) => answered(result, isList ? at + 1 : undefined));
      this.metrics.rows.add({}, answers.length);
      return json(isList ? answers : answers[0]);
    });
  }

  async #explain(call: Call): Promise<Reply> {
    return this.#withRows(call, async ({ rows, isList }) => {
      if (isList) throw new RequestError(400, `expected one row, got a list of ${rows.length}`);
      const [result] = await this.#inTime(call.signal, (signal) => this.#explanations.add(rows, signal));
      return json(answered(result));
    });
  }

  /**
   * Does work whose signal is aborted when the client leaves, or the work takes too long.
   * @throws RequestError 504 if it does.
   */
  async #inTime<Result>(left: AbortSignal, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const { timeoutSeconds } = this.settings;
    const stopping = new AbortController();
    const leave = () => stopping.abort(left.reason);
    const late = new RequestError(504, `there is no answer after ${timeoutSeconds} s; send fewer rows, or try later`);
    const timer = setTimeout(() => stopping.abort(late), 1000 * timeoutSeconds);
    left.addEventListener('abort', leave);
    try {
      return await work(stopping.signal);
    } finally {
      clearTimeout(timer);
      left.removeEventListener('abort', leave);
    }
  }

  /** Reads the rows of a request. @throws RequestError if it has none, or they cannot be used. */
  async #withRows<Result>(
    { request, response }: Call,
    use: (requested: RequestedRows) => Promise<Result>,
  ): Promise<Result> {
    const type = request.headers['content-type'] ?? '';
    const [media] = type.toLowerCase().split(';', 1);
    if (media !== 'application/json' && media !== 'multipart/form-data')
      throw new RequestError(
        415,
        `expected Content-Type application/json or multipart/form-data, got ${media || 'none'}`,
        { headers: { Accept: 'application/json, multipart/form-data' } },
      );
    const { schema } = this.predictor;
    return this.#bodies.read(request, response, async (body) =>
      use(
        media === 'application/json'
          ? rowsOfJson(body, schema, this.settings.rows)
          : { rows: [await rowOfForm(body, type, schema)], isList: false },
      ),
    );
  }
}

/** A reply of JSON. */
export const json = (value: unknown): Reply => ({ type: 'application/json', body: `${JSON.stringify(value)}\n` });

/** What a row was answered with. @throws RequestError 400 if the predictor has refused the row. */
function answered<Answered>(result: PromiseSettledResult<Answered>, row?: number): Answered {
  if (result.status === 'fulfilled') return result.value;
  const error: unknown = result.reason;
  if (!(error instanceof CellError)) throw error;
  throw new RequestError(400, error.reason, { row, column: error.place.column });
}
