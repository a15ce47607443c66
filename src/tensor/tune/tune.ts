import type { Device } from '../../gpu/device.js';
import { defined, OutOfMemoryError, TesseraError } from '../../gpu/errors.js';
import { median } from '../../gpu/statistics.js';
import { type ChoicePoint, chooserOf } from '../../launch/choice.js';
import { deviceOf } from '../evaluate.js';
import { checkTensors } from '../graph/graph.js';
import { settledTrace, trace } from '../graph/trace.js';
import { anything, checkOptions, optional, positive } from '../options.js';
import { plan } from '../runtime/plan.js';
import type { Tensor } from '../tensor.js';
import { OutOfTime, Trial } from './trial.js';

/** The measurements of one choice among variants of an op. */
export interface TunedChoice {
  /** The key of the choice: the op and the size class of its shapes. */
  readonly key: string;
  /** The variant that is used without measurements. */
  readonly default: string;
  /** The variant that is used from now on; undefined if time or memory ran out. */
  readonly variant: string | undefined;
  /** The median time per run of each variant, without those that were dropped early as far too slow. */
  readonly milliseconds: Readonly<Record<string, number>>;
  /** The variants that were rejected, with the reason. */
  readonly refused: Readonly<Record<string, string>>;
}

/** Options of `tune`. */
export interface TuneOptions {
  /** The time limit for all measurements together; choices not reached stay as they were. Default 60 000. */
  readonly milliseconds?: number;
  /** Called before each measurement, with the number of those done, the total, and the key of the next. */
  readonly onProgress?: (done: number, total: number, key: string) => void;
  /** An AbortSignal that stops the measurements; those already made are kept. */
  readonly signal?: { readonly aborted: boolean };
}

/**
 * A variant beats the default if its median time is at most this fraction of the default's, and it loses at most one
 * round; smaller differences may be noise.
 */
const CLEARLY = 0.95;
const LOST_ROUNDS = 1;

/**
 * Measures which variants of ops are fastest on the device, for the shapes that computing the targets involves, and
 * uses these from now on. Choices that were measured before are not measured again. The targets themselves are not
 * computed.
 *
 * @throws TesseraError on the reference device, which has no variants worth measuring.
 */
export async function tune(targets: readonly Tensor[], options: TuneOptions = {}): Promise<TunedChoice[]> {
  const {
    milliseconds = 60_000,
    onProgress,
    signal,
  } = checkOptions('tune', options, { milliseconds: optional(positive), onProgress: anything, signal: anything });
  checkTensors('tune', targets);
  const end = performance.now() + milliseconds;
  const current = targets.map((target) => target.current());
  const device = await deviceOf(trace(current));
  if (device.kind === 'reference')
    throw new TesseraError(`tune: ${device.name} has no variants to measure; open a GPU device`);
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

/** Returns the choices of a plan that have not been measured, each where it has the most floating-point operations. */
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

/** Measures the variants of one choice. */
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
    // Among many variants one may win by chance, but hardly twice.
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

/** Returns the fastest variant that clearly beats the default, or the default if none does. */
export function winnerOf(rounds: ReadonlyMap<string, readonly number[]>, baseline: string): string {
  const own = defined(rounds.get(baseline));
  const beats = (times: readonly number[]) =>
    median(times) <= CLEARLY * median(own) && own.filter((time, round) => !(times[round] < time)).length <= LOST_ROUNDS;
  return [...rounds]
    .filter(([, times]) => beats(times))
    .reduce((best, one) => (median(one[1]) < median(best[1]) ? one : best), [baseline, own] as const)[0];
}
