import { Counter, Gauge, Histogram } from './metrics.js';

/** The metrics of a server. */
export class ServerMetrics {
  readonly requests = new Counter('tessera_requests_total', 'Requests by path and status.');
  readonly seconds = new Histogram(
    'tessera_request_seconds',
    'Time from the head of a request to its response, by path.',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  );
  readonly rows = new Counter('tessera_rows_total', 'Rows that were answered.');
  readonly batchRows = new Histogram(
    'tessera_batch_rows',
    'Rows that were predicted together.',
    [1, 2, 4, 8, 16, 32, 64],
  );
  readonly #queue: Gauge;

  constructor(/** The number of rows that wait. */ queue: () => number) {
    this.#queue = new Gauge('tessera_queue_rows', 'Rows that wait to be predicted.', queue);
  }

  /** All of them, and two of the process under the names that Prometheus's clients give them. */
  get all() {
    return [
      this.requests,
      this.seconds,
      this.rows,
      this.batchRows,
      this.#queue,
      new Gauge('process_resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss()),
      new Gauge('process_start_time_seconds', 'Start of the process, in seconds since 1970.', () =>
        Number((performance.timeOrigin / 1000).toFixed(3)),
      ),
    ];
  }
}
