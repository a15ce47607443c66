import { expect, test } from 'vitest';
import { clientOf, RateLimit } from '../../src/serve/rate-limit.js';

test('a client has bursts of twice the rate, and then the rate', () => {
  let time = 0;
  const limit = new RateLimit(5, () => time);
  const taken = (client: string, count: number) =>
    Array.from({ length: count }, () => {
      try {
        limit.take(client);
        return true;
      } catch {
        return false;
      }
    }).filter(Boolean).length;
  expect(taken('a', 20)).toBe(10);
  expect(taken('b', 1)).toBe(1);
  time = 1000;
  expect(taken('a', 20)).toBe(5);
  time = 1_000_000;
  expect(taken('a', 20)).toBe(10);
});

test('the error says when to come again', () => {
  const limit = new RateLimit(0.1, () => 0);
  limit.take('a');
  expect(() => limit.take('a')).toThrow('expected at most 0.1 requests a second, got more; try again in 10 s');
});

test('no limit, and clients without end', () => {
  const none = new RateLimit(0);
  for (let at = 0; at < 1000; at++) none.take('a');
  const limit = new RateLimit(1, () => 0);
  for (let at = 0; at < 20_000; at++) limit.take(`client ${at}`);
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:10.0.0.7', '10.0.0.7'],
  ['::1', '0:0:0:0'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['2001:db8:1:2:ffff::', '2001:db8:1:2'],
])('the client of %s is %s', (address, client) => {
  expect(clientOf(address)).toBe(client);
});
