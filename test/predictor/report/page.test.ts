import { afterEach, expect, test, vi } from 'vitest';
import type { TaskName } from '../../../src/predictor/metrics.js';
import { reportPage } from '../../../src/predictor/report/page.js';
import type { Report } from '../../../src/predictor/report/report.js';
import { verdictOf } from '../../../src/predictor/report/verdict.js';
import { sampleReport } from '../../support/reports.js';

afterEach(() => vi.doUnmock('echarts'));

const titles = (page: string) => Array.from(page.matchAll(/<h2>(.*?)<\/h2>/g), ([, title]) => title);
const plots = (page: string) => page.match(/<svg /g)?.length ?? 0;

const ALWAYS = ['Data and split', 'What each field adds', 'Training', 'Metrics'];
const END = ['Time, memory and parameters', 'Run it again'];
const SECTIONS: Readonly<Record<TaskName, readonly string[]>> = {
  classification: ['Confusion', 'Precision and recall', 'Calibration', 'Surest mistakes', 'Accuracy by slice'],
  tags: ['Precision and recall', 'Calibration', 'Largest errors', 'Micro F1 by slice'],
  regression: ['Predicted and true values', 'Largest errors', 'Root mean squared error by slice'],
  transcription: ['Largest errors', 'Word error rate by slice'],
};

test.each(['classification', 'tags', 'regression', 'transcription'] as const)(
  '%s: a page with its sections and plots',
  async (task) => {
    const report = sampleReport({ task });
    const page = await reportPage(report);
    expect(titles(page)).toEqual([...ALWAYS, ...SECTIONS[task], ...END]);
    expect(plots(page)).toBe({ classification: 5, tags: 4, regression: 3, transcription: 2 }[task]);
    expect(page.match(/<h1[^>]*>(.*?)<\/h1>/)?.[1].replaceAll('&#39;', "'")).toBe(verdictOf(report));
  },
);

test('the page is one file: it loads nothing and has no scripts', async () => {
  const page = await reportPage(sampleReport({ task: 'classification' }));
  const sources = Array.from(
    page.matchAll(/\s(?:src|href|xlink:href|srcset|action)="([^"]*)"/g),
    ([, source]) => source,
  );
  expect(sources.length).toBeGreaterThan(10);
  expect(sources.filter((source) => !/^(#|data:image\/png;base64,)/.test(source))).toEqual([]);
  expect(page).not.toMatch(/<script|<link|<iframe|@import|url\((?!#)/);
  const others = page.match(/https?:\/\/[^\s"'<]*/g) ?? [];
  expect(others.filter((name) => !name.startsWith('http://www.w3.org/'))).toEqual([]);
  expect(page).toContain("default-src 'none'");
  expect(page).toContain('prefers-color-scheme: dark');
});

test('names and values from tables are text, wherever they are', async () => {
  const hostile = '"><img src=x onerror=alert(1)><script>alert(2)</script>\'\0&amp;';
  const names = [hostile, `${hostile}2`, 'c'];
  const report = sampleReport({ task: 'classification', names });
  const planted: Report = {
    ...report,
    run: hostile,
    target: hostile,
    command: hostile,
    adapter: hostile,
    split: hostile,
    versions: { [hostile]: hostile },
    warnings: [hostile],
    fields: [{ name: hostile, kind: hostile, missing: 0, note: hostile }],
    contributions: { rows: 1, all: 1, fields: [{ name: hostile, alone: 1, without: 0 }] },
    slices: [{ field: hostile, value: hostile, rows: 10, score: 0.5 }],
    mistakes: [
      {
        row: 0,
        expected: hostile,
        predicted: hostile,
        place: hostile,
        values: [{ name: hostile, text: hostile }],
        images: [
          { name: hostile, url: 'data:image/png;base64,AAAA' },
          { name: 'script', url: 'data:image/svg+xml;base64,AAAA' },
          { name: 'elsewhere', url: 'https://example.org/a.png' },
          { name: 'quoted', url: 'data:image/png;base64,AAAA" onerror="alert(1)' },
        ],
      },
    ],
  };
  const page = await reportPage(planted);
  expect(page).not.toMatch(/<script|<img src=x|[\0]/);
  expect(page.match(/<img /g)).toHaveLength(1);
  // Nowhere is a quote of a value the end of an attribute.
  expect(page).not.toMatch(/="[^"]*"><img src=x/);
  expect(page.match(/&lt;script&gt;alert\(2\)&lt;\/script&gt;/g)!.length).toBeGreaterThan(15);
  expect(page).toContain('&amp;amp;');
});

test('what was learned of a field wraps, also where it begins with a number; a difference does not', async () => {
  const page = await reportPage(sampleReport({ task: 'classification' }));
  expect(page).toContain('<td>812 known words, cut at 16</td>');
  expect(page).toMatch(/<td class="number">−[\d.]+ points/);
});

test('what a report lacks is left out', async () => {
  const { contributions, mistakes, slices, confusion, calibration, precisionRecall, balance, ...rest } = sampleReport({
    task: 'classification',
  });
  const page = await reportPage({ ...rest, curves: [] });
  expect(titles(page)).toEqual(['Data and split', 'Metrics', ...END]);
  expect(page).not.toMatch(/undefined|NaN/);
});

test('bars of error rates above 1 are scaled by the largest', async () => {
  const report = sampleReport({ task: 'classification' });
  const slices = [1, 4].map((score) => ({ field: 'speaker', value: `s${score}`, rows: 10, score }));
  const test = { ...report.metrics.test, wordErrorRate: 2 };
  const page = await reportPage({ ...report, metric: 'wordErrorRate', metrics: { ...report.metrics, test }, slices });
  const section = page.slice(page.indexOf('<bdi>s1</bdi>'));
  expect(
    [...section.matchAll(/class="bar"><i style="width:([\d.]+)%"/g)].map(([, width]) => width).slice(0, 2),
  ).toEqual(['25.0', '100.0']);
});

test('many classes have a wide matrix without numbers, and their scores on demand', async () => {
  const names = Array.from({ length: 40 }, (_, at) => `class ${at}`);
  const page = await reportPage(sampleReport({ task: 'classification', names, rows: 800 }));
  expect(page).toContain('<figure class="wide">');
  expect(page).toContain('<summary>Scores of each of the 40 classes</summary>');
  expect(page).toContain('<summary>25 more, with fewer rows</summary>');
});

test('without echarts the page says so, and has all but the plots', async () => {
  vi.doMock('echarts', () => {
    throw new Error('not installed');
  });
  const page = await reportPage(sampleReport({ task: 'classification' }));
  expect(page).toContain(
    'The plots of the report are drawn by echarts, which is not installed; run: npm install echarts',
  );
  expect(titles(page)).toEqual([...ALWAYS, ...SECTIONS.classification, ...END]);
  expect(plots(page)).toBe(0);
});
