import { TesseraError, tensor } from '../../tensor/index.js';
import { boolean, finite, positive } from '../../tensor/options.js';
import { dateOf, isMissing, showCell } from '../cells.js';
import { Growable } from '../growable.js';
import type { FieldKind } from './field.js';
import { checkSettings, checkState } from './settings.js';
import { Moments } from './statistics.js';
import { presence } from './storage.js';

/** Settings of a field of dates. */
export interface DateSettings {
  /** Whether 3/5/2024 is in May. Default false: it is in March. */
  readonly dayFirst: boolean;
}

/** The learned state of a field of dates: mean and deviation in days since 1970. */
export interface DateState {
  readonly settings: DateSettings;
  readonly mean: number;
  readonly deviation: number;
}

/** The number of values of a date: sine and cosine of month, weekday and hour, and the standardized days. */
export const DATE_VALUES = 7;
const DAY = 86_400_000;

/**
 * Dates: `values` (rows, 7): sin and cos of 2π · month / 12, of 2π · weekday / 7 and of 2π · hour / 24, and (days -
 * mean) / deviation; 0 where absent. Everything is in UTC, as is a date without a time zone, so that each machine
 * computes the same.
 */
export const date: FieldKind<number, DateSettings, DateState> = {
  kind: 'date',

  settings(chosen) {
    return checkSettings<DateSettings>('date', chosen, { dayFirst: false }, { dayFirst: boolean });
  },

  parse(cell, { dayFirst }) {
    if (isMissing(cell)) return undefined;
    const time = dateOf(cell, dayFirst);
    if (time !== undefined) return time;
    throw new TesseraError(`expected a date, such as 2026-11-26 or 2026-11-26T14:30:00+01:00, got ${showCell(cell)}`);
  },

  learner(settings) {
    const days = new Moments();
    return {
      add(value) {
        if (value !== undefined) days.add(value / DAY);
      },
      finish() {
        if (days.count === 0) throw new TesseraError('no training row has a value');
        return { settings, mean: days.mean, deviation: days.deviation };
      },
    };
  },

  column({ mean, deviation }) {
    const times = new Growable(Float64Array);
    return {
      get size() {
        return times.length;
      },
      add(value) {
        times.push(value ?? Number.NaN);
      },
      async batch(rows) {
        const values = new Float32Array(rows.length * DATE_VALUES);
        rows.forEach((row, index) => {
          const time = times.at(row);
          if (Number.isNaN(time)) return;
          values.set([...cyclicParts(new Date(time)), (time / DAY - mean) / deviation], index * DATE_VALUES);
        });
        return {
          present: presence(rows, (row) => !Number.isNaN(times.at(row))),
          values: tensor(values, [rows.length, DATE_VALUES]),
        };
      },
    };
  },

  parseState(json) {
    return checkState<DateSettings, DateState>(date, json, { mean: finite, deviation: positive });
  },
};

/** Sine and cosine of month, weekday and hour. */
function cyclicParts(value: Date): number[] {
  const turns = [
    value.getUTCMonth() / 12,
    value.getUTCDay() / 7,
    (value.getUTCHours() + value.getUTCMinutes() / 60) / 24,
  ];
  return turns.flatMap((turn) => [Math.sin(2 * Math.PI * turn), Math.cos(2 * Math.PI * turn)]);
}
