import type { Interval } from '../metrics/bootstrap.js';
import { METRICS } from '../metrics.js';

/** A number with three significant digits, and separated thousands. */
export function digits(value: number): string {
  const size = Math.abs(value);
  const text =
    value !== 0 && (size < 1e-3 || size >= 1e9)
      ? value.toExponential(2)
      : value.toLocaleString(
          'en-US',
          size >= 100 ? { maximumFractionDigits: 0 } : significant(Number.isInteger(value) ? 1 : 3),
        );
  return text.replace(/^-/, '−');
}

const significant = (least: number) => ({ minimumSignificantDigits: least, maximumSignificantDigits: 3 });

/** A count. */
export const count = (value: number): string => value.toLocaleString('en-US');

/** A count and what is counted: `1 row`, `2,000 rows`. */
export const counted = (value: number, what: string): string => `${count(value)} ${what}${value === 1 ? '' : 's'}`;

/** A fraction in percent. */
export const percent = (value: number): string => `${(100 * value).toFixed(1)}%`;

/** The value of a metric. */
export const metricText = (metric: string, value: number): string =>
  METRICS[metric].isFraction ? percent(value) : digits(value);

/** An interval of a metric: `74.1 to 82.0%`. */
export function intervalText(metric: string, [low, high]: Interval): string {
  return METRICS[metric].isFraction
    ? `${(100 * low).toFixed(1)} to ${percent(high)}`
    : `${digits(low)} to ${digits(high)}`;
}

/** The difference of two values of a metric, without a sign: fractions differ by points. */
export const differenceText = (metric: string, value: number): string =>
  METRICS[metric].isFraction ? `${(100 * Math.abs(value)).toFixed(1)} points` : digits(Math.abs(value));

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A number of bytes. */
export function bytesText(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${digits(bytes / 1024 ** unit)} ${UNITS[unit]}`;
}

/** A time. */
export function timeText(milliseconds: number): string {
  if (milliseconds < 1000) return `${digits(milliseconds)} ms`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${digits(milliseconds / 1000)} s`;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${seconds % 60} s`;
}
