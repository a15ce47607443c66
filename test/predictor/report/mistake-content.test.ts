import { expect, test } from 'vitest';
import type { Cell } from '../../../src/data/table.js';
import { withContent } from '../../../src/predictor/report/mistake-content.js';
import { tableOf } from '../../support/tables.js';

test('of a sequence, the number of its events and the latest ones are shown', async () => {
  const shown = async (cell: Cell) => {
    const schema = { fields: [{ column: 'visits', kind: 'sequence', settings: {} }] };
    const run = { table: tableOf(['visits'], [[cell]]), schema } as never;
    const row = { cells: [cell], file: 'persons.csv', number: 3 };
    return (await withContent({ row: 0, expected: 'a', predicted: 'b' }, row, run, {} as never)).values;
  };
  const visits = [{ days: -459, test: 'hdl', value: 75 }, { days: -3 }];
  expect(await shown(visits)).toEqual([{ name: 'visits', text: '2 events: days -459, test hdl, value 75; days -3' }]);
  const many = Array.from({ length: 20 }, (_, days) => ({ days }));
  expect((await shown(many))[0].text).toMatch(/^20 events, the latest 8: days 12; .*days 19$/);
  expect(await shown(undefined)).toEqual([]);
});
