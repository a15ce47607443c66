import type { Device, DeviceBuffer, Dispatch } from '../../src/gpu/device.js';
import { openDevice } from '../../src/gpu/open.js';
import { type Roofs, timeAtRoof } from '../../src/kernels/index.js';
import { Generator } from '../../src/tensor/index.js';
import { quantile, type Row, statistics } from '../measure.js';
import type { KernelCase, Rung } from './case.js';

/** A row with what the time comes to. */
export interface KernelRow extends Row {
  /** 10⁹ operations and bytes a second, and the share of the roof that this work could reach. */
  readonly gflops: number;
  readonly gigabytes: number;
  readonly roof: number;
}

/** So many bytes of inputs take turns, and more than a cache holds: at least two sets, at most eight. */
const ROTATED = 2 ** 26;
/** Milliseconds that one submission is to take at least. */
const LONG_ENOUGH = 20;
const MOST_DISPATCHES = 2048;
/** Rounds go on until the middle half lies within 5% of the median, but no longer than this. */
const NARROW = 0.05;
const [FEWEST, MOST] = [7, 25];

type Set = Readonly<Record<string, DeviceBuffer>>;

/** Times every rung of a case, after checking that it computes what the first one's reference says. */
export async function benchCase(device: Device, one: KernelCase, roofs: Roofs): Promise<KernelRow[]> {
  const expected = await valuesOf(await openDevice({ device: 'reference' }), one, one.rungs[0]!);
  const rows: KernelRow[] = [];
  for (const rung of one.rungs) {
    check(one, rung, await valuesOf(device, one, rung), expected);
    const times = await timesOf(device, one, rung);
    const { milliseconds, quartiles } = statistics(times);
    rows.push({
      ...{ case: one.name, engine: rung.name, adapter: device.name, milliseconds, quartiles },
      ...{
        gflops: one.flops / milliseconds / 1e6,
        gigabytes: one.bytes / milliseconds / 1e6,
        roof: timeAtRoof(one, roofs) / milliseconds,
      },
    });
  }
  return rows;
}

function allocate(device: Device, { buffers }: KernelCase, seed: number): Set {
  const generator = new Generator(seed);
  return Object.fromEntries(
    Object.entries(buffers).map(([name, given]) => {
      const values = typeof given === 'number' ? Float32Array.from({ length: given }, () => generator.normal()) : given;
      const buffer = device.allocate(4 * values.length, name);
      device.write(buffer, values);
      return [name, buffer];
    }),
  );
}

const dispatchesOf = ({ steps }: Rung, set: Set): Dispatch[] =>
  steps.map(({ kernel, values, buffers }) => ({
    ...{ kernel, values, label: kernel.name },
    buffers: Object.fromEntries(Object.entries(buffers).map(([binding, name]) => [binding, set[name]!])),
  }));

const lengthOf = ({ buffers }: KernelCase, name: string): number => {
  const given = buffers[name]!;
  return typeof given === 'number' ? given : given.length;
};

async function valuesOf(device: Device, one: KernelCase, rung: Rung): Promise<ArrayLike<number>[]> {
  const set = allocate(device, one, 1);
  const prepared = await device.prepare(dispatchesOf(rung, set));
  const values = await device.submit(prepared, {
    readbacks: one.outputs.map((name) => ({ from: set[name]!, type: 'f32', length: lengthOf(one, name) })),
  });
  prepared.release();
  for (const buffer of Object.values(set)) device.release(buffer);
  if (device.kind === 'reference') device.close();
  return values;
}

/** @throws Error if a rung computes something else: a race of different work tells nothing. */
function check(one: KernelCase, rung: Rung, found: ArrayLike<number>[], expected: ArrayLike<number>[]): void {
  expected.forEach((values, output) => {
    const largest = Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (let at = 0; at < values.length; at++) {
      if (!(Math.abs(found[output]![at]! - values[at]!) <= 1e-4 * largest))
        throw new Error(
          `${one.name}, ${rung.name}: '${one.outputs[output]}' [${at}] is ${found[output]![at]}, expected ${values[at]}`,
        );
    }
  });
}

/** Milliseconds of one run, by rounds: each a submission of many, on inputs that take turns. */
async function timesOf(device: Device, one: KernelCase, rung: Rung): Promise<number[]> {
  const bytes = 4 * Object.keys(one.buffers).reduce((sum, name) => sum + lengthOf(one, name), 0);
  const count = Math.min(8, Math.max(2, Math.ceil(ROTATED / bytes)));
  const sets = Array.from({ length: count }, (_, index) => allocate(device, one, index + 1));
  const submit = async (runs: number): Promise<number> => {
    const dispatches = Array.from({ length: runs }, (_, run) => dispatchesOf(rung, sets[run % count]!)).flat();
    const prepared = await device.prepare(dispatches);
    const time = async () => {
      const begin = performance.now();
      await device.submit(prepared);
      await device.idle();
      return (performance.now() - begin) / runs;
    };
    await time(); // compiles, and brings the uniforms there
    const once = await time();
    if (runs === 1) {
      prepared.release();
      return once;
    }
    const times = [once];
    while (times.length < MOST && (times.length < FEWEST || !isNarrow(times))) times.push(await time());
    prepared.release();
    found = times;
    return quantile(times, 0.5);
  };
  let found: number[] = [];
  const once = await submit(1);
  await submit(Math.max(2, Math.min(MOST_DISPATCHES, Math.ceil(LONG_ENOUGH / once))));
  for (const buffer of sets.flatMap((set) => Object.values(set))) device.release(buffer);
  return found;
}

const isNarrow = (times: readonly number[]): boolean =>
  quantile(times, 0.75) - quantile(times, 0.25) <= NARROW * quantile(times, 0.5);
