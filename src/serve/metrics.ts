/*
 * Metrics in the text format of Prometheus (version 0.0.4). It is a few lines for each kind of metric; the client
 * library keeps its metrics in a global registry, and brings a tracing interface and an estimator of quantiles.
 */

type Labels = Readonly<Record<string, string>>;

/** A metric as lines of text. */
interface Metric {
  lines(): Iterable<string>;
}

/** A family of metrics: one for each combination of labels. */
abstract class Family implements Metric {
  constructor(
    readonly name: string,
    readonly help: string,
    readonly type: 'counter' | 'gauge' | 'histogram',
  ) {}

  *lines(): Iterable<string> {
    yield `# HELP ${this.name} ${this.help}`;
    yield `# TYPE ${this.name} ${this.type}`;
    yield* this.samples();
  }

  protected abstract samples(): Iterable<string>;
}

/** A number that only grows. */
export class Counter extends Family {
  readonly #values = new Map<string, number>();

  constructor(name: string, help: string) {
    super(name, help, 'counter');
  }

  add(labels: Labels, count = 1): void {
    const key = written(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + count);
  }

  protected *samples(): Iterable<string> {
    for (const [labels, value] of this.#values) yield `${this.name}${labels} ${value}`;
  }
}

/** A number that is read when it is asked for. */
export class Gauge extends Family {
  constructor(
    name: string,
    help: string,
    private readonly read: () => number,
  ) {
    super(name, help, 'gauge');
  }

  protected *samples(): Iterable<string> {
    yield `${this.name} ${this.read()}`;
  }
}

/** How many values are at most as large as each of some bounds, their number and their sum. */
export class Histogram extends Family {
  readonly #series = new Map<string, { readonly labels: Labels; readonly counts: number[]; sum: number }>();

  constructor(
    name: string,
    help: string,
    private readonly bounds: readonly number[],
  ) {
    super(name, help, 'histogram');
  }

  add(labels: Labels, value: number): void {
    const key = written(labels);
    const series = this.#series.get(key) ?? { labels, counts: Array(this.bounds.length + 1).fill(0), sum: 0 };
    this.#series.set(key, series);
    const at = this.bounds.findIndex((bound) => value <= bound);
    series.counts[at < 0 ? this.bounds.length : at]++;
    series.sum += value;
  }

  protected *samples(): Iterable<string> {
    for (const { labels, counts, sum } of this.#series.values()) {
      let total = 0;
      for (const [at, count] of counts.entries()) {
        total += count;
        const le = at < this.bounds.length ? String(this.bounds[at]) : '+Inf';
        yield `${this.name}_bucket${written({ ...labels, le })} ${total}`;
      }
      yield `${this.name}_sum${written(labels)} ${sum}`;
      yield `${this.name}_count${written(labels)} ${total}`;
    }
  }
}

/** Metrics as a page of text. */
export const exposition = (metrics: readonly Metric[]): string =>
  `${metrics.flatMap((metric) => [...metric.lines()]).join('\n')}\n`;

/** The media type of that page. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function written(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (character) => ESCAPES[character])}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
