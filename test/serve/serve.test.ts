import http from 'node:http';
import net from 'node:net';
import { expect, test, vi } from 'vitest';
import { serve } from '../../src/serve/serve.js';
import { raw, statusesOf, testPredictor, testServer } from '../support/serve.js';

const predictor = testPredictor(['text', 'number']);
const start = (options = {}) => testServer(predictor(), options);
const JSON_TYPE = { 'content-type': 'application/json' };

/** A request as text; the head's Host is that of the server. */
const request = (method: string, path: string, headers: Record<string, string | number> = {}, body = '') =>
  `${method} ${path} HTTP/1.1\r\n${Object.entries({ Host: 'localhost', ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n${body}`;
const LAST = { Connection: 'close' };

test.each([
  ['GET', '/api/predict', 405],
  ['PUT', '/api/predict', 405],
  ['DELETE', '/health', 405],
  ['OPTIONS', '/api/predict', 405],
  ['TRACE', '/health', 405],
  ['HEAD', '/health', 200],
  ['GET', '/health?verbose', 200],
  ['GET', '/nowhere', 404],
  ['GET', '/../../etc/passwd', 404],
  ['GET', '/api/predict/%2e%2e', 404],
  ['GET', '//health', 404],
  ['GET', 'http://example.org/health', 404],
  ['GET', '/__proto__', 404],
  ['OPTIONS', '*', 404],
])('%s %s is answered with %i', async (method, path, status) => {
  const { url } = await start();
  expect(statusesOf(await raw(url, request(method, path, LAST)))).toEqual([status]);
});

test.each([
  ['no HTTP', 'hello\r\n\r\n', 400],
  ['no Host', 'GET /health HTTP/1.1\r\n\r\n', 400],
  ['two Hosts', `GET /health HTTP/1.1\r\nHost: evil\r\nHost: localhost\r\nConnection: close\r\n\r\n`, 421],
  ['no Host, before HTTP/1.1', 'GET /health HTTP/1.0\r\n\r\n', 421],
  ['two lengths', request('POST', '/api/predict', { 'Content-Length': '2, 3' }, '{}'), 400],
  ['no length', request('POST', '/api/predict', { 'Content-Length': 'many' }, '{}'), 400],
  [
    'a length and chunks',
    request('POST', '/api/predict', { 'Content-Length': 2, 'Transfer-Encoding': 'chunked' }, '0\r\n\r\n'),
    400,
  ],
  [
    'broken chunks',
    request('POST', '/api/predict', { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' }, 'zz\r\n'),
    400,
  ],
  ['a huge head', request('GET', '/health', { Cookie: 'x'.repeat(10_000) }), 431],
  [
    'a length of more than the limit',
    request('POST', '/api/predict', { ...JSON_TYPE, ...LAST, 'Content-Length': 1e15 }),
    413,
  ],
])('refuses a request with %s', async (_, text, status) => {
  const { url } = await start({ timeoutSeconds: 1 });
  const answer = await raw(url, text);
  expect(statusesOf(answer)[0]).toBe(status);
  expect(answer).toMatch(/\{"error":".+"\}\n|^HTTP\/1.1 400 Bad Request\r\n/);
});

test('a body that is longer than announced is refused', async () => {
  const { url } = await start();
  const text = request('POST', '/api/predict', { ...JSON_TYPE, 'Content-Length': 2 }, '{}{"price": 1}');
  expect(statusesOf(await raw(url, text))).toEqual([400]);
});

test('a body that is shorter than announced is waited for, for a limited time', async () => {
  const { url } = await start({ timeoutSeconds: 0.3 });
  const text = await raw(url, request('POST', '/api/predict', { ...JSON_TYPE, 'Content-Length': 100 }, '{}'));
  expect(statusesOf(text)).toEqual([408]);
  expect(text).toContain('did not arrive in time');
});

test('a head that arrives slowly is waited for, for a limited time', async () => {
  const { url } = await start({ timeoutSeconds: 0.3 });
  expect(statusesOf(await raw(url, 'GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: '))).toEqual([408]);
});

test('many slow clients do not keep others from being answered', async () => {
  const { url } = await start({ timeoutSeconds: 1 });
  const slow = Array.from({ length: 100 }, (_, at) =>
    raw(url, at % 2 ? 'GET /he' : request('POST', '/api/predict', { ...JSON_TYPE, 'Content-Length': 9 }, '{')),
  );
  const body = '{"price": 1}';
  expect((await fetch(`${url}/api/predict`, { method: 'POST', headers: JSON_TYPE, body })).status).toBe(200);
  for (const text of await Promise.all(slow)) expect(statusesOf(text)).toEqual([408]);
});

test('a body beyond the limit is refused, with and without its length, and the client reads why', async () => {
  const { url } = await start({ bodyBytes: 1000 });
  const body = JSON.stringify({ title: 'x'.repeat(3_000_000) });
  const response = await fetch(`${url}/api/predict`, { method: 'POST', headers: JSON_TYPE, body });
  expect([response.status, await response.json()]).toEqual([
    413,
    { error: 'expected a body of at most 1000 bytes, got 3000012 or more' },
  ]);
  const chunk = `${(500).toString(16)}\r\n${'x'.repeat(500)}\r\n`;
  const head = request('POST', '/api/predict', { ...JSON_TYPE, ...LAST, 'Transfer-Encoding': 'chunked' });
  expect(statusesOf(await raw(url, head, chunk.repeat(100), '0\r\n\r\n'))).toEqual([413]);
});

test('a client that sends without end is cut off, though it was answered', async () => {
  const { url } = await start({ bodyBytes: 1000, timeoutSeconds: 0.5 });
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
  const ended = new Promise((resolve) => socket.on('close', resolve));
  let text = '';
  socket.on('data', (piece) => {
    text += piece;
  });
  socket.on('error', () => {});
  socket.write(request('POST', '/api/predict', { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' }));
  const chunk = `${(1000).toString(16)}\r\n${'x'.repeat(1000)}\r\n`;
  const sending = setInterval(() => socket.writable && socket.write(chunk), 10);
  await ended;
  clearInterval(sending);
  expect(statusesOf(text)[0]).toBe(413);
});

test('a client that asks first whether its body is welcome is told', async () => {
  const { url } = await start({ bodyBytes: 1000 });
  const ask = (length: number) => ({ ...JSON_TYPE, ...LAST, 'Content-Length': length, Expect: '100-continue' });
  expect(await raw(url, request('POST', '/api/predict', ask(2), '{}'))).toMatch(
    /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200/,
  );
  const refused = await raw(url, request('POST', '/api/predict', ask(1001)));
  expect(refused).toMatch(/^HTTP\/1.1 413/);
});

test.each([
  ['evil.example', 421],
  ['evil.example:80', 421],
  ['localhost.evil.example', 421],
  ['127.0.0.1.evil.example', 421],
  ['192.168.0.7', 421],
  ['user@localhost', 421],
  ['', 421],
  ['localhost', 200],
  ['LOCALHOST:1234', 200],
  ['localhost.', 200],
  ['127.0.0.1:80', 200],
  ['[::1]:80', 200],
])('on this machine alone, the Host %s is answered with %i', async (host, status) => {
  const { url } = await start();
  expect(statusesOf(await raw(url, request('GET', '/health', { Host: host, ...LAST })))).toEqual([status]);
});

test.each([
  ['model.example', 200],
  ['192.168.0.7:8000', 200],
  ['localhost', 200],
  ['evil.example', 421],
])('on all networks, with a name that is allowed, the Host %s is answered with %i', async (host, status) => {
  const { url } = await start({ host: '0.0.0.0', allowedHosts: ['model.example'] });
  expect(statusesOf(await raw(url, request('GET', '/health', { Host: host, ...LAST })))).toEqual([status]);
});

test.each([
  ['http://localhost', 200],
  ['https://localhost', 200],
  ['http://localhost:3000', 403],
  ['http://evil.example', 403],
  ['null', 403],
])('a page of the site %s is answered with %i', async (origin, status) => {
  const { url } = await start();
  const text = request('POST', '/api/predict', { ...JSON_TYPE, Origin: origin, 'Content-Length': 2, ...LAST }, '{}');
  expect(statusesOf(await raw(url, text))).toEqual([status]);
});

test('a client that makes too many requests is told when to come again', async () => {
  const { url } = await start({ rate: 1 });
  const statuses: number[] = [];
  for (let at = 0; at < 4; at++) statuses.push((await fetch(`${url}/health`)).status);
  expect(statuses).toEqual([200, 200, 429, 429]);
  expect((await fetch(`${url}/health`)).headers.get('retry-after')).toBe('1');
});

test('rows for which the queue has no room are told to come again', async () => {
  const { url } = await start({ queue: 4 });
  const response = await fetch(`${url}/api/predict`, { method: 'POST', headers: JSON_TYPE, body: '[{},{},{},{},{}]' });
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  expect((await response.json()).error).toBe('the queue has room for 4 more rows, got 5; try again later');
});

test('a prediction that takes too long is given up, and rows that still wait are dropped', async () => {
  let release = () => {};
  const predict = vi.spyOn(predictor(), 'predict').mockImplementation(
    () =>
      new Promise((resolve) => {
        release = () => resolve({ prediction: 'late' });
      }),
  );
  const { url } = await start({ timeoutSeconds: 0.2, batch: 1 });
  const send = () => fetch(`${url}/api/predict`, { method: 'POST', headers: JSON_TYPE, body: '{}' });
  const answers = await Promise.all([send(), send()]);
  expect(answers.map(({ status }) => status)).toEqual([504, 504]);
  expect((await answers[0].json()).error).toContain('there is no answer after 0.2 s');
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('tessera_queue_rows 0');
  expect(predict).toHaveBeenCalledTimes(1);
  release();
  predict.mockRestore();
  expect((await send()).status).toBe(200);
});

test('a failure of the server is reported to its owner, and no client sees what it was', async () => {
  const onError = vi.fn();
  const { url } = await start({ onError });
  const failure = new Error('secret: /home/user');
  const predict = vi.spyOn(predictor(), 'predict').mockRejectedValue(failure);
  const response = await fetch(`${url}/api/predict`, { method: 'POST', headers: JSON_TYPE, body: '{}' });
  predict.mockRestore();
  expect([response.status, await response.text()]).toEqual([500, expect.not.stringMatching(/secret|home|at /)]);
  expect(onError).toHaveBeenCalledWith(failure);
});

test('a client that leaves in mid-upload or before its answer does no harm', async () => {
  const onError = vi.fn();
  const { url } = await start({ onError });
  const leave = (text: string) =>
    new Promise((resolve) => {
      const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () =>
        socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), 20)),
      );
      socket.on('close', resolve);
    });
  await Promise.all([
    leave(request('POST', '/api/predict', { ...JSON_TYPE, 'Content-Length': 100 }, '{')),
    leave(
      request(
        'POST',
        '/api/predict',
        { 'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': 99 },
        '--b',
      ),
    ),
    leave(request('POST', '/api/predict', { ...JSON_TYPE, 'Content-Length': 2 }, '{}')),
  ]);
  expect((await fetch(`${url}/api/predict`, { method: 'POST', headers: JSON_TYPE, body: '{}' })).status).toBe(200);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('tessera_queue_rows 0');
  expect(onError).not.toHaveBeenCalled();
});

test('concurrent requests are predicted together', async () => {
  const forward = vi.spyOn(predictor().model, 'forward');
  const { url } = await start({ waitMilliseconds: 200, batch: 16 });
  const bodies = Array.from({ length: 16 }, (_, at) => JSON.stringify({ price: at }));
  const answers = await Promise.all(
    bodies.map(async (body) =>
      (await fetch(`${url}/api/predict`, { method: 'POST', headers: JSON_TYPE, body })).json(),
    ),
  );
  expect(forward).toHaveBeenCalledTimes(1);
  forward.mockRestore();
  expect(answers).toEqual(await predictor().predictAll(bodies.map((body) => JSON.parse(body))));
});

test('at the end, requests that have begun are answered, and connections that wait for nothing are cut', async () => {
  const server = await serve(predictor(), { port: 0, waitMilliseconds: 100 });
  const { url } = server;
  const idle = raw(url, '');
  const slow = raw(url, 'GET /hea');
  const agent = new http.Agent({ keepAlive: true });
  const answered = new Promise<http.IncomingMessage>((resolve) =>
    http.request(`${url}/api/predict`, { method: 'POST', headers: JSON_TYPE, agent }, resolve).end('{}'),
  );
  await vi.waitFor(async () => expect(await (await fetch(`${url}/metrics`)).text()).toContain('tessera_queue_rows 1'));
  const closed = server.close();
  const { statusCode, headers } = await answered;
  expect([statusCode, headers.connection]).toEqual([200, 'close']);
  await closed;
  expect(await Promise.all([idle, slow])).toEqual(['', '']);
  await expect(fetch(`${url}/health`)).rejects.toThrow();
});

test('a port that is taken, an address that is not there and a wrong option are named', async () => {
  const { url } = await start();
  const port = Number(new URL(url).port);
  await expect(serve(predictor(), { port })).rejects.toThrow(
    `serve: cannot listen on port ${port} of '127.0.0.1': another program listens there; choose another --port`,
  );
  await expect(serve(predictor(), { host: '203.0.113.7', port: 0 })).rejects.toThrow(
    'this machine has no such address',
  );
  await expect(serve(predictor(), { port: -1 })).rejects.toThrow(
    'serve: port must be an integer from 0 to 65535, got -1',
  );
  await expect(serve(predictor(), { prot: 1 } as never)).rejects.toThrow("there is no option 'prot'");
  await expect(serve({} as never)).rejects.toThrow('must be a Predictor, got an object (Object)');
});
