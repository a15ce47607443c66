import { afterEach, expect, test, vi } from 'vitest';
import { compareRuns } from '../../../src/predictor/comparison/comparison.js';
import { comparisonPage } from '../../../src/predictor/comparison/page.js';
import { sampleRun } from '../../support/comparisons.js';

afterEach(() => vi.doUnmock('echarts'));

const titles = (page: string) => Array.from(page.matchAll(/<h2>(.*?)<\/h2>/g), ([, title]) => title);
const plots = (page: string) => page.match(/<svg /g)?.length ?? 0;
const pageOf = (...runs: Parameters<typeof sampleRun>[0][]) => comparisonPage(compareRuns(runs.map(sampleRun)));

test('a page of runs of one task has their metrics with intervals and two plots of curves', async () => {
  const page = await pageOf({ run: 'runs/a' }, { run: 'runs/b', skill: 0.3, config: { seed: 9 } });
  expect(titles(page)).toEqual(['Metrics on test rows', 'Training', 'Settings that differ', 'Rows, steps and time']);
  expect(plots(page)).toBe(2);
  expect(page).toMatch(/<bdi>runs\/b<\/bdi><\/td><td>.*?<strong>\d+\.\d%<\/strong> <small>\d+\.\d to \d+\.\d%/);
  expect(page).not.toMatch(/<script|<link|<iframe|\s(src|href)="/);
});

test('runs that share no metric have no curves, and an unfinished run no metrics', async () => {
  const page = await pageOf({ run: 'a' }, { run: 'b', task: 'regression', isFinished: false });
  expect(titles(page)).toEqual(['Metrics on test rows', 'Settings that differ', 'Rows, steps and time']);
  expect(page).toContain('<li>the runs have different tasks');
  const other = await pageOf({ run: 'a' }, { run: 'b', task: 'regression' });
  expect([titles(other)[0], plots(other)]).toEqual(['Settings that differ', 0]);
});

test('lines beyond the colors differ by dashes', async () => {
  const page = await pageOf(...Array.from({ length: 8 }, (_, at) => ({ run: `runs/${at}` })));
  expect(page).toContain('border-top:3px solid var(--color-6)');
  expect(page).toContain('border-top:3px dashed var(--color-1)');
  expect(page).toMatch(/<path[^>]*stroke="var\(--color-1\)"[^>]*stroke-dasharray/);
});

test('names are text, wherever they are', async () => {
  const hostile = '"><img src=x onerror=alert(1)>';
  const page = await pageOf(
    { run: hostile },
    { run: 'b', config: { table: { files: [hostile], onError: 'stop' } } },
    { run: 'c', task: 'regression' },
  );
  expect(page).not.toContain('<img');
});

test('without echarts the page has its tables, and says what is missing', async () => {
  vi.resetModules();
  vi.doMock('echarts', () => {
    throw new Error('not installed');
  });
  const { comparisonPage: makePage } = await import('../../../src/predictor/comparison/page.js');
  const page = await makePage(compareRuns([sampleRun({ run: 'a' }), sampleRun({ run: 'b' })]));
  expect([plots(page), titles(page).length]).toEqual([0, 4]);
  expect(page).toContain('npm install echarts');
});
