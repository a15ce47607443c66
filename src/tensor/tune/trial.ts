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

/** Milliseconds that one measured submission should last, and the most launches in it. */
const LONG_ENOUGH = 10;
const MOST_LAUNCHES = 1024;
const ROUNDS = 9;
/** A variant is dropped when its first run takes this many times as long as the fastest one's. */
const HOPELESS = 3;
/** After this many rounds, variants are dropped whose best time is this many times the best of all. */
const TRIAL_ROUNDS = 2;
const BEHIND = 1.3;
/** All values are filled from one repeated list of random numbers; its prime length is no multiple of a row's. */
const RANDOM = 65_537;
/** How far apart in that list two values begin. */
const APART = 97;

/** The deadline passed before the measurements were done. */
export class OutOfTime extends Error {}

/** Memory for each value of some launches. */
type Buffers = ReadonlyMap<Value, DeviceBuffer>;

/** A variant that is being timed: milliseconds of one run, the first time and in all rounds. */
interface Runner {
  readonly name: string;
  readonly prepared: Prepared;
  readonly first: number;
  readonly times: number[];
  time(): Promise<number>;
}

/** Times variants of the same work against each other, on the same random inputs. */
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
    // What every variant writes is the result; the rest are one variant's temporaries.
    this.#outputs = all.map(writtenBy).reduce((shared, own) => shared.filter((value) => own.includes(value)));
    const generator = new Generator(1);
    this.#random = Array.from({ length: RANDOM }, () => generator.uniform() - 0.5);
  }

  release(): void {
    for (const set of this.#sets) for (const buffer of set.values()) this.device.release(buffer);
  }

  /** The buffer set that a run uses: runs rotate over several sets. */
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

  /** Launches are timed unsplit: work on operands larger than a binding keeps its default variant. */
  #expectBindable({ dtype, length }: Value): void {
    const bytes = bytesOf(dtype, length);
    if (exceedsBinding(dtype, length, this.device.limits))
      throw new OutOfMemoryError(`${bytes} bytes are more than ${this.device.name} binds at once`, bytes);
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

  /** What a variant computes. */
  async valuesOf(name: string): Promise<HostArray[]> {
    const prepared = await this.#prepare(name, 1);
    const set = await this.#setOf(0);
    // An element that this variant fails to write must not still hold what another wrote.
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

  /** The reason why a variant must not be taken (it does not run here, or gives another result); undefined if it may. */
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
   * Milliseconds of a run of each variant in each round; in a round every variant runs once. The first variant stays to
   * the end; others may be dropped earlier, or at once.
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

  /** Finds how many runs last long enough; undefined for a variant that is far slower than the fastest so far. */
  async #start(name: string, fastest: number): Promise<Runner | undefined> {
    const most = Math.max(1, Math.floor(MOST_LAUNCHES / defined(this.variants.get(name)).length));
    let first: number | undefined;
    for (let runs = 1; ; ) {
      const prepared = await this.#prepare(name, runs);
      const time = async () => (await timeSubmission(this.device, prepared)) / runs;
      // A short one is timed twice: the first run uploads the uniforms.
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
