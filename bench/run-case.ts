import type { Device, DeviceBuffer, Dispatch, HostArray, Prepared } from '../src/gpu/device.js';
import { lackOf } from '../src/gpu/device.js';
import { openDevice } from '../src/gpu/open.js';
import { greatestCommonDivisor, isNarrow, median } from '../src/gpu/statistics.js';
import { runsToLast, timeSubmission } from '../src/gpu/timer.js';
import { type Roofs, timeAtRoof } from '../src/kernels/index.js';
import { Generator } from '../src/tensor/index.js';
import { disagreesAt, rotatingSets } from '../src/tensor/tune/measure.js';
import type { KernelCase, Rung } from './cases/case.js';
import { type Row, statistics } from './measure.js';

/** The row of a kernel, with its performance in wall-clock time. */
export interface KernelRow extends Row {
  /** The median time on the GPU, each launch in a pass of its own; undefined if timestamps are too coarse. */
  readonly gpuMilliseconds?: number;
  /** The performance in 10⁹ floating-point operations per second. */
  readonly gflops: number;
  /** The memory throughput in 10⁹ bytes per second. */
  readonly gigabytes: number;
  /** The fraction of the performance that the roofline allows. */
  readonly roof: number;
  /** The arithmetic intensity: floating-point operations per byte. */
  readonly intensity: number;
}

export interface CaseOptions {
  /** Whether to run fewer and shorter rounds. */
  readonly quick: boolean;
  readonly roofs: Roofs;
  readonly note: (line: string) => void;
}

const MOST_DISPATCHES = 2048;
/** The minimum milliseconds of one submission, and the minimum and maximum number of rounds, which end once narrow. */
const EFFORT = {
  quick: { longEnough: 5, fewest: 5, most: 9 },
  full: { longEnough: 20, fewest: 7, most: 25 },
} as const;
/** The number of rounds with timestamps. */
const PROFILES = 3;
/** Timestamps are fine enough if their resolution is at most this fraction of the measured time. */
const FINE = 0.01;
/** Up to this many operations, results are compared with the float64 reference, which takes seconds. */
const MOST_REFERENCE_FLOPS = 2 ** 31;

type Contents = Readonly<Record<string, HostArray>>;
type Buffers = Readonly<Record<string, DeviceBuffer>>;

/** Returns the rungs of a case that a device can run, and notes why it cannot run the others. */
export function rungsOf({ name, rungs }: KernelCase, device: Device, note: (line: string) => void): Rung[] {
  return rungs.filter((rung) => {
    const lacking = rung.steps.map(({ kernel }) => lackOf(kernel, device)).find((lack) => lack !== undefined);
    if (lacking !== undefined) note(`${name}: without '${rung.name}': ${lacking}`);
    return lacking === undefined;
  });
}

/** Times each rung of a case that the device can run, after comparing its results with the reference. */
export async function benchCase(device: Device, one: KernelCase, options: CaseOptions): Promise<KernelRow[]> {
  const rungs = rungsOf(one, device, options.note);
  const contents = contentOf(one);
  await verify(device, one, rungs, contents);
  const rows: KernelRow[] = [];
  for (const rung of rungs) {
    const { times, gpuMilliseconds } = await timesOf(device, contents, rung, options.quick);
    const { milliseconds, quartiles } = statistics(times);
    rows.push({
      case: one.name,
      engine: rung.name,
      adapter: device.name,
      milliseconds,
      quartiles,
      ...(gpuMilliseconds === undefined ? {} : { gpuMilliseconds }),
      gflops: one.flops / milliseconds / 1e6,
      gigabytes: one.bytes / milliseconds / 1e6,
      roof: timeAtRoof(one, options.roofs) / milliseconds,
      intensity: one.flops / one.bytes,
    });
  }
  return rows;
}

/**
 * Compares the results of rungs with the float64 reference of the first one or, for large cases, with the first one.
 * @throws Error if a result differs, as timing different computations is meaningless.
 */
export async function verify(
  device: Device,
  one: KernelCase,
  rungs: readonly Rung[],
  contents: Contents = contentOf(one),
): Promise<void> {
  const referee = one.flops <= MOST_REFERENCE_FLOPS ? await openDevice({ device: 'reference' }) : device;
  const expected = await valuesOf(referee, one, one.rungs[0], contents);
  if (referee !== device) referee.close();
  for (const rung of rungs) check(one, rung, await valuesOf(device, one, rung, contents), expected);
}

/** Returns the initial content of each buffer of a case. */
function contentOf({ buffers }: KernelCase): Contents {
  const generator = new Generator(1);
  return Object.fromEntries(
    Object.entries(buffers).map(([name, given]) => [
      name,
      typeof given === 'number' ? Float32Array.from({ length: given }, () => generator.normal()) : given,
    ]),
  );
}

async function allocate(device: Device, contents: Contents): Promise<Buffers> {
  const buffers: Record<string, DeviceBuffer> = {};
  for (const [name, values] of Object.entries(contents)) {
    buffers[name] = await device.allocate(4 * values.length, name);
    device.write(buffers[name], values);
  }
  return buffers;
}

const dispatchesOf = ({ steps }: Rung, set: Buffers): Dispatch[] =>
  steps.map(({ kernel, values, buffers }) => ({
    kernel,
    uniforms: values,
    label: kernel.name,
    bindings: Object.fromEntries(Object.entries(buffers).map(([binding, name]) => [binding, set[name]])),
  }));

async function valuesOf(
  device: Device,
  { outputs }: KernelCase,
  rung: Rung,
  contents: Contents,
): Promise<ArrayLike<number>[]> {
  const set = await allocate(device, contents);
  const prepared = await device.prepare(dispatchesOf(rung, set));
  const values = await device.submit(prepared, {
    readbacks: outputs.map((name) => ({ from: set[name], type: 'f32', length: contents[name].length })),
  });
  prepared.release();
  for (const buffer of Object.values(set)) device.release(buffer);
  return values;
}

function check(one: KernelCase, rung: Rung, found: ArrayLike<number>[], expected: ArrayLike<number>[]): void {
  expected.forEach((values, output) => {
    const at = disagreesAt(found[output], values);
    if (at >= 0)
      throw new Error(
        `${one.name}, ${rung.name}: '${one.outputs[output]}' [${at}] is ${found[output][at]}, expected ${values[at]}`,
      );
  });
}

/**
 * Measures the milliseconds per run in each round; a round is one submission of many runs over rotating buffer sets.
 */
async function timesOf(
  device: Device,
  contents: Contents,
  rung: Rung,
  quick: boolean,
): Promise<{ times: number[]; gpuMilliseconds: number | undefined }> {
  const { longEnough, fewest, most } = EFFORT[quick ? 'quick' : 'full'];
  const bytes = 4 * Object.values(contents).reduce((sum, { length }) => sum + length, 0);
  const sets: Buffers[] = [];
  while (sets.length < rotatingSets(bytes)) sets.push(await allocate(device, contents));
  const prepare = (runs: number) =>
    device.prepare(Array.from({ length: runs }, (_, run) => dispatchesOf(rung, sets[run % sets.length])).flat());

  const alone = await prepare(1);
  await timeSubmission(device, alone); // the first run compiles and uploads the uniforms
  const once = await timeSubmission(device, alone);
  alone.release();

  const room = Math.floor(MOST_DISPATCHES / rung.steps.length);
  const runs = Math.max(2, runsToLast(longEnough, once, room));
  const many = await prepare(runs);
  await timeSubmission(device, many);
  const times: number[] = [];
  while (times.length < most && (times.length < fewest || !isNarrow(times)))
    times.push((await timeSubmission(device, many)) / runs);
  const gpuMilliseconds = device.features.has('timestamp-query') ? await gpuTime(device, many, runs) : undefined;
  many.release();
  for (const buffer of sets.flatMap((set) => Object.values(set))) device.release(buffer);
  return { times, gpuMilliseconds };
}

/** Measures the median milliseconds per run on the GPU by timestamps; undefined if these are too coarse. */
async function gpuTime(device: Device, prepared: Prepared, runs: number): Promise<number | undefined> {
  const launches: number[] = [];
  for (let round = 0; round < PROFILES; round++) launches.push(...(await device.profile(prepared)));
  const steps = prepared.dispatches.length / runs;
  const sums = Array.from({ length: PROFILES * runs }, (_, run) =>
    launches.slice(run * steps, (run + 1) * steps).reduce((sum, one) => sum + one, 0),
  );
  const middle = median(sums);
  const fine = middle > 0 && greatestCommonDivisor(launches) <= FINE * (middle / steps);
  return fine ? middle / 1e6 : undefined;
}
