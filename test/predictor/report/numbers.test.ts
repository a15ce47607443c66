import { expect, test } from 'vitest';
import {
  bytesText,
  counted,
  differenceText,
  digits,
  intervalText,
  metricText,
  timeText,
} from '../../../src/predictor/report/numbers.js';

test.each([
  [0, '0'],
  [0.27, '0.270'],
  [-0.08391, '−0.0839'],
  [12.345, '12.3'],
  [5, '5'],
  [1234.5, '1,235'],
  [0.00001234, '1.23e-5'],
  [-2.5e12, '−2.50e+12'],
])('%d is written with three digits', (value, text) => {
  expect(digits(value)).toBe(text);
});

test('metrics that are fractions are in percent, and differ by points', () => {
  expect([metricText('accuracy', 0.9149), metricText('rmse', 12)]).toEqual(['91.5%', '12']);
  expect([intervalText('accuracy', [0.5, 0.75]), intervalText('rmse', [1.5, 200])]).toEqual([
    '50.0 to 75.0%',
    '1.50 to 200',
  ]);
  expect([differenceText('accuracy', -0.0123), differenceText('rmse', -3)]).toEqual(['1.2 points', '3']);
});

test('counts, bytes and times have units that fit', () => {
  expect([counted(1, 'row'), counted(1200, 'row')]).toEqual(['1 row', '1,200 rows']);
  expect([0, 1023, 1024, 123_456_789, 2 ** 50].map(bytesText)).toEqual([
    '0 bytes',
    '1,023 bytes',
    '1 KiB',
    '118 MiB',
    '1,024 TiB',
  ]);
  expect([41.26, 5900, 61_000, 7_260_000].map(timeText)).toEqual(['41.3 ms', '5.90 s', '1 min 1 s', '2 h 1 min']);
});
