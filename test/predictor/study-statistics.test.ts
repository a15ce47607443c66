import { describe, expect, test } from 'vitest';
import type { NumberPredictions, TagPredictions } from '../../src/predictor/metrics.js';
import { differenceOf, spreadOf } from '../../src/predictor/study-statistics.js';
import { summarize } from '../../src/predictor/study-summary.js';
import { Generator } from '../../src/tensor/index.js';

test('the spread is the mean and the standard deviation of a sample', () => {
  expect(spreadOf([1, 2, 3, 6])).toEqual({ mean: 3, deviation: Math.sqrt(14 / 3) });
  expect(spreadOf([5])).toEqual({ mean: 5 });
});

/** Numbers that are off by a normal error of some size, from a seed. */
function numbers(size: number, seed: number, rows = 200): NumberPredictions {
  const generator = new Generator(seed);
  const targets = Array.from({ length: rows }, (_, row) => row % 17);
  return { task: 'regression', targets, outputs: targets.map((target) => target + size * generator.normal()) };
}

describe('the difference of two models', () => {
  const seeds = [1, 2, 3];
  const good = seeds.map((seed) => numbers(1, seed));
  const bad = seeds.map((seed) => numbers(2, seed + 10));
  const alike = seeds.map((seed) => numbers(1, seed + 20));

  test('is positive where the metric is better, and real where it is clear', () => {
    const difference = differenceOf(good, bad, { seed: 0, comparisons: 1 });
    expect(difference.value).toBeGreaterThan(0.7);
    expect(difference.interval[0]).toBeGreaterThan(0.4);
    expect(difference.interval[1]).toBeLessThan(1.6);
    expect(difference.isReal).toBe(true);
    const reversed = differenceOf(bad, good, { seed: 0, comparisons: 1 });
    expect(reversed.value).toBeCloseTo(-difference.value);
    expect(reversed.isReal).toBe(true);
  });

  test('is not real between equal models', () => {
    const { interval, isReal } = differenceOf(good, alike, { seed: 0, comparisons: 1 });
    expect(interval[0]).toBeLessThan(0);
    expect(interval[1]).toBeGreaterThan(0);
    expect(isReal).toBe(false);
    expect(differenceOf(good, good, { seed: 0, comparisons: 1 })).toEqual({
      value: 0,
      interval: [0, 0],
      isReal: false,
    });
  });

  test('needs more evidence where more is compared', () => {
    const slightly = seeds.map((seed) => numbers(1.25, seed + 30, 60));
    const base = seeds.map((seed) => numbers(1, seed, 60));
    const one = differenceOf(base, slightly, { seed: 0, comparisons: 1 });
    const many = differenceOf(base, slightly, { seed: 0, comparisons: 1000 });
    expect(one.interval).toEqual(many.interval);
    expect([one.isReal, many.isReal]).toEqual([true, false]);
  });

  test('of tags resamples rows, however many tags they have', () => {
    const tagged = (tags: readonly string[], seed: number): TagPredictions => {
      const generator = new Generator(seed);
      const rows = Array.from({ length: 50 }, () => [generator.integer(2), generator.uniform()]);
      const [targets, outputs] = [0, 1].map((at) => rows.flatMap((row) => tags.map(() => row[at])));
      return { task: 'tags', tags, targets, outputs };
    };
    const of = (tags: readonly string[]) =>
      differenceOf([tagged(tags, 1)], [tagged(tags, 2)], { seed: 0, comparisons: 1 });
    expect(of(['a', 'the same'])).toEqual(of(['a']));
  });

  test('is of the same rows and seeds', () => {
    expect(() => differenceOf(good, bad.slice(1), { seed: 0, comparisons: 1 })).toThrow('got 3 and 2');
    expect(() => differenceOf(good, [numbers(1, 1, 5), ...bad.slice(1)], { seed: 0, comparisons: 1 })).toThrow(
      'differenceOf: expected predictions of the same rows and seeds',
    );
    expect(() => differenceOf([], [], { seed: 0, comparisons: 1 })).toThrow('got 0 and 0');
  });
});

test('a summary has each model beside the first one', () => {
  const studied = (name: string, size: number, without: Record<string, number>) => ({
    model: { name, fields: Object.keys(without), fusion: 'concatenation', fusionWidth: 8, parameters: 10 } as const,
    clean: [1, 2].map((seed) => numbers(size, seed)),
    noisy: name === 'a' ? [numbers(3, 5)] : [],
    without: [without, without],
  });
  const [first, second] = summarize([studied('a', 1, { x: 2, y: 4 }), studied('b', 2, {})], 0);
  expect(first).toMatchObject({ name: 'a', parameters: 10, withoutOne: { mean: 3, deviation: 0 } });
  expect(first.difference).toBeUndefined();
  expect(first.noisy?.mean).toBeGreaterThan(2.5);
  expect(second.difference?.value).toBeLessThan(-0.7);
  expect([second.withoutOne, second.noisy]).toEqual([undefined, undefined]);
});
