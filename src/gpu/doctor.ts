import { advice, fingerprintOf, platform, readTuning, searchAdapter, tuningFile } from '#webgpu';
import { type AdapterDescription, type Attempt, describeAdapter, type FoundAdapter } from './adapter.js';
import { greatestCommonDivisor } from './statistics.js';

/** An adapter, and the features that Dawn offers without Tessera's toggles. */
export interface Candidate extends AdapterDescription {
  readonly featuresWithoutToggles: readonly string[];
}

/** What `tessera doctor` reports on a machine; plain data. */
export interface Diagnosis {
  /** The adapter that would be used; null if only the reference device is available. */
  readonly adapter: AdapterDescription | null;
  /** The adapters that would be passed over before it, and why. */
  readonly passedOver: readonly Attempt[];
  /** All adapters found, in order of preference. */
  readonly adapters: readonly Candidate[];
  readonly limits: Readonly<Record<string, number>>;
  /** The resolution of timestamps: the greatest common divisor of their differences; null without timestamps. */
  readonly timestampNanoseconds: number | null;
  /** The smallest difference between two timestamps that was observed; null without timestamps. */
  readonly smallestTimestampDifference: number | null;
  readonly wgslLanguageFeatures: readonly string[];
  /** The file of the adapter's measurements and their number; null if there are none. */
  readonly tuning: { readonly file: string; readonly choices: number } | null;
  readonly platform: Readonly<Record<string, string>>;
  readonly advice: readonly string[];
}

/** Examines all adapters. It does not throw if something is missing, but reports it in `passedOver` and `advice`. */
export async function diagnose(): Promise<Diagnosis> {
  const adapters: Candidate[] = [];
  for (const from of ['hardware', 'system-software', 'swiftshader'] as const) {
    const { found } = await searchAdapter({ from });
    if (found === null) continue;
    const { found: plain } = await searchAdapter({ from, toggles: false });
    adapters.push({ ...describeAdapter(found), featuresWithoutToggles: [...(plain?.adapter.features ?? [])].sort() });
    plain?.release();
    found.release();
  }
  const { found, passedOver } = await searchAdapter();
  const adapter = found === null ? null : describeAdapter(found);
  const todo = advice(adapter?.kind ?? null);
  let steps: TimestampSteps | null = null;
  try {
    steps = found === null ? null : await timestampSteps(found);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    todo.unshift(`${found?.name} was found but does not work: ${why}; update its driver, or choose another adapter`);
  }
  const tuning = found === null ? null : await tuningOf(found);
  found?.release();
  return {
    adapter,
    passedOver,
    adapters,
    limits: adapter?.limits ?? {},
    timestampNanoseconds: steps?.common ?? null,
    smallestTimestampDifference: steps?.smallest ?? null,
    wgslLanguageFeatures: found?.languageFeatures ?? [],
    tuning,
    platform: platform(),
    advice: todo,
  };
}

async function tuningOf({ adapter }: FoundAdapter): Promise<Diagnosis['tuning']> {
  const fingerprint = fingerprintOf(adapter);
  const file = tuningFile(fingerprint);
  const { size } = await readTuning(fingerprint);
  return file === undefined || size === 0 ? null : { file, choices: size };
}

interface TimestampSteps {
  readonly common: number;
  readonly smallest: number;
}

/** The passes of one submission; each writes two timestamps. */
const PASSES = 64;
/** Several submissions, apart in time, show more than one step of a coarse clock. */
const SUBMISSIONS = 4;

/**
 * Measures the steps of timestamps at the boundaries of empty passes; null if they are not supported or never change.
 */
async function timestampSteps({ adapter }: FoundAdapter): Promise<TimestampSteps | null> {
  if (!adapter.features.has('timestamp-query')) return null;
  const device = await adapter.requestDevice({ requiredFeatures: ['timestamp-query'] });
  try {
    const stamps = new Set<bigint>();
    for (let submission = 0; submission < SUBMISSIONS; submission++) {
      for (const stamp of await timestamps(device)) stamps.add(stamp);
    }
    const sorted = [...stamps].sort((a, b) => (a < b ? -1 : 1));
    const differences = sorted.slice(1).map((stamp, index) => Number(stamp - sorted[index]));
    if (differences.length === 0) return null;
    return { common: greatestCommonDivisor(differences), smallest: Math.min(...differences) };
  } finally {
    device.destroy();
  }
}

async function timestamps(device: GPUDevice): Promise<BigUint64Array> {
  const count = 2 * PASSES;
  const querySet = device.createQuerySet({ type: 'timestamp', count });
  const size = 8 * count;
  const resolved = device.createBuffer({ size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
  const staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  for (let index = 0; index < count; index += 2) {
    const timestampWrites = { querySet, beginningOfPassWriteIndex: index, endOfPassWriteIndex: index + 1 };
    encoder.beginComputePass({ timestampWrites }).end();
  }
  encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  return new BigUint64Array(staging.getMappedRange().slice(0));
}
