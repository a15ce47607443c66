import { expect, test } from 'vitest';
import type { SequenceSettings } from '../../../src/data/fields/events.js';
import { sequence } from '../../../src/data/fields/sequence.js';
import { encode, learn } from '../../support/fields.js';
import { expectClose } from '../../support/numbers.js';

const settings: Partial<SequenceSettings> = {
  time: { column: 'days', kind: 'number', settings: {} },
  columns: [
    { column: 'test', kind: 'category', settings: {} },
    { column: 'value', kind: 'number', settings: {} },
    { column: 'fasting', kind: 'boolean', settings: {} },
  ],
};
const event = (days: number, test?: string, value?: number, fasting?: boolean) => ({ days, test, value, fasting });
// Five of each test: hdl 40, 45, 50, 55, 60 and glucose 90, 95, 100, 105, 110.
const rows = Array.from({ length: 5 }, (_, at) => [
  event(-10 * at - 4, 'hdl', 40 + 5 * at, true),
  event(-10 * at - 2, 'glucose', 90 + 5 * at),
]);

test('numbers are standardized within the values of the only column of categories', async () => {
  const state = await learn(sequence, rows, settings);
  expect(state).toMatchObject({ length: 4, meanLength: 2, unit: 2, until: 'zero', values: [['hdl', 'glucose']] });
  const [overall, hdl, glucose] = state.scales[0];
  expectClose([hdl.mean, hdl.deviation], [50, Math.sqrt(50)]);
  expectClose([glucose.mean, glucose.deviation], [100, Math.sqrt(50)]);
  expect(overall.mean).toBe(75);
  expect(state.scales[1]).toEqual([{ mean: 0, deviation: 1 }]);
  const { values, known, ids, mask, present, gaps } = await encode(sequence, state, [
    [event(-1, 'glucose', 110), event(-7, 'hdl', undefined, true), event(-3, 'iron', 75, false)],
    undefined,
    [],
  ]);
  expect(present.data).toEqual([1, 0, 0]);
  expect(mask.data).toEqual([1, 1, 1, 0, ...new Array(8).fill(0)]);
  expect([values.shape, ids.shape, gaps.shape]).toEqual([
    [3, 4, 2],
    [3, 4, 1],
    [3, 4, 2],
  ]);
  expectClose(values.data.slice(0, 6), [0, 1, 0, -1, 10 / Math.sqrt(50), 0]);
  expect(known.data.slice(0, 8)).toEqual([0, 1, 1, 1, 1, 0, 0, 0]);
  expect(ids.data.slice(0, 4)).toEqual([2, 1, 3, 0]);
  const scaled = (days: number) => Math.log1p(days / 2);
  expectClose(gaps.data.slice(0, 6), [0, scaled(7), scaled(4), scaled(3), scaled(2), scaled(1)], { absolute: 1e-6 });
});

test('without a category or with several, numbers are standardized together, unless one is named', async () => {
  const of = async (within: string) => (await learn(sequence, rows, { ...settings, within })).scales[0];
  expect(await of('none')).toHaveLength(1);
  expect(await of('test')).toEqual(await of('auto'));
  await expect(of('value')).rejects.toThrow("sequence: within must be 'auto' or 'none' or 'test', got 'value'");
});

test('the latest events are kept: 95% of the rows whole', async () => {
  const time = { time: settings.time };
  const many = (count: number) => Array.from({ length: count }, (_, at) => ({ days: at }));
  const cells = [...Array.from({ length: 96 }, () => many(5)), ...Array.from({ length: 4 }, () => many(100))];
  const state = await learn(sequence, cells, time);
  expect(state).toMatchObject({ length: 8, unit: 1, until: 'last' });
  const { gaps, mask, values, ids } = await encode(sequence, state, [many(100)]);
  expect(mask.data).toEqual(new Array(8).fill(1));
  expect([values, ids]).toEqual([undefined, undefined]);
  expectClose(
    gaps.data.filter((_, at) => at % 2 === 1),
    [7, 6, 5, 4, 3, 2, 1, 0].map((days) => Math.log1p(days)),
    { absolute: 1e-6 },
  );
  expectClose(
    gaps.data.filter((_, at) => at % 2 === 0),
    new Array(8).fill(Math.log1p(1)),
    { absolute: 1e-6 },
  );
  expect((await learn(sequence, cells, { ...time, maximumLength: 6 })).length).toBe(6);
});

test('dates are times, and a list may be JSON', async () => {
  const dated = { ...settings, time: { column: 'day', kind: 'date', settings: {} } } as const;
  const cell = '[{"day": "2026-11-28", "value": 3}, {"day": "2026-11-26", "value": 1}]';
  const state = await learn(sequence, [cell], dated);
  expect(state).toMatchObject({ unit: 2 * 86_400_000, until: 'last' });
  const { gaps } = await encode(sequence, state, [cell]);
  expectClose(gaps.data.slice(0, 4), [0, Math.log(2), Math.log(2), 0], { absolute: 1e-6 });
});

test('what is no list of events is refused, by what is wrong', () => {
  const parse = (cell: unknown) => sequence.parse(cell as string, sequence.settings(settings));
  expect(() => parse('soon')).toThrow("expected a list of events, or its JSON, got 'soon'");
  expect(() => parse(3)).toThrow('expected a list of events, or its JSON, got 3');
  expect(() => parse([3])).toThrow("event 1: expected an object such as { days: 1.5, test: 'a', value: 1.5");
  expect(() => parse([event(1), { day: 3 }])).toThrow(
    "event 2: there is no column 'day' (did you mean 'days'?); there are days, test, value, fasting",
  );
  expect(() => parse([{ value: 3 }])).toThrow("event 1: it has no time: 'days' is absent");
  expect(() => parse([event(1, 'a', 'b' as never)])).toThrow("event 1: column 'value': expected a finite number");
  expect(() => parse([{ days: { value: 3 } }])).toThrow("event 1: column 'days': expected a text, number, boolean or");
  expect(() => parse([event(Number.POSITIVE_INFINITY)])).toThrow("event 1: column 'days': expected a finite number");
});

test('settings and states that do not go together are refused', async () => {
  const twice = { ...settings, columns: [{ column: 'days', kind: 'number', settings: {} }] } as const;
  expect(() => sequence.settings(twice)).toThrow("sequence: the column 'days' is there twice");
  expect(() => sequence.settings({ time: { column: 'x' } as never })).toThrow('sequence: time must be an object {');
  expect(() => sequence.settings({ columns: [{ column: 'x', kind: 'number', settings: { decimal: ':' } }] })).toThrow(
    "decimal must be '.' or ','",
  );
  const state = await learn(sequence, rows, settings);
  expect(() => sequence.parseState({ ...state, length: 999 })).toThrow('length 999 exceeds maximumLength 256');
  expect(() => sequence.parseState({ ...state, scales: [] })).toThrow('do not go with the columns');
});
