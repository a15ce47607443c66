import { TesseraError, tensor } from '../../tensor/index.js';
import { type Check, finite, listOf, oneOf, positive, positiveInteger } from '../../tensor/options.js';
import { Growable } from '../growable.js';
import { Reservoir } from '../reservoir.js';
import { isObject } from '../row-objects.js';
import { category } from './category.js';
import {
  categoriesOf,
  type EventColumn,
  type Events,
  numbersOf,
  parseEvents,
  type SequenceSettings,
  sequenceSettings,
} from './events.js';
import type { FieldKind } from './field.js';
import { Lengths, lengthClass } from './lengths.js';
import { checkState, distinctStrings } from './settings.js';
import { Frequencies, Moments } from './statistics.js';
import { presence } from './storage.js';

/** Mean and deviation of a column of numbers. */
interface Scale {
  readonly mean: number;
  readonly deviation: number;
}

/** The learned state of a field of sequences. */
export interface SequenceState {
  readonly settings: SequenceSettings;
  /** The number of latest events that are kept: a class of lengths that holds 95% of the training rows whole. */
  readonly length: number;
  /** The mean number of events of the training rows that have some. */
  readonly meanLength: number;
  /** The median of the times between an event and the one before, where that is not 0. */
  readonly unit: number;
  /**
   * What the second gap of an event is measured to: the last event of the row; or 0, the time of the prediction, where no
   * training row has an event after it.
   */
  readonly until: 'last' | 'zero';
  /** The values of each column of categories by falling frequency; they have the ids 2, 3, ... */
  readonly values: readonly (readonly string[])[];
  /**
   * The scales of each column of numbers and booleans: that of all values, and where numbers are standardized within a
   * category, that of each of its values; of booleans, mean 0 and deviation 1.
   */
  readonly scales: readonly (readonly Scale[])[];
}

/** The gaps of an event: to the one before, and to the last one or the time of the prediction. */
export const GAPS = 2;
const [ABSENT, RARE, FIRST] = [0, 1, 2];
/** The largest standardized number. */
const LIMIT = 10;
/** Fewer numbers of a category have no scale of their own. */
const FEWEST = 5;
/** The longest gap: the difference of the largest numbers would overflow. */
const LONGEST = 1e300;
/** The size of the sample of gaps that the median is computed from. */
const SAMPLE = 10_000;
/** The number of categories that can have a scale of their own. */
const MOST_SCALES = 10_000;

/** The position among the columns of categories of the one within which numbers are standardized; -1 for none. */
function withinAt(settings: SequenceSettings): number {
  const columns = categoriesOf(settings);
  if (settings.within === 'auto') return columns.length === 1 ? 0 : -1;
  return columns.findIndex(({ column }) => column === settings.within);
}

/**
 * Sequences of events, such as measurements with their dates: for each event
 *
 *   `values`, `known` (rows, time, numbers): (x - mean) / deviation, within ±10, and 1; both 0 where absent
 *   `ids` (rows, time, categories), i32: 0 where absent, 1 for rare and unseen values, then the values by frequency
 *   `gaps` (rows, time, 2): ln(1 + gap / unit) of the time since the event before, and of the time until the last one,
 *   or until 0, the time of the prediction
 *
 * and `mask` (rows, time), 1 for an event. The latest events are kept, in the order of time. The time is that of the
 * longest row, rounded up to 4, 8, 16, ... There are no `values` without numbers, and no `ids` without categories.
 */
export const sequence: FieldKind<Events, SequenceSettings, SequenceState> = {
  kind: 'sequence',

  settings: sequenceSettings,

  parse: parseEvents,

  learner(settings) {
    const lengths = new Lengths(settings.maximumLength);
    const gaps = new Reservoir<number>(SAMPLE);
    const columns = numbersOf(settings);
    const moments = columns.map(() => new Moments());
    const ofCategory = columns.map(() => new Map<string, Moments>());
    const counts = categoriesOf(settings).map(() => new Frequencies());
    const within = withinAt(settings);
    let [latest, events] = [Number.NEGATIVE_INFINITY, 0];
    const addEvent = (numbers: readonly number[], categories: readonly (string | undefined)[]): void => {
      categories.forEach((value, at) => {
        if (value !== undefined) counts[at].add(value);
      });
      const category = within < 0 ? undefined : categories[within];
      numbers.forEach((value, at) => {
        if (Number.isNaN(value)) return;
        moments[at].add(value);
        if (category === undefined) return;
        const own = ofCategory[at].get(category) ?? new Moments();
        if (own.count > 0 || ofCategory[at].size < MOST_SCALES) ofCategory[at].set(category, own);
        own.add(value);
      });
    };
    return {
      add(row) {
        if (row === undefined) return;
        const { times, numbers, categories } = row;
        lengths.add(times.length);
        events += times.length;
        latest = Math.max(latest, times[times.length - 1]);
        times.forEach((time, at) => {
          const gap = at === 0 ? 0 : time - times[at - 1];
          if (gap > 0) gaps.offer(() => Math.min(gap, LONGEST));
          addEvent(numbers[at], categories[at]);
        });
      },
      finish() {
        if (lengths.rows === 0) throw new TesseraError('no training row has an event');
        const values = categoriesOf(settings).map(({ settings: chosen }, at) => {
          const { size, minimumCount } = category.settings(chosen);
          return counts[at].most(size, minimumCount);
        });
        const scaleOf = (column: EventColumn, own: Moments | undefined, all: Moments): Scale => {
          const { mean, deviation } = own === undefined || own.count < FEWEST ? all : own;
          if (column.kind === 'boolean' || all.count === 0) return { mean: 0, deviation: 1 };
          if (Number.isFinite(mean) && Number.isFinite(deviation)) return { mean, deviation };
          throw new TesseraError(`the numbers of the events' column '${column.column}' are too large for a deviation`);
        };
        return {
          settings,
          length: lengths.kept,
          meanLength: events / lengths.rows,
          unit: medianOf(gaps.items) ?? 1,
          until: settings.time.kind === 'number' && latest <= 0 ? 'zero' : 'last',
          values,
          scales: columns.map((column, at) => [
            scaleOf(column, undefined, moments[at]),
            ...(within < 0 || column.kind === 'boolean'
              ? []
              : values[within].map((value) => scaleOf(column, ofCategory[at].get(value), moments[at]))),
          ]),
        };
      },
    };
  },

  column({ settings, length, unit, until, values, scales }) {
    const idOf = values.map((known) => new Map(known.map((value, index) => [value, index + FIRST])));
    const within = withinAt(settings);
    const [width, categories] = [scales.length, values.length];
    const ends = new Growable(Uint32Array);
    // One after the other: of each event its numbers and gaps, and its ids.
    const floats = new Growable(Float32Array);
    const ids = new Growable(Int32Array);
    const begin = (row: number): number => (row === 0 ? 0 : ends.at(row - 1));
    const lengthOf = (row: number): number => ends.at(row) - begin(row);
    const padded = (row: number): number => Math.min(lengthClass(lengthOf(row)), length);
    const scaledGap = (gap: number): number => Math.log1p(Math.min(Math.max(gap, 0), LONGEST) / unit);
    return {
      get size() {
        return ends.length;
      },
      add(events) {
        const { times = [], numbers = [], categories = [] }: Partial<Events> = events ?? {};
        const end = until === 'zero' ? 0 : times[times.length - 1];
        const first = Math.max(0, times.length - length);
        for (let at = first; at < times.length; at++) {
          const own = categories[at].map((value, column) =>
            value === undefined ? ABSENT : (idOf[column].get(value) ?? RARE),
          );
          numbers[at].forEach((value, column) => {
            const { mean, deviation } = scales[column][own[within] - FIRST + 1] ?? scales[column][0];
            floats.push(Math.min(Math.max((value - mean) / deviation, -LIMIT), LIMIT));
          });
          floats.push(at === 0 ? 0 : scaledGap(times[at] - times[at - 1]));
          floats.push(scaledGap(end - times[at]));
          for (const id of own) ids.push(id);
        }
        ends.push(begin(ends.length) + times.length - first);
      },
      async batch(rows) {
        const time = rows.reduce((longest, row) => Math.max(longest, padded(row)), 0);
        const size = rows.length * time;
        const mask = new Float32Array(size);
        const [value, known] = [new Float32Array(size * width), new Float32Array(size * width)];
        const gaps = new Float32Array(size * GAPS);
        const id = new Int32Array(size * categories);
        rows.forEach((row, index) => {
          for (let at = 0; at < lengthOf(row); at++) {
            const [from, to] = [begin(row) + at, index * time + at];
            mask[to] = 1;
            for (let column = 0; column < width; column++) {
              const number = floats.at(from * (width + GAPS) + column);
              value[to * width + column] = number || 0;
              known[to * width + column] = Number(!Number.isNaN(number));
            }
            for (let gap = 0; gap < GAPS; gap++) gaps[to * GAPS + gap] = floats.at(from * (width + GAPS) + width + gap);
            for (let column = 0; column < categories; column++)
              id[to * categories + column] = ids.at(from * categories + column);
          }
        });
        return {
          present: presence(rows, (row) => lengthOf(row) > 0),
          ...(width > 0 && {
            values: tensor(value, [rows.length, time, width]),
            known: tensor(known, [rows.length, time, width]),
          }),
          ...(categories > 0 && { ids: tensor(id, [rows.length, time, categories]) }),
          gaps: tensor(gaps, [rows.length, time, GAPS]),
          mask: tensor(mask, [rows.length, time]),
        };
      },
      lengthOf: padded,
    };
  },

  parseState(json) {
    const state = checkState<SequenceSettings, SequenceState>(sequence, json, {
      length: positiveInteger,
      meanLength: positive,
      unit: positive,
      until: oneOf('last', 'zero'),
      values: listOf(distinctStrings),
      scales: listOf(listOf(scale)),
    });
    const { settings, length, values, scales } = state;
    if (length > settings.maximumLength)
      throw new TesseraError(`sequence state: length ${length} exceeds maximumLength ${settings.maximumLength}`);
    const fits = values.length === categoriesOf(settings).length && scales.length === numbersOf(settings).length;
    if (!fits || scales.some((own) => own.length === 0))
      throw new TesseraError('sequence state: values and scales do not go with the columns of the settings');
    return state;
  },
};

function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

const scale: Check = {
  expected: 'a mean and a positive deviation',
  fits: (value) => isObject(value) && finite.fits(value.mean) && positive.fits(value.deviation),
};
