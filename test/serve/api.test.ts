import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import type { RunningServer } from '../../src/serve/serve.js';
import { TARGETS } from '../support/runs.js';
import { testPredictor, testServer } from '../support/serve.js';

const predictor = testPredictor();
let server: RunningServer;
let photo: Buffer;

beforeAll(async () => {
  server = await testServer(predictor());
  photo = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#a03020' } })
    .png()
    .toBuffer();
});

const post = (body: BodyInit, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  fetch(`${server.url}/api/predict`, { method: 'POST', body, headers });
const predict = async (row: unknown) => (await post(JSON.stringify(row))).json();

const urlOf = (bytes: Buffer) => `data:image/png;base64,${bytes.toString('base64')}`;

test('a row is answered as the predictor answers it', async () => {
  const row = { title: 'a red car', price: 2.5, brand: 'x', used: true, sold: '2024-05-06', traits: ['red', 'tall'] };
  expect(await predict({ ...row, photo: urlOf(photo) })).toEqual(await predictor().predict({ ...row, photo }));
  expect(await predict({})).toEqual(await predictor().predict({}));
});

test('rows are answered in their order, and as many as were given', async () => {
  const rows = Array.from({ length: 40 }, (_, at) => ({ price: at, title: at % 2 ? 'a car' : null }));
  expect(await predict(rows)).toEqual(await predictor().predictAll(rows));
  expect(await predict([])).toEqual([]);
});

test('a form is a row: files for images, parts of one name for tags', async () => {
  const form = new FormData();
  for (const [name, value] of Object.entries({ title: 'a tree', price: '7.5', used: 'yes', brand: '' }))
    form.append(name, value);
  form.append('traits', 'green');
  form.append('traits', 'tall');
  form.append('photo', new Blob([Uint8Array.from(photo)]), '../../etc/passwd');
  const answer = await (await post(form, {})).json();
  const row = { title: 'a tree', price: 7.5, used: true, traits: ['green', 'tall'], photo };
  expect(answer).toEqual(await predictor().predict(row));
});

test('an empty form, and a file of no bytes, are absent cells', async () => {
  const form = new FormData();
  form.append('photo', new Blob([]), '');
  expect(await (await post(form, {})).json()).toEqual(await predictor().predict({}));
});

test('a row is explained as the predictor explains it; a list is not', async () => {
  const explain = (body: unknown) =>
    fetch(`${server.url}/api/explain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const row = { title: 'a red car', price: 2.5 };
  expect(await (await explain(row)).json()).toEqual(await predictor().explain(row));
  const [list, wrong] = await Promise.all([explain([row]), explain({ price: 'cheap' })]);
  expect([list.status, await list.json()]).toEqual([400, { error: 'expected one row, got a list of 1' }]);
  expect([wrong.status, (await wrong.json()).column]).toEqual([400, 'price']);
});

test.each<[unknown, string, object?]>([
  [5, 'expected an object of cells by column, got 5'],
  [[{}, null], 'expected an object of cells by column, got null', { row: 2 }],
  [{ price: 'cheap' }, "expected a finite number, got 'cheap'", { column: 'price' }],
  [[{}, { price: 'cheap' }], "expected a finite number, got 'cheap'", { row: 2, column: 'price' }],
  [{ titel: 'a' }, "there is no such column (did you mean 'title'?)", { column: 'titel' }],
  [{ label: 'fruit' }, 'there is no such column', { column: 'label' }],
  [{ title: ['a'] }, 'expected a text, a number, true, false or null, got a list of 1', { column: 'title' }],
  [{ traits: [['a']] }, 'expected a list of texts, got one of a list of 1', { column: 'traits' }],
  [{ traits: { red: true } }, 'expected a list of texts, got an object', { column: 'traits' }],
  [{ traits: Array(2000).fill('a') }, 'expected at most 1000 tags, got 2000', { column: 'traits' }],
  [{ title: 'a'.repeat(100_001) }, 'expected at most 100000 characters, got 100001', { column: 'title' }],
  [Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`x${at}`, at])), 'no such column', { column: 'x0' }],
  [{ used: 'perhaps' }, 'expected true or false', { column: 'used' }],
  [{ sold: 'soon' }, 'expected a date', { column: 'sold' }],
  [{ photo: 7 }, 'expected a data URL', { column: 'photo' }],
  [{ photo: 'photo.png' }, "got 'photo.png'; paths and addresses are not read", { column: 'photo' }],
  [{ photo: '/etc/passwd' }, 'paths and addresses are not read', { column: 'photo' }],
  [{ photo: 'file:///etc/passwd' }, 'paths and addresses are not read', { column: 'photo' }],
  [{ photo: 'http://127.0.0.1/' }, 'paths and addresses are not read', { column: 'photo' }],
  [{ photo: 'data:image/png,abc' }, 'expected a data URL in base64', { column: 'photo' }],
  [{ photo: 'data:image/png;base64,###' }, 'expected a data URL in base64', { column: 'photo' }],
  [
    { photo: 'data:image/png;base64,AAAA' },
    'expected a PNG, JPEG, WebP or GIF image, got 3 bytes of another kind',
    { column: 'photo' },
  ],
])('refuses the row %.40j', async (row, message, place = {}) => {
  const response = await post(JSON.stringify(row));
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ error: expect.stringContaining(message), ...place });
});

test.each([
  ['', 'the body is no JSON'],
  ['{"price": NaN}', 'the body is no JSON'],
  ['{"price": 1e999}', 'expected a finite number, got Infinity'],
  [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'expected an object of cells by column, got a list of 1'],
  [`{"traits":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'expected a list of texts'],
  ['{"__proto__": {"price": 1}}', 'there is no such column'],
  ['{"constructor": 1}', 'there is no such column'],
])('refuses the text %.40s', async (text, message) => {
  const response = await post(text);
  expect(response.status).toBe(400);
  expect((await response.json()).error).toContain(message);
});

test('what is no text in UTF-8 is refused', async () => {
  expect(await (await post(Uint8Array.of(0x7b, 0xff, 0x7d))).json()).toEqual({
    error: 'the body is no JSON: it is not in UTF-8',
  });
});

test('more rows than the limit are refused', async () => {
  const response = await post(JSON.stringify(Array(65).fill({})));
  expect([response.status, await response.json()]).toEqual([413, { error: 'expected at most 64 rows, got 65' }]);
});

test('pictures that take long to decode, or might name a file of this machine, are refused', async () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>');
  const avif = await sharp(photo).avif().toBuffer();
  for (const bytes of [svg, avif])
    expect((await predict({ photo: urlOf(bytes) })).error).toContain('expected a PNG, JPEG, WebP or GIF image');
  const [jpeg, webp, gif] = await Promise.all(
    (['jpeg', 'webp', 'gif'] as const).map((format) => sharp(photo).toFormat(format).toBuffer()),
  );
  for (const bytes of [jpeg, webp, gif]) expect((await predict({ photo: urlOf(bytes) })).error).toBeUndefined();
  expect((await predict({ photo: urlOf(photo.subarray(0, 40)) })).error).toContain("cannot decode 'image'");
});

test.each([
  ['text/plain', 'got text/plain'],
  ['application/x-www-form-urlencoded', 'got application/x-www-form-urlencoded'],
])('refuses Content-Type %s', async (type, message) => {
  const response = await post('{}', { 'content-type': type });
  expect([response.status, (await response.json()).error]).toEqual([415, expect.stringContaining(message)]);
});

test('a packed body is refused', async () => {
  const response = await post('{}', { 'content-type': 'application/json', 'content-encoding': 'gzip' });
  expect(response.status).toBe(415);
});

const CRLF = '\r\n';
const part = (name: string, value: string, more = '') =>
  `--b${CRLF}Content-Disposition: form-data${name}${more}${CRLF}${CRLF}${value}${CRLF}`;

test.each([
  ['no boundary', 'multipart/form-data', '', 'Boundary not found'],
  ['nothing', 'multipart/form-data; boundary=b', '', 'it ends early'],
  ['another boundary', 'multipart/form-data; boundary=c', part('; name="price"', '1'), 'it ends early'],
  ['a field without its end', 'multipart/form-data; boundary=b', part('; name="price"', '1'), 'it ends early'],
  ['a file without its end', 'multipart/form-data; boundary=b', part('; name="photo"; filename="a"', 'x'), 'early'],
  ['a head without its end', 'multipart/form-data; boundary=b', `--b${CRLF}Content-Disp`, 'early'],
  ['a part without a name', 'multipart/form-data; boundary=b', `${part('', '1')}--b--`, 'a part has no name'],
  [
    'too many parts',
    'multipart/form-data; boundary=b',
    `${part('; name="price"', '').repeat(2000)}--b--`,
    '1000 parts',
  ],
  [
    'a cell twice',
    'multipart/form-data; boundary=b',
    `${part('; name="price"', '1').repeat(2)}--b--`,
    'one part, got 2',
  ],
  ['an image as text', 'multipart/form-data; boundary=b', `${part('; name="photo"', 'a.png')}--b--`, 'are not read'],
  [
    'a file as number',
    'multipart/form-data; boundary=b',
    `${part('; name="price"; filename="a"', '1')}--b--`,
    'a file',
  ],
])('refuses a form of %s', async (_, type, body, message) => {
  const response = await post(body, { 'content-type': type });
  expect([response.status, (await response.json()).error]).toEqual([400, expect.stringContaining(message)]);
});

test('the schema says what a row may have', async () => {
  const schema = await (await fetch(`${server.url}/api/schema`)).json();
  expect(schema.target).toEqual({ column: 'label', kind: 'category', classes: TARGETS.category.classes });
  expect(schema.fields.map(({ column, kind }: { column: string; kind: string }) => [column, kind])).toEqual([
    ['title', 'text'],
    ['photo', 'image'],
    ['price', 'number'],
    ['brand', 'category'],
    ['used', 'boolean'],
    ['sold', 'date'],
    ['traits', 'tags'],
  ]);
  expect(schema.fields[3].values).toEqual(expect.arrayContaining(['x', 'y', 'z']));
});

test('metrics count requests, rows and batches', async () => {
  const own = await testServer(predictor());
  const body = JSON.stringify([{ price: 1 }, { price: 2 }]);
  await fetch(`${own.url}/api/predict`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  await fetch(`${own.url}/nowhere`);
  const text = await (await fetch(`${own.url}/metrics`)).text();
  for (const line of [
    'tessera_requests_total{path="/api/predict",status="200"} 1',
    'tessera_requests_total{path="other",status="404"} 1',
    'tessera_request_seconds_count{path="/api/predict"} 1',
    'tessera_rows_total 2',
    'tessera_batch_rows_bucket{le="1"} 0',
    'tessera_batch_rows_bucket{le="2"} 1',
    'tessera_batch_rows_sum 2',
    'tessera_queue_rows 0',
    '# TYPE process_resident_memory_bytes gauge',
  ])
    expect(text.split('\n')).toContain(line);
});

test('health', async () => {
  const response = await fetch(`${server.url}/health`);
  expect([response.status, await response.json()]).toEqual([200, { status: 'ok', name: 'model' }]);
});
