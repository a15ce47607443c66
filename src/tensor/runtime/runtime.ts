import { collectGarbage } from '#webgpu';
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
import type { Choices } from '../../gpu/tuning.js';
import { mapValues } from '../../launch/map-values.js';
import { assignedBy, type Node } from '../graph/graph.js';
import { Resident } from '../graph/resident.js';
import { isCurrent, settledTrace, type Trace } from '../graph/trace.js';
import { type Storage, Workspace } from './memory.js';
import { type Plan, plan } from './plan.js';

/** From this many bytes on, a kept value is written to its own buffer instead of being copied there. */
const LARGE = 2 ** 16;

/** How many bind groups the remembered plans may have together: drivers take memory for each. */
const REMEMBERED_BIND_GROUPS = 16_000;
/** How much memory they may hold together. Where there is less, they give theirs back. */
const REMEMBERED_BYTES = 2 ** 32;

/** A plan with everything it needs on a device: replaying it creates nothing. */
interface Executable {
  readonly plan: Plan;
  /** The device's choices that it was planned with. */
  readonly choices: Choices;
  readonly prepared: Prepared;
  readonly slots: readonly DeviceBuffer[];
  /** The numbers that each slot holds now. */
  readonly held: (HostArray | undefined)[];
  readonly workspace: readonly DeviceBuffer[];
  readonly variables: readonly DeviceBuffer[];
  /** Storages that have, for once, the buffer of the tensor that keeps their value. */
  kept: ReadonlyMap<Storage, DeviceBuffer>;
}

/** One evaluation, ready to be submitted. */
interface Work extends Required<Around> {
  readonly traced: Trace;
  readonly executable: Executable;
  /** The targets that get the values read back. */
  readonly read: readonly Node[];
  /** The targets that stay on the device, with their memory. */
  readonly kept: ReadonlyMap<Node, DeviceBuffer>;
}

/** What came of an evaluation that was timed. */
interface ProfiledRun {
  readonly plan: Plan;
  readonly traced: Trace;
  /** Of each dispatch of the plan. */
  readonly nanoseconds: readonly number[];
  /** What the host took before the device began. */
  readonly hostMilliseconds: number;
}

const runtimes = new WeakMap<Device, Runtime>();

/** What evaluation keeps with a device: its plans and their workspace. */
export function runtimeOf(device: Device): Runtime {
  let runtime = runtimes.get(device);
  if (runtime === undefined) {
    runtime = new Runtime(device);
    runtimes.set(device, runtime);
  }
  return runtime;
}

export class Runtime {
  readonly #executables = new Map<string, Executable>();
  readonly #workspace: Workspace;
  /** Evaluations run one after the other: an assign must not come between another's trace and its submission. */
  #previous: Promise<unknown> = Promise.resolve();

  constructor(private readonly device: Device) {
    this.#workspace = new Workspace(device);
  }

  /** How many plans are cached. */
  get plans(): number {
    return this.#executables.size;
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
    for (const executable of this.#executables.values()) this.#forget(executable);
    this.#executables.clear();
    await collectGarbage();
    return await this.#tryWork(given, keep, use);
  }

  /** Makes everything up to submission ready: the plan, its inputs, and where its values go; and uses it at once. */
  async #tryWork<T>(given: Trace, keep: 'host' | 'device', use: (work: Work) => T): Promise<Awaited<T> | undefined> {
    const targets = given.targets.filter((target) => !isDone(target, keep));
    if (targets.length === 0) return undefined;
    // While it waits for its turn or for memory a variable may be set, or a value arrive or be disposed of: then the
    // trace is made anew. From the last look at it to the submission nothing is awaited.
    let traced = given;
    let executable: Executable;
    let kept: Map<Node, DeviceBuffer>;
    for (;;) {
      if (targets.length < traced.targets.length || !isCurrent(traced)) traced = await settledTrace(targets);
      executable = await this.#executableOf(traced);
      for (const target of targets) await assignedBy(target)?.place(this.device);
      kept = await this.#allocateKept(executable, keep === 'device' ? targets : []);
      if (isCurrent(traced) && targets.every(isAssignable)) break;
      for (const buffer of kept.values()) this.device.release(buffer);
    }
    try {
      const before = this.#fillSlots(executable, traced.slots);
      this.#setNumbers(executable, traced);
      this.#bindKept(executable, targets, kept);
      return await use({ traced, executable, before, ...this.#results(executable, targets, kept), kept });
    } catch (error) {
      for (const buffer of kept.values()) this.device.release(buffer);
      throw error;
    }
  }

  /** Where the values of targets go: to memory that they or variables keep, or to the host. */
  #results({ plan, ...buffers }: Executable, targets: readonly Node[], kept: ReadonlyMap<Node, DeviceBuffer>) {
    const after: Copy[] = [];
    const readbacks: Readback[] = [];
    const read: Node[] = [];
    targets.forEach((target, position) => {
      const storage = plan.targets[position];
      if (storage === undefined) return;
      const from = bufferOf(buffers, storage);
      const to = kept.get(target) ?? assignedBy(target)?.buffer;
      if (to === undefined) {
        readbacks.push({ from, type: target.dtype, length: target.size });
        read.push(target);
      } else if (to !== from) {
        after.push({ from, to, bytes: Math.max(4, bytesOf(target.dtype, target.size)) });
      }
    });
    return { after, readbacks, read };
  }

  /** Memory for the values that stay on the device. */
  async #allocateKept({ plan }: Executable, targets: readonly Node[]): Promise<Map<Node, DeviceBuffer>> {
    const kept = new Map<Node, DeviceBuffer>();
    try {
      for (const [position, target] of targets.entries()) {
        const storage = plan.targets[position];
        if (storage !== undefined && assignedBy(target) === undefined)
          kept.set(target, await this.device.allocate(storage.bytes, `evaluate ${target.describe()}`));
      }
    } catch (error) {
      for (const buffer of kept.values()) this.device.release(buffer);
      throw error;
    }
    return kept;
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

  async #executableOf(traced: Trace): Promise<Executable> {
    const { device } = this;
    const remembered = this.#executables.get(traced.key);
    const known = remembered?.choices === device.choices ? remembered : undefined;
    // Planned before anything is awaited, as long as the trace is as it was made.
    const planned = known?.plan ?? plan(traced, device);
    const variables: DeviceBuffer[] = [];
    for (const { variable } of traced.variables) variables.push(await variable.place(device));
    if (remembered !== undefined) this.#executables.delete(traced.key);
    // A variable whose memory was given back in the meantime has moved: what was bound to it is bound anew.
    if (known?.variables.every((buffer, index) => buffer === variables[index])) {
      this.#executables.set(traced.key, known);
      return known;
    }
    if (remembered !== undefined) this.#forget(remembered);
    const made = await this.#prepare(planned, variables);
    this.#executables.set(traced.key, made);
    await this.#forgetUnused();
    return made;
  }

  /** Forgets the plans longest unused until those that are left keep within bounds; the newest one stays. */
  async #forgetUnused(): Promise<void> {
    const left = [...this.#executables];
    const mostGroups = Math.min(REMEMBERED_BIND_GROUPS, this.device.limits.bindGroups / 3);
    let groups = left.reduce((sum, [, { prepared }]) => sum + prepared.bindGroups, 0);
    let inputBytes = left.reduce((sum, [, executable]) => sum + inputBytesOf(executable), 0);
    for (const [key, executable] of left.slice(0, -1)) {
      const bytes = inputBytes + this.#workspace.bytes;
      if (this.#executables.size <= this.device.rememberedPlans && groups <= mostGroups && bytes <= REMEMBERED_BYTES)
        break;
      groups -= executable.prepared.bindGroups;
      inputBytes -= inputBytesOf(executable);
      this.#executables.delete(key);
      this.#forget(executable);
    }
    // Those of forgotten plans are there until they are collected, which nothing else brings about in time.
    if (this.device.bindGroups - groups > mostGroups) await collectGarbage();
  }

  async #prepare(made: Plan, variables: readonly DeviceBuffer[]): Promise<Executable> {
    const { device } = this;
    const slots: DeviceBuffer[] = [];
    let workspace: DeviceBuffer[] | undefined;
    try {
      for (const { bytes, owner } of made.slots) slots.push(await device.allocate(bytes, owner));
      workspace = await this.#workspace.borrow(made.workspace, largestOwner(made));
      const bound = { slots, workspace, variables, kept: new Map<Storage, DeviceBuffer>() };
      const partial = { plan: made, choices: device.choices, ...bound };
      const prepared = await device.prepare(
        made.dispatches.map(({ kernel, storages, windows, uniforms, label, numbers }) => ({
          kernel,
          windows,
          uniforms: { ...Object.fromEntries(numbers.map(({ field }) => [field, 0])), ...uniforms },
          label,
          bindings: mapValues(storages, (storage) => bufferOf(partial, storage)),
        })),
      );
      return { ...partial, prepared, held: slots.map(() => undefined) };
    } catch (error) {
      if (workspace !== undefined) this.#workspace.giveBack(made.workspace);
      for (const slot of slots) device.release(slot);
      throw error;
    }
  }

  #forget({ prepared, slots, plan }: Executable): void {
    prepared.release();
    for (const slot of slots) this.device.release(slot);
    this.#workspace.giveBack(plan.workspace);
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

function bufferOf(
  { slots, workspace, variables, kept }: Pick<Executable, 'slots' | 'workspace' | 'variables' | 'kept'>,
  storage: Storage,
): DeviceBuffer {
  if (storage.kind === 'workspace') return kept.get(storage) ?? workspace[storage.workspace];
  return (storage.kind === 'slot' ? slots : variables)[storage.position];
}

const inputBytesOf = ({ slots }: Executable): number => slots.reduce((sum, { bytes }) => sum + bytes, 0);

/** Names the largest value of a plan, for the error that says that it does not fit. */
function largestOwner({ dispatches }: Plan): string {
  const storages = dispatches.flatMap((dispatch) => Object.values(dispatch.storages));
  return storages.reduce((largest, one) => (one.bytes > largest.bytes ? one : largest), storages[0])?.owner ?? 'plan';
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
