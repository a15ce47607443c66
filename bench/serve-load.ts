import net from 'node:net';
import { Command } from 'commander';
import sharp from 'sharp';
import { integer } from '../src/cli/integer.js';
import { encodeWav } from '../src/serve/page/wav.js';
import { Generator } from '../src/tensor/generator.js';

/*
 * Puts a server under load that `tessera serve RUN --rate 0` has started: rounds of requests, of which one in ten is
 * hostile. It says whether one was lost, how long they took, and how much memory the server has after each round.
 */

/** The columns of a row, as far as rows are made of them. */
interface Field {
  readonly column: string;
  readonly kind: string;
  readonly values?: readonly string[];
  readonly mean?: number;
  readonly sampleRate?: number;
}

/** A request, and the status that must answer it; 0 where the client leaves before that. */
interface Request {
  readonly status: number;
  /** Makes it, and returns the status and what was answered. */
  send(): Promise<{ readonly status: number; readonly body?: string }>;
  /** What must be answered. */
  readonly answer?: { readonly prediction: unknown; readonly probability?: number };
}

/** Different rows: each is asked for alone first, so that it is known what must be answered. */
const ROWS = 20;
const JSON_TYPE = { 'Content-Type': 'application/json' };

async function load(url: string, rounds: number, requests: number, concurrency: number): Promise<void> {
  const generator = new Generator(0);
  const { fields, limits } = (await (await fetch(`${url}/api/schema`)).json()) as {
    fields: Field[];
    limits: { bodyBytes: number };
  };
  const rows = await Promise.all(Array.from({ length: ROWS }, () => rowOf(fields, generator)));
  const good: Request[] = [];
  for (const row of rows) {
    const send = () => post(url, JSON.stringify(row), JSON_TYPE);
    const { status, body = '' } = await send();
    if (status !== 200) throw new Error(`a row is answered with ${status}: ${body}`);
    good.push({ status, send, answer: JSON.parse(body) });
  }
  const hostile = hostileRequests(url, limits.bodyBytes);
  console.log(`${fields.length} columns; before: ${await memory(url)} MiB`);
  for (let round = 1; round <= rounds; round++) {
    const queue = Array.from({ length: requests }, (_, at) =>
      at % 10 === 9 ? hostile[generator.integer(hostile.length)] : good[generator.integer(good.length)],
    );
    const milliseconds: number[] = [];
    let lost = 0;
    const begin = performance.now();
    const worker = async () => {
      for (let request = queue.pop(); request !== undefined; request = queue.pop()) {
        const from = performance.now();
        const { status, body = '' } = await request.send().catch((error) => ({ status: -1, body: String(error) }));
        if (request.answer !== undefined) milliseconds.push(performance.now() - from);
        if (status === request.status && isAnswer(body, request.answer)) continue;
        lost++;
        console.log(`lost: expected ${request.status}, got ${status}: ${body.slice(0, 200)}`);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    const seconds = (performance.now() - begin) / 1000;
    milliseconds.sort((a, b) => a - b);
    const [p50, p95] = [0.5, 0.95].map((share) => milliseconds[Math.floor(share * milliseconds.length)].toFixed(0));
    console.log(
      `round ${round}: ${requests} requests, ${lost} lost, ${(requests / seconds).toFixed(0)} a second, ${p50} ms (p50), ${p95} ms (p95), ${await memory(url)} MiB`,
    );
  }
  const text = await (await fetch(`${url}/metrics`)).text();
  console.log(text.match(/^tessera_(?:requests_total|batch_rows_(?:sum|count)|queue_rows).*$/gm)?.join('\n'));
}

/** Whether an answer is the one that is expected, but for rounding: it depends on the rows that it was computed with. */
function isAnswer(body: string, expected: Request['answer']): boolean {
  if (expected === undefined) return true;
  const { prediction, probability } = JSON.parse(body);
  if (typeof prediction === 'number') return Math.abs(prediction - Number(expected.prediction)) < 1e-3;
  const isSame = JSON.stringify(prediction) === JSON.stringify(expected.prediction);
  return isSame && Math.abs((probability ?? 0) - (expected.probability ?? 0)) < 1e-4;
}

/** The resident memory of the server, in MiB. */
async function memory(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Math.round(Number(/^process_resident_memory_bytes (\d+)/m.exec(text)?.[1]) / 2 ** 20);
}

async function post(url: string, body: string | Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>>) {
  const response = await fetch(`${url}/api/predict`, { method: 'POST', headers, body });
  return { status: response.status, body: await response.text() };
}

/** Requests that no client should make. */
function hostileRequests(url: string, bodyBytes: number): readonly Request[] {
  const head = (length: number, type = 'application/json') =>
    `POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
  const refused = (status: number, body: string | Uint8Array<ArrayBuffer>, headers = JSON_TYPE): Request => ({
    status,
    send: () => post(url, body, headers),
  });
  const sent = (status: number, text: string): Request => ({ status, send: () => exchange(url, text) });
  return [
    refused(400, '{"price": NaN}'),
    refused(400, '['.repeat(1_000_000)),
    refused(400, `${'['.repeat(200_000)}${']'.repeat(200_000)}`),
    refused(400, '{"no such column": 1}'),
    refused(400, new Uint8Array(1000)),
    refused(400, '--b\r\n', { 'Content-Type': 'multipart/form-data; boundary=b' }),
    refused(413, new Uint8Array(bodyBytes + 1)),
    refused(413, JSON.stringify(Array(10_000).fill({}))),
    refused(415, '{}', { 'Content-Type': 'text/plain' }),
    sent(421, 'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'),
    sent(400, 'nonsense\r\n\r\n'),
    sent(431, `GET / HTTP/1.1\r\nHost: localhost\r\nCookie: ${'x'.repeat(20_000)}\r\n\r\n`),
    { status: 0, send: () => leave(url, `${head(1_000_000)}{"title": "`) },
    { status: 0, send: () => leave(url, `${head(100_000, 'multipart/form-data; boundary=b')}--b\r\n`) },
    { status: 0, send: () => leave(url, `${head(2)}{}`) },
    { status: 0, send: () => leave(url, 'GET /heal') },
  ];
}

/** Sends a text, and reads until the connection ends. */
function exchange(url: string, text: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => {
    let body = '';
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    socket.on('data', (piece) => {
      body += piece;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(body)?.[1] ?? 0), body }));
  });
}

/** Sends a text, and leaves before the answer. */
function leave(url: string, text: string): Promise<{ status: number }> {
  return new Promise((resolve) => {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () =>
      socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), 5)),
    );
    socket.on('error', () => {});
    socket.on('close', () => resolve({ status: 0 }));
  });
}

/** A row of random cells; each is absent now and then. */
async function rowOf(fields: readonly Field[], generator: Generator): Promise<Record<string, unknown>> {
  const row: Record<string, unknown> = {};
  for (const field of fields) if (generator.uniform() < 0.9) row[field.column] = await cellOf(field, generator);
  return row;
}

async function cellOf({ kind, values = [], mean = 0, sampleRate = 8000 }: Field, generator: Generator) {
  switch (kind) {
    case 'image': {
      const background = { r: generator.integer(256), g: generator.integer(256), b: generator.integer(256) };
      const image = sharp({ create: { width: 320, height: 240, channels: 3, background } });
      return `data:image/jpeg;base64,${(await image.jpeg().toBuffer()).toString('base64')}`;
    }
    case 'sound': {
      const tone = Float32Array.from({ length: sampleRate }, (_, at) => 0.3 * Math.sin(at * (0.05 + mean)));
      return `data:audio/wav;base64,${Buffer.from(encodeWav(tone, sampleRate)).toString('base64')}`;
    }
    case 'number':
      return mean * (1 + generator.normal());
    case 'boolean':
      return generator.uniform() < 0.5;
    case 'date':
      return `20${10 + generator.integer(15)}-0${1 + generator.integer(9)}-1${generator.integer(9)}`;
    case 'category':
      return values[generator.integer(values.length)];
    case 'tags':
      return values.filter(() => generator.uniform() < 0.3);
    default:
      return Array.from({ length: 1 + generator.integer(12) }, () => `word${generator.integer(100)}`).join(' ');
  }
}

await new Command('serve-load')
  .argument('<url>', 'the address of the server')
  .option('--rounds <number>', 'rounds of requests', integer(1), 5)
  .option('--requests <number>', 'requests of a round', integer(1), 1000)
  .option('--concurrency <number>', 'requests at a time', integer(1), 32)
  .action((url, { rounds, requests, concurrency }) => load(url, rounds, requests, concurrency))
  .parseAsync();
