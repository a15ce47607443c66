import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { EngineProcess } from '../../bench/peers/child.js';
import { disagreement, expectInstalled } from '../../bench/peers/contest.js';
import { partsAlongLastAxis, permuted } from '../../bench/peers/layout.js';
import { race } from '../../bench/peers/race.js';
import { type ContestRow, geometricMean, type Outcome, ratios, showContest } from '../../bench/peers/table.js';
import { type HostTensor, WORKLOADS } from '../../bench/peers/workloads.js';
import { broken } from './fake-engine.js';

const array = (shape: number[], ...data: number[]): HostTensor => ({ shape, data: Float32Array.from(data) });

describe('an engine in its own process', () => {
  const fake = new URL('fake-engine.ts', import.meta.url);
  const x = array([2, 3], 1, 2, 3, 4, 5, 6);
  let engine: EngineProcess;
  afterEach(() => engine.close());

  test('gives results in the asked order, then times', async () => {
    engine = new EngineProcess(fake);
    expect(await engine.prepare('sum', { x })).toEqual({ outputs: [Float32Array.of(2, 8, 4, 10, 6, 12)] });
    const timed = await engine.time(4);
    expect('times' in timed && timed.times.length).toBe(4);
    expect(await engine.prepare('training step', {})).toEqual({ outputs: [Float32Array.of(3, 2, 1)] });
  });

  test('says why it gives none, and goes on with the next workload', async () => {
    engine = new EngineProcess(fake);
    expect(await engine.prepare('softmax', { x })).toEqual({ why: 'it has no softmax' });
    expect(await engine.prepare('layer norm', { x })).toEqual({ why: 'no memory left' });
    expect(await engine.prepare('sum', { x })).toHaveProperty('outputs');
  });

  test('may crash, and starts again for the next workload', async () => {
    engine = new EngineProcess(fake);
    expect(await engine.prepare('lstm', { x })).toEqual({ why: 'its process ended with 7' });
    expect(await engine.time(1)).toEqual({ why: 'its process has ended' });
    expect(await engine.prepare('sum', { x })).toHaveProperty('outputs');
  });

  test('is ended when it hangs', async () => {
    engine = new EngineProcess(fake, 5000);
    expect(await engine.prepare('conv2d', { x })).toEqual({ why: 'no answer in 5 s' });
  });

  test('is not tried again where it does not start', async () => {
    engine = new EngineProcess(broken);
    const first = await engine.prepare('sum', { x });
    expect(first).toEqual({ why: expect.stringMatching(/^it does not start: no adapter in process \d+$/) });
    expect(await engine.prepare('sum', { x })).toEqual(first);
  });
});

describe('a race', () => {
  const pace = { turn: 10, rounds: [2, 6], spread: 0.1 } as const;

  test('takes turns, with more runs a turn where they are short, until times agree', async () => {
    const turns: [string, number][] = [];
    const engine = (name: string, milliseconds: number) => ({
      time: async (runs: number) => {
        turns.push([name, runs]);
        return { times: new Array<number>(runs).fill(milliseconds) };
      },
    });
    const [short, long] = await race([engine('short', 2), engine('long', 100)], pace);
    expect(turns.slice(2)).toEqual([...pair, ...pair]);
    expect(short).toEqual({ times: new Array(10).fill(2) });
    expect(long).toEqual({ times: [100, 100] });
  });
  const pair = [
    ['short', 5],
    ['long', 1],
  ];

  test('goes on while times spread, and without an engine that fails', async () => {
    let asked = 0;
    const restless = { time: async (runs: number) => ({ times: new Array<number>(runs).fill(++asked) }) };
    let left = 2;
    const failing = { time: async () => (left-- > 0 ? { times: [1] } : { why: 'it crashed' }) };
    const [uneven, none] = await race([restless, failing], { ...pace, turn: 1 });
    expect(uneven).toEqual({ times: [2, 3, 4, 5, 6, 7] });
    expect(none).toEqual({ why: 'it crashed' });
  });
});

describe('the table', () => {
  const columns = [
    { engine: 'Tessera', webgpu: true },
    { engine: 'A', webgpu: true },
    { engine: 'B', webgpu: true },
    { engine: 'C', webgpu: false },
  ];
  const row = (name: string, engine: string, milliseconds: number): ContestRow => ({
    case: name,
    engine,
    milliseconds,
    quartiles: [milliseconds, milliseconds],
    adapter: 'llvmpipe, software',
    gflops: 1,
    gigabytes: 1,
  });
  const rows = [
    ...[row('fast', 'Tessera', 2), row('fast', 'A', 32), row('fast', 'B', 16), row('fast', 'C', 1)],
    ...[row('slow', 'Tessera', 20), row('slow', 'B', 10)],
    ...[row('alone', 'Tessera', 5), row('alone', 'C', 1), row('without us', 'A', 3)],
  ];

  test('compares with the best WebGPU peer of each workload', () => {
    expect([...ratios(rows, columns, 'Tessera')]).toEqual([
      ['fast', 8],
      ['slow', 0.5],
    ]);
    expect(geometricMean([8, 0.5])).toBeCloseTo(2, 12);
  });

  test('names what is slower, what is missing and why, and the adapter', () => {
    const outcomes: Outcome[] = [
      ...rows.map((one) => ({ row: one })),
      { case: 'slow', engine: 'A', why: 'wrong: element 0' },
      { case: 'alone', engine: 'A', why: 'wrong: element 0' },
    ];
    const workloads = ['fast', 'slow', 'alone', 'without us'].map((name) => ({ name }));
    const lines = showContest(outcomes, columns, workloads, { own: 'Tessera', adapter: 'llvmpipe, software' }).split(
      '\n',
    );
    const cells = (name: string) => lines.find((line) => line.startsWith(name))!.split(/\s{2,}/);
    expect(cells('fast')).toEqual(['fast', '2.00', '32.0', '16.0', '1.00', '8.00', '1.0', '1.0']);
    expect(cells('slow')).toEqual(['slow', '20.0', '-', '10.0', '-', '0.50', '1.0', '1.0']);
    expect(cells('without us')).toEqual(['without us', '-', '3.00', '-', '-', '-', '-', '-']);
    expect(lines.join('\n')).toContain('geometric mean 2.00 of 2 workloads, least 0.50');
    expect(lines).toContain('Tessera is slower at: slow');
    expect(lines).toContain('- A (wrong: element 0): slow; alone');
    expect(lines.join('\n')).toContain('llvmpipe, software');
  });
});

test('results are compared by their largest value, and NaN is wrong', () => {
  const expected = [Float32Array.of(100, 1)];
  expect(disagreement([Float32Array.of(100, 1.009)], expected)).toBeUndefined();
  expect(disagreement([Float32Array.of(100, 1.011)], expected)).toMatch(/^wrong: element 1 of result 0/);
  expect(disagreement([Float32Array.of(Number.NaN, 1)], expected)).toMatch(/^wrong: element 0 of result 0 is NaN/);
  expect(disagreement([Float32Array.of(100)], expected)).toMatch(/1 elements, expected 2/);
  expect(disagreement([], expected)).toMatch(/0 results, expected 1/);
});

test('without the peers the error names the command', () => {
  expect(() => expectInstalled(pathToFileURL('/nonexistent/node_modules'))).toThrow(
    'npm ci --prefix bench/peers --ignore-scripts',
  );
});

test('axes and parts change their order', () => {
  const x = array([1, 2, 2, 3], 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  const first = permuted(x, [0, 3, 1, 2]);
  expect(first).toEqual(array([1, 3, 2, 2], 1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12));
  expect(permuted(first, [0, 2, 3, 1])).toEqual(x);
  expect(partsAlongLastAxis(array([2, 4], 1, 2, 3, 4, 5, 6, 7, 8), [1, 0])).toEqual(
    array([2, 4], 3, 4, 1, 2, 7, 8, 5, 6),
  );
});

test('workloads have names of their own, and the same inputs each time', async () => {
  expect(new Set(WORKLOADS.map(({ name }) => name)).size).toBe(WORKLOADS.length);
  const workload = WORKLOADS.find(({ kind }) => kind === 'lstm')!;
  const { x, kernel } = await workload.inputs();
  expect((await workload.inputs()).x).toEqual(x);
  expect(x.data[0]).not.toBe(kernel.data[0]);
});
