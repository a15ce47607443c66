import { expect, test } from 'vitest';
import { DATE_VALUES, date } from '../../../src/data/fields/date.js';
import { encode, learn } from '../../support/fields.js';
import { expectClose } from '../../support/numbers.js';

test('a date is sine and cosine of month, weekday and hour, and its standardized day', async () => {
  const state = await learn(date, ['2026-01-01', '2026-01-03']);
  expect(state.deviation).toBe(1);
  // 1 April 2026 is a Wednesday.
  const { values, present } = await encode(date, state, ['2026-04-01T06:00', '2026-01-03', undefined]);
  expect(values.shape).toEqual([3, DATE_VALUES]);
  const weekday = (2 * Math.PI * 3) / 7;
  expectClose(values.data.slice(0, 7), [1, 0, Math.sin(weekday), Math.cos(weekday), 1, 0, 89.25]);
  expectClose([values.data[13]], [1]);
  expect(values.data.slice(14)).toEqual(Array(7).fill(0));
  expect(present.data).toEqual([1, 1, 0]);
});

test('dates are in UTC, and days that do not exist are refused', () => {
  const settings = date.settings({});
  const time = Date.UTC(2026, 10, 26, 13, 30);
  for (const cell of ['2026-11-26T13:30', '2026-11-26T14:30:00+01:00', '2026-11-26 13:30:00Z', new Date(time)])
    expect(date.parse(cell, settings), String(cell)).toBe(time);
  for (const cell of ['2026-02-30', '2026-13-01', '2026-01-01T25:00', 'tomorrow', 20260101])
    expect(() => date.parse(cell, settings), String(cell)).toThrow('expected a date, such as 2026-11-26');
  expect(date.parse('3/5/2024', date.settings({ dayFirst: true }))).toBe(Date.UTC(2024, 4, 3));
});
