import {
  type Around,
  bytesOf,
  type Copy,
  type Device,
  type DeviceBuffer,
  type HostArray,
  type Prepared,
  type Readback,
} from '../../gpu/device.js';
import { defined, OutOfMemoryError } from '../../gpu/errors.js';
import { assignedBy, type Node } from '../graph/graph.js';
import { Resident } from '../graph/resident.js';
import { isCurrent, settledTrace, type Trace } from '../graph/trace.js';
import { bufferOf, type Executable, Executables } from './executables.js';
import type { Storage } from './memory.js';
import type { Plan } from './plan.js';

/** From this many bytes on, a kept value is written to its own buffer instead of being copied there. */
const LARGE = 2 ** 16;

/** One evaluation, ready to be submitted. */
interface Work extends Required<Around> {
  readonly traced: Trace;
  readonly executable: Executable;
  /** The targets that get the values read back. */
  readonly read: readonly Node[];
  /** The targets that stay on the device, with their memory. */
  readonly kept: ReadonlyMap<Node, DeviceBuffer>;
}

/** The result of an evaluation that was timed. */
interface ProfiledRun {
  readonly plan: Plan;
  readonly traced: Trace;
  /** The time of each dispatch of the plan. */
  readonly nanoseconds: readonly number[];
  /** The time of the host before the device began. */
  readonly hostMilliseconds: number;
}

const runtimes = new WeakMap<Device, Runtime>();

/** The runtime of a device, which holds its plans and their workspace. */
export function runtimeOf(device: Device): Runtime {
  let runtime = runtimes.get(device);
  if (runtime === undefined) {
    runtime = new Runtime(device);
    runtimes.set(device, runtime);
  }
  return runtime;
}

export class Runtime {
  readonly #executables: Executables;
  /** Evaluations run one after the other: an assign must not come between another's trace and its submission. */
  #previous: Promise<unknown> = Promise.resolve();

  constructor(private readonly device: Device) {
    this.#executables = new Executables(device);
  }

  /** How many plans are cached. */
  get plans(): number {
    return this.#executables.count;
  }

  /** Evaluates as `evaluate` and `readBack` do: returns when the work is submitted. */
  async submit(traced: Trace, keep: 'host' | 'device'): Promise<void> {
    await this.#inTurn(traced, keep, (work) => this.#submit(work, work.executable.prepared, work));
  }

  /** Evaluates with every dispatch in a pass of its own; undefined if there is nothing to do. */
  async profile(given: Trace): Promise<ProfiledRun | undefined> {
    const nothing = await this.device.prepare([]);
    const begin = performance.now();
    return this.#inTurn(given, 'host', async (work) => {
      const { executable, traced, before, after, readbacks } = work;
      void this.device.submit(nothing, { before });
      const hostMilliseconds = performance.now() - begin;
      const nanoseconds = await this.device.profile(executable.prepared);
      this.#submit(work, nothing, { after, readbacks });
      return { plan: executable.plan, traced, nanoseconds, hostMilliseconds };
    });
  }

  /** Does work when the evaluations before it are submitted; undefined if there is nothing to do. */
  #inTurn<T>(given: Trace, keep: 'host' | 'device', use: (work: Work) => T): Promise<Awaited<T> | undefined> {
    const mine = this.#previous.then(() => this.#work(given, keep, use));
    this.#previous = mine.catch(() => {});
    return mine;
  }

  /** Where there is no memory, the plans that are remembered give theirs back, and it is tried once more. */
  async #work<T>(given: Trace, keep: 'host' | 'device', use: (work: Work) => T): Promise<Awaited<T> | undefined> {
    try {
      return await this.#tryWork(given, keep, use);
    } catch (error) {
      if (!(error instanceof OutOfMemoryError) || error.bytes > this.device.limits.bufferBytes) throw error;
    }
    await this.#executables.forgetAll();
    return await this.#tryWork(given, keep, use);
  }

  /** Makes everything up to submission ready: the plan, its inputs, and where its values go; and uses it at once. */
  async #tryWork<T>(given: Trace, keep: 'host' | 'device', use: (work: Work) => T): Promise<Awaited<T> | undefined> {
    const targets = given.targets.filter((target) => !isDone(target, keep));
    if (targets.length === 0) return undefined;
    const kept = new Map<Node, DeviceBuffer>();
    const releaseKept = () => {
      for (const buffer of kept.values()) this.device.release(buffer);
      kept.clear();
    };
    try {
      // While it waits for its turn or for memory a variable may be set, or a value arrive or be disposed of: then the
      // trace is made anew. Nothing is awaited between the last check and the submission.
      let traced = given;
      let executable: Executable;
      for (;;) {
        if (targets.length < traced.targets.length || !isCurrent(traced)) traced = await settledTrace(targets);
        executable = await this.#executables.of(traced);
        for (const target of targets) await assignedBy(target)?.place(this.device);
        if (keep === 'device') await this.#allocateKept(executable.plan, targets, kept);
        if (isCurrent(traced) && targets.every(isAssignable)) break;
        releaseKept();
      }
      const before = this.#fillSlots(executable, traced.slots);
      this.#setNumbers(executable, traced);
      this.#bindKept(executable, targets, kept);
      return await use({ traced, executable, before, ...this.#results(executable, targets, kept), kept });
    } catch (error) {
      releaseKept();
      throw error;
    }
  }

  /** Where the values of targets go: to memory that they or variables keep, or to the host. */
  #results({ plan, ...buffers }: Executable, targets: readonly Node[], kept: ReadonlyMap<Node, DeviceBuffer>) {
    const after: Copy[] = [];
    const readbacks: Readback[] = [];
    const read: Node[] = [];
    for (const [position, target] of targets.entries()) {
      const storage = plan.targets[position];
      if (storage === undefined) continue;
      const from = bufferOf(buffers, storage);
      const to = kept.get(target) ?? assignedBy(target)?.buffer;
      if (to === undefined) {
        readbacks.push({ from, type: target.dtype, length: target.size });
        read.push(target);
      } else if (to !== from) {
        after.push({ from, to, bytes: Math.max(4, bytesOf(target.dtype, target.size)) });
      }
    }
    return { after, readbacks, read };
  }

  /** Memory for the values that stay on the device. */
  async #allocateKept({ targets: storages }: Plan, targets: readonly Node[], kept: Map<Node, DeviceBuffer>) {
    for (const [position, target] of targets.entries()) {
      const storage = storages[position];
      if (storage !== undefined && assignedBy(target) === undefined)
        kept.set(target, await this.device.allocate(storage.bytes, `evaluate ${target.describe()}`));
    }
  }

  /** Has large values written where they are kept, and those of the last time written to the workspace again. */
  #bindKept(executable: Executable, targets: readonly Node[], buffers: ReadonlyMap<Node, DeviceBuffer>): void {
    const { plan, prepared } = executable;
    const kept = new Map<Storage, DeviceBuffer>();
    for (const [position, target] of targets.entries()) {
      const [storage, buffer] = [plan.targets[position], buffers.get(target)];
      if (buffer === undefined || storage?.kind !== 'workspace' || storage.bytes < LARGE || kept.has(storage)) continue;
      kept.set(storage, buffer);
    }
    const changed = new Set([...executable.kept.keys(), ...kept.keys()]);
    executable.kept = kept;
    if (changed.size === 0) return;
    plan.dispatches.forEach(({ storages }, index) => {
      for (const [name, storage] of Object.entries(storages))
        if (changed.has(storage)) prepared.bind(index, name, bufferOf(executable, storage));
    });
  }

  /** Submits; then variables have moved on, kept values are there, and read values arrive. */
  #submit({ traced, kept, read }: Work, prepared: Prepared, around: Around): void {
    const values = this.device.submit(prepared, around);
    for (const target of traced.targets) {
      const variable = assignedBy(target);
      if (variable !== undefined) variable.version++;
    }
    for (const [target, buffer] of kept) target.keep(new Resident(this.device, buffer));
    if (read.length > 0) deliver(read, values);
  }

  /** Uploads what the slots do not hold yet; values kept on the device are copied there, in front of the plan. */
  #fillSlots({ slots, held }: Executable, tensors: readonly Node[]): Copy[] {
    const copies: Copy[] = [];
    tensors.forEach(({ host, source, resident, size, dtype }, index) => {
      const values = host ?? (source.kind === 'data' ? source.data : undefined);
      if (values === undefined) {
        copies.push({ from: defined(resident).buffer, to: slots[index], bytes: bytesOf(dtype, size) });
        held[index] = undefined;
      } else if (held[index] !== values) {
        if (values.length > 0) this.device.write(slots[index], values, dtype);
        held[index] = values;
      }
    });
    return copies;
  }

  #setNumbers({ plan, prepared }: Executable, traced: Trace): void {
    plan.dispatches.forEach((dispatch, index) => {
      for (const { field, of } of dispatch.numbers) prepared.set(index, field, of(traced));
    });
  }
}

/** False for an assign to a variable that was disposed of in the meantime. */
const isAssignable = (target: Node): boolean => {
  const variable = assignedBy(target);
  return variable === undefined || variable.buffer !== undefined;
};

const isDone = (target: Node, keep: 'host' | 'device'): boolean =>
  keep === 'host' ? target.host !== undefined || target.pending !== undefined : target.resident !== undefined;

/** Gives tensors their values when they arrive. */
function deliver(tensors: readonly Node[], values: Promise<HostArray[]>): void {
  const arrival = values.then((arrays) => {
    tensors.forEach((tensor, index) => {
      tensor.keep(arrays[index]);
      tensor.pending = undefined;
    });
  });
  for (const tensor of tensors) tensor.pending = arrival;
  // Who asks for the value gets the error; nobody asking is no unhandled rejection.
  arrival.catch(() => {});
}
