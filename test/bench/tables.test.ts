import { describe, expect, test } from 'vitest';
import { rewriteFigures } from '../../bench/report/documents.js';
import { ladderPlot, rooflinePlot } from '../../bench/report/plots.js';
import { byCase, digits, forMarkdown, ladderCells, rowCells, showLadders } from '../../bench/report/tables.js';
import type { KernelRow } from '../../bench/run-case.js';

const rung = (engine: string, milliseconds: number, rest: Partial<KernelRow> = {}): KernelRow => ({
  case: 'matmul 2 x 2 x 2',
  engine,
  adapter: 'lavapipe, software',
  milliseconds,
  quartiles: [milliseconds, milliseconds],
  gflops: 16 / milliseconds,
  gigabytes: 48 / milliseconds,
  roof: 1 / milliseconds,
  intensity: 1 / 3,
  ...rest,
});
const rungs = [rung('naive', 8), rung('tiled', 2), rung('register', 4)];

test('numbers keep three digits', () => {
  expect([0.01234, 1.234, 12.34, 1234, 0].map(digits)).toEqual(['0.0123', '1.23', '12.3', '1234', '0']);
});

describe('a ladder', () => {
  test('says what each rung gains over the one before, and how near to the roof it comes', () => {
    const { head, rows } = ladderCells(rungs);
    expect(head).toEqual(['rung', 'ms', 'quartiles', 'gain', 'GFLOP/s', 'GB/s', 'of the roof']);
    expect(rows.map((cells) => [cells[0], cells[3], cells[6]])).toEqual([
      ['naive', '', '13%'],
      ['tiled', 'x 4.00', '50%'],
      ['register', 'x 0.50', '25%'],
    ]);
  });

  test('shows GPU time where some rung has it, and no operations where there are none', () => {
    const moved = [rung('a', 8, { gflops: 0, gpuMilliseconds: 4 }), rung('b', 2, { gflops: 0 })];
    const { head, rows } = ladderCells(moved);
    expect(head).toEqual(['rung', 'ms', 'quartiles', 'GPU ms', 'gain', 'GB/s', 'of the roof']);
    expect(rows.map((cells) => cells[3])).toEqual(['4.00', '-']);
  });

  test('names its adapter, and that it is software', () => {
    expect(showLadders(rungs)).toContain('matmul 2 x 2 x 2, on lavapipe, software\n');
    expect(rowCells(rungs).rows[0]).toContain('lavapipe, software');
    expect(ladderPlot('matmul', rungs, true)).toContain('a software adapter');
    expect(ladderPlot('matmul', rungs, false)).not.toContain('a software adapter');
  });

  test('is a table of Markdown', () => {
    expect(forMarkdown({ head: ['a', 'b'], rows: [['x', '1']], numbers: [1] })).toBe(
      '| a | b |\n| --- | ---: |\n| x | 1 |',
    );
  });

  test('needs two rungs to be drawn', () => {
    expect(ladderPlot('matmul', rungs.slice(0, 1), true)).toBeUndefined();
  });
});

test('rows are grouped by case, in order', () => {
  const other = rung('naive', 1, { case: 'other' });
  expect([...byCase([rungs[0], other, rungs[1]])]).toEqual([
    ['matmul 2 x 2 x 2', [rungs[0], rungs[1]]],
    ['other', [other]],
  ]);
});

test('a roofline shows the fastest rung of the largest case of each work, and leaves out what computes nothing', () => {
  const roofs = { flops: 1e11, bytes: 1e10, copy: 1e10, dispatch: 0.01, upload: 1e9, readback: 1e9 };
  const families = new Map([
    ['matmul', [rung('naive', 1, { case: 'matmul 1 x 1 x 1', gflops: 2 }), ...rungs]],
    ['movement', [rung('copy', 1, { case: 'copy of 7', gflops: 0, intensity: 0 })]],
  ]);
  const svg = rooflinePlot(families, roofs, true)!;
  expect(svg.match(/matmul 2 x 2 x 2/g)).toHaveLength(1);
  expect(svg).not.toContain('copy of 7');
  expect(svg).not.toContain('matmul 1 x 1 x 1');
  expect(rooflinePlot(new Map([...families].slice(1)), roofs, true)).toBeUndefined();
  expect(svg).not.toContain('f16');
  expect(svg).toContain('a software adapter');
  expect(rooflinePlot(families, { ...roofs, f16Flops: 2e11 }, true)).toContain('dashed, f16: 200 GFLOP/s');
});

describe('figures of a page', () => {
  const page =
    'before\n<!-- figures: a -->\nold\n<!-- end of figures -->\nafter\n<!-- figures: b -->\n<!-- end of figures -->\n';

  test('are put between their marks, and again', () => {
    const once = rewriteFigures(page, 'a', 'new');
    expect(once).toContain('before\n<!-- figures: a -->\n\nnew\n\n<!-- end of figures -->\nafter\n<!-- figures: b -->');
    expect(rewriteFigures(once, 'a', 'new')).toBe(once);
    expect(rewriteFigures(page, 'b', 'new')).toContain('old');
  });

  test.each([
    ['no mark', 'text'],
    ['no end', '<!-- figures: a -->'],
    ['two marks', page + page],
  ])('%s is an error that names it', (_, text) => {
    expect(() => rewriteFigures(text, 'a', 'new')).toThrow("expected '<!-- figures: a -->' once");
  });
});
