import type { Device } from '../../gpu/device.js';
import { defined, OutOfMemoryError, TesseraError } from '../../gpu/errors.js';
import { median } from '../../gpu/statistics.js';
import { type ChoicePoint, chooserOf } from '../../launch/choice.js';
import { deviceOf } from '../evaluate.js';
import { settledTrace, trace } from '../graph/trace.js';
import { anything, checkOptions, optional, positive } from '../options.js';
import { plan } from '../runtime/plan.js';
import type { Tensor } from '../tensor.js';
import { OutOfTime, Trial } from './trial.js';

/** What was measured where an op can be computed in several ways. */
export interface TunedChoice {
  /** The op and the class of its shapes. */
  readonly key: string;
  /** The variant that is taken without measurements. */
  readonly default: string;
  /** The variant that is taken from now on; undefined where the time ran out, or the memory. */
  readonly variant: string | undefined;
  /** Median time of each variant's run; without those dropped early because another was several times as fast. */
  readonly milliseconds: Readonly<Record<string, number>>;
  /** Variants that must not be taken, and why. */
  readonly refused: Readonly<Record<string, string>>;
}

/** How long `tune` may take. */
export interface TuneOptions {
  /** For all measurements together; what the time does not reach stays as it was. Default a minute. */
  readonly milliseconds?: number;
  /** Called before each measurement, with how many are done, how many there are, and the key of the next. */
  readonly onProgress?: (done: number, total: number, key: string) => void;
  /** An AbortSignal: ends the measurements when it is aborted; what was measured is kept. */
  readonly signal?: { readonly aborted: boolean };
}

/** A variant is taken if it needs at most this share of the default's time, and loses one round at most: less is noise. */
const CLEARLY = 0.95;
const LOST_ROUNDS = 1;

/**
 * Measures which variants of ops are the fastest on the device, for shapes like those that computing the targets needs,
 * in their order, and uses them from now on. What was measured before is not measured again. The targets themselves are
 * not computed.
 *
 * @throws TesseraError on the reference device, where times mean nothing.
 */
export async function tune(targets: readonly Tensor[], options: TuneOptions = {}): Promise<TunedChoice[]> {
  const {
    milliseconds = 60_000,
    onProgress,
    signal,
  } = checkOptions('tune', options, { milliseconds: optional(positive), onProgress: anything, signal: anything });
  const end = performance.now() + milliseconds;
  const current = targets.map((target) => target.current());
  const device = await deviceOf(trace(current));
  if (device.kind === 'reference')
    throw new TesseraError(`tune: ${device.name} has nothing to measure; open a device with an adapter`);
  const points = await pointsOf(current, device);
  const rows: TunedChoice[] = [];
  try {
    for (const [index, point] of points.entries()) {
      const deadline = signal?.aborted ? 0 : end;
      if (performance.now() < deadline) onProgress?.(index, points.length, point.key);
      rows.push(await measure(device, point, deadline));
    }
  } finally {
    const choices = new Map(device.choices);
    for (const { key, variant } of rows) if (variant !== undefined) choices.set(key, variant);
    if (rows.some(({ variant }) => variant !== undefined)) device.choices = choices;
  }
  return rows;
}

/** The choices of a plan that were not measured yet, each once, where it has the most work. */
async function pointsOf(targets: readonly Tensor[], device: Device): Promise<ChoicePoint[]> {
  const points = new Map<string, { point: ChoicePoint; work: number }>();
  const choose = chooserOf(device.choices);
  plan(await settledTrace(targets), device, (point) => {
    const launches = choose(point);
    const work = launches.reduce((sum, { kernel, uniforms }) => sum + kernel.cost(uniforms).flops, 0);
    const isOpen = !device.choices.has(point.key) && Object.keys(point.variants).length > 1;
    if (isOpen && work > (points.get(point.key)?.work ?? 0)) points.set(point.key, { point, work });
    return launches;
  });
  return [...points.values()].map(({ point }) => point);
}

/** Measures the variants at one point of choice. */
export async function measure(device: Device, point: ChoicePoint, deadline: number): Promise<TunedChoice> {
  const { key, default: baseline, variants } = point;
  const names = [baseline, ...Object.keys(variants).filter((name) => name !== baseline)];
  const refused: Record<string, string> = {};
  const trial = new Trial(device, new Map(names.map((name) => [name, variants[name]()])), deadline);
  try {
    const expected = await trial.valuesOf(baseline);
    const sound = [baseline];
    for (const name of names.slice(1)) {
      const problem = await trial.problemOf(name, expected);
      if (problem === undefined) sound.push(name);
      else refused[name] = problem;
    }
    const rounds = await trial.race(sound);
    const milliseconds = Object.fromEntries([...rounds].map(([name, times]) => [name, median(times)]));
    const first = winnerOf(rounds, baseline);
    // Among many variants one may win by luck, but not twice.
    const variant = first === baseline ? first : winnerOf(await trial.race([baseline, first]), baseline);
    return { key, default: baseline, variant, milliseconds, refused };
  } catch (error) {
    if (error instanceof OutOfMemoryError) refused[baseline] = error.message;
    else if (!(error instanceof OutOfTime)) throw error;
    return { key, default: baseline, variant: undefined, milliseconds: {}, refused };
  } finally {
    trial.release();
  }
}

/** The fastest variant that clearly beats the default; if none does, the default. */
export function winnerOf(rounds: ReadonlyMap<string, readonly number[]>, baseline: string): string {
  const own = defined(rounds.get(baseline));
  const beats = (times: readonly number[]) =>
    median(times) <= CLEARLY * median(own) && own.filter((time, round) => !(times[round] < time)).length <= LOST_ROUNDS;
  return [...rounds]
    .filter(([, times]) => beats(times))
    .reduce((best, one) => (median(one[1]) < median(best[1]) ? one : best), [baseline, own] as const)[0];
}
