import {
  bytesOf,
  type Device,
  type DeviceBuffer,
  type Dispatch,
  exceedsBinding,
  type HostArray,
  type Prepared,
} from '../../gpu/device.js';
import { defined, KernelError, OutOfMemoryError } from '../../gpu/errors.js';
import { runsToLast, timeSubmission } from '../../gpu/timer.js';
import type { Launch, Value } from '../../launch/launch.js';
import { mapValues } from '../../launch/map-values.js';
import { Generator } from '../generator.js';
import { disagreesAt, rotatingSets } from './measure.js';

/** The duration of one measured submission in milliseconds, and the maximum number of launches in it. */
const LONG_ENOUGH = 10;
const MOST_LAUNCHES = 1024;
const ROUNDS = 9;
/** A variant is dropped if its first run takes this many times as long as that of the fastest one. */
const HOPELESS = 3;
/** After TRIAL_ROUNDS, a variant is dropped if its best time is more than BEHIND times the best of all. */
const TRIAL_ROUNDS = 2;
const BEHIND = 1.3;
/**
 * Floats are filled from one list of random numbers, repeated; its prime length is not a multiple of any row length.
 */
const RANDOM = 65_537;
/** The distance in that list between the starts of two values. */
const APART = 97;

/** Thrown if the deadline passes before the measurements are complete. */
export class OutOfTime extends Error {}

/** The buffer of each value of some launches. */
type Buffers = ReadonlyMap<Value, DeviceBuffer>;

/** A variant that is being timed: milliseconds per run, the first time and in each round. */
interface Runner {
  readonly name: string;
  readonly prepared: Prepared;
  readonly first: number;
  readonly times: number[];
  time(): Promise<number>;
}

/** Times variants of the same computation against each other, on the same random inputs. */
export class Trial {
  readonly #values: readonly Value[];
  readonly #outputs: readonly Value[];
  readonly #random: readonly number[];
  readonly #sets: Buffers[] = [];

  constructor(
    private readonly device: Device,
    private readonly variants: ReadonlyMap<string, readonly Launch[]>,
    private readonly deadline: number,
  ) {
    const all = [...variants.values()];
    this.#values = [...new Set(all.flat().flatMap(({ bindings }) => Object.values(bindings)))];
    // The values that all variants write are the result; all others are temporaries of one variant.
    this.#outputs = all.map(writtenBy).reduce((shared, own) => shared.filter((value) => own.includes(value)));
    const generator = new Generator(1);
    this.#random = Array.from({ length: RANDOM }, () => generator.uniform() - 0.5);
  }

  release(): void {
    for (const set of this.#sets) for (const buffer of set.values()) this.device.release(buffer);
  }

  /** Returns the set of buffers for a run; runs rotate over several sets. */
  async #setOf(run: number): Promise<Buffers> {
    const bytes = this.#values.reduce((sum, { dtype, length }) => sum + bytesOf(dtype, length), 0);
    const known = this.#sets[run % rotatingSets(bytes)];
    if (known !== undefined) return known;
    const made = new Map<Value, DeviceBuffer>();
    this.#sets.push(made);
    for (const value of this.#values) {
      this.#expectBindable(value);
      made.set(value, await this.device.allocate(Math.max(16, bytesOf(value.dtype, value.length)), 'tune'));
      this.#fill(made, value);
    }
    return made;
  }

  /** Launches are not split when timed, so an op on operands larger than a binding keeps its default variant. */
  #expectBindable({ dtype, length }: Value): void {
    const bytes = bytesOf(dtype, length);
    if (exceedsBinding(dtype, length, this.device.limits))
      throw new OutOfMemoryError(`${bytes} bytes exceed the largest binding of ${this.device.name}`, bytes);
  }

  /** Fills floats with random numbers, masks with true and integers with 0, a valid index anywhere. */
  #fill(set: Buffers, value: Value): void {
    const begin = APART * this.#values.indexOf(value);
    const content =
      value.dtype === 'f32' || value.dtype === 'f16'
        ? Float32Array.from({ length: value.length }, (_, at) => this.#random[(begin + at) % RANDOM])
        : new Int32Array(value.length).fill(value.dtype === 'bool' ? 1 : 0);
    this.device.write(defined(set.get(value)), content, value.dtype);
  }

  async #prepare(name: string, runs: number): Promise<Prepared> {
    this.#expectTime();
    const dispatches: Dispatch[] = [];
    for (let run = 0; run < runs; run++) {
      const set = await this.#setOf(run);
      for (const { kernel, bindings: values, uniforms } of this.variants.get(name) ?? []) {
        const bindings = mapValues(values, (value) => defined(set.get(value)));
        dispatches.push({ kernel, bindings, uniforms, label: `tune ${name}: ${kernel.name}` });
      }
    }
    return this.device.prepare(dispatches);
  }

  #expectTime(): void {
    if (performance.now() > this.deadline) throw new OutOfTime();
  }

  /** Runs a variant and returns its result. */
  async valuesOf(name: string): Promise<HostArray[]> {
    const prepared = await this.#prepare(name, 1);
    const set = await this.#setOf(0);
    // Clear the results of other variants, so that an element that this one fails to write is noticed.
    for (const value of this.#outputs) this.#fill(set, value);
    const readbacks = this.#outputs.map((value) => ({
      from: defined(set.get(value)),
      type: value.dtype,
      length: value.length,
    }));
    const values = await this.device.submit(prepared, { readbacks });
    prepared.release();
    return values;
  }

  /**
   * Returns why a variant is rejected (it does not compile, or computes another result), or undefined if it is valid.
   */
  async problemOf(name: string, expected: readonly HostArray[]): Promise<string | undefined> {
    try {
      const found = await this.valuesOf(name);
      const agrees = expected.every((values, output) => disagreesAt(found[output], values) < 0);
      return agrees ? undefined : 'it computes another result';
    } catch (error) {
      if (error instanceof KernelError) return error.message;
      throw error;
    }
  }

  /**
   * Returns the milliseconds per run of each variant in each round; in a round every variant is timed once. The first
   * variant takes part in all rounds; slow ones are dropped early.
   * @throws OutOfTime if the deadline passes.
   */
  async race(names: readonly string[]): Promise<Map<string, readonly number[]>> {
    const runners: Runner[] = [];
    try {
      for (const name of names) {
        const runner = await this.#start(name, Math.min(...runners.map(({ first }) => first)));
        if (runner !== undefined) runners.push(runner);
      }
      let left = runners;
      for (let round = 0; round < ROUNDS && (left.length > 1 || round === 0); round++) {
        for (const runner of left) {
          this.#expectTime();
          runner.times.push(await runner.time());
        }
        if (round + 1 < TRIAL_ROUNDS) continue;
        const best = Math.min(...left.map(({ times }) => Math.min(...times)));
        left = left.filter(({ times }, index) => index === 0 || Math.min(...times) <= BEHIND * best);
      }
      return new Map(runners.map(({ name, times }) => [name, times]));
    } finally {
      for (const { prepared } of runners) prepared.release();
    }
  }

  /** Finds how many runs make a submission long enough; returns undefined for a variant that is hopelessly slow. */
  async #start(name: string, fastest: number): Promise<Runner | undefined> {
    const most = Math.max(1, Math.floor(MOST_LAUNCHES / defined(this.variants.get(name)).length));
    let first: number | undefined;
    for (let runs = 1; ; ) {
      const prepared = await this.#prepare(name, runs);
      const time = async () => (await timeSubmission(this.device, prepared)) / runs;
      // A short submission is timed again, as the first run uploads the uniforms.
      let once = await time();
      if (once * runs < LONG_ENOUGH) once = await time();
      first ??= once;
      if (first <= HOPELESS * fastest && (once * runs >= LONG_ENOUGH / 2 || runs >= most))
        return { name, prepared, first, times: [], time };
      prepared.release();
      if (first > HOPELESS * fastest) return undefined;
      runs = runsToLast(LONG_ENOUGH, once, most);
    }
  }
}

const writtenBy = (launches: readonly Launch[]): Value[] =>
  launches.flatMap(({ kernel, bindings }) =>
    kernel.bindings.filter(({ access }) => access === 'read_write').map(({ name }) => bindings[name]),
  );
