import { collectGarbage } from '#webgpu';
import type { Device, DeviceBuffer, HostArray, Prepared } from '../../gpu/device.js';
import type { Choices } from '../../gpu/tuning.js';
import { mapValues } from '../../launch/map-values.js';
import type { Trace } from '../graph/trace.js';
import { type Storage, Workspace } from './memory.js';
import { type Plan, plan } from './plan.js';

/** How many bind groups the remembered plans may have together: drivers take memory for each. */
const REMEMBERED_BIND_GROUPS = 16_000;
/** How much memory they may hold together. Where there is less, they give theirs back. */
const REMEMBERED_BYTES = 2 ** 32;

/** A plan with everything it needs on a device: replaying it creates nothing. */
export interface Executable {
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

/** The executables of a device, remembered by the keys of their traces. */
export class Executables {
  readonly #remembered = new Map<string, Executable>();
  readonly #workspace: Workspace;

  constructor(private readonly device: Device) {
    this.#workspace = new Workspace(device);
  }

  get count(): number {
    return this.#remembered.size;
  }

  /** The executable of a trace's plan, planned and prepared unless it is remembered. */
  async of(traced: Trace): Promise<Executable> {
    const { device } = this;
    const { key } = traced;
    const remembered = this.#remembered.get(key);
    const known = remembered?.choices === device.choices ? remembered : undefined;
    // Planned before anything is awaited, as long as the trace is as it was made.
    const planned = known?.plan ?? plan(traced, device);
    const variables: DeviceBuffer[] = [];
    for (const { variable } of traced.variables) variables.push(await variable.place(device));
    // A variable whose memory was given back in the meantime has moved: what was bound to it is bound anew.
    if (known?.variables.every((buffer, index) => buffer === variables[index])) {
      this.#remembered.delete(key);
      this.#remembered.set(key, known); // The last one is the one used last.
      return known;
    }
    this.#forget(key);
    const made = await this.#prepare(planned, variables);
    this.#remembered.set(key, made);
    await this.#forgetUnused();
    return made;
  }

  /** Forgets the plans longest unused until those that are left keep within bounds; the newest one stays. */
  async #forgetUnused(): Promise<void> {
    const { bindGroups, limits, rememberedPlans } = this.device;
    const mostGroups = Math.min(REMEMBERED_BIND_GROUPS, limits.bindGroups / 3);
    let groups = 0;
    let bytes = this.#workspace.bytes;
    for (const [age, [key, { prepared, slots }]] of [...this.#remembered].reverse().entries()) {
      const [ownGroups, ownBytes] = [prepared.bindGroups, sum(slots.map((slot) => slot.bytes))];
      const fits = groups + ownGroups <= mostGroups && bytes + ownBytes <= REMEMBERED_BYTES;
      if (age > 0 && (age >= rememberedPlans || !fits)) {
        this.#forget(key);
      } else {
        groups += ownGroups;
        bytes += ownBytes;
      }
    }
    // Those of forgotten plans are there until they are collected, which nothing else brings about in time.
    if (bindGroups - groups > mostGroups) await collectGarbage();
  }

  async #prepare(made: Plan, variables: readonly DeviceBuffer[]): Promise<Executable> {
    const { device } = this;
    const slots: DeviceBuffer[] = [];
    try {
      for (const { bytes, owner } of made.slots) slots.push(await device.allocate(bytes, owner));
      const workspace = await this.#workspace.borrow(made.workspace, largestOwner(made));
      const partial = { plan: made, choices: device.choices, slots, workspace, variables, kept: new Map() };
      const prepared = await device.prepare(
        made.dispatches.map(({ storages, numbers, uniforms, ...dispatch }) => ({
          ...dispatch,
          uniforms: { ...Object.fromEntries(numbers.map(({ field }) => [field, 0])), ...uniforms },
          bindings: mapValues(storages, (storage) => bufferOf(partial, storage)),
        })),
      );
      return { ...partial, prepared, held: [] };
    } catch (error) {
      for (const slot of slots) device.release(slot);
      throw error;
    }
  }

  #forget(key: string): void {
    const executable = this.#remembered.get(key);
    if (executable === undefined) return;
    this.#remembered.delete(key);
    executable.prepared.release();
    for (const slot of executable.slots) this.device.release(slot);
    this.#workspace.trim([...this.#remembered.values()].map(({ plan }) => plan.workspace));
  }

  /** Gives back all memory that plans hold. */
  async forgetAll(): Promise<void> {
    for (const key of [...this.#remembered.keys()]) this.#forget(key);
    this.#workspace.trim([]);
    await collectGarbage();
  }
}

/** The memory of a storage. */
export function bufferOf(
  { slots, workspace, variables, kept }: Pick<Executable, 'slots' | 'workspace' | 'variables' | 'kept'>,
  storage: Storage,
): DeviceBuffer {
  if (storage.kind === 'workspace') return kept.get(storage) ?? workspace[storage.workspace];
  return (storage.kind === 'slot' ? slots : variables)[storage.position];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Names the largest value of a plan, for the error that says that it does not fit. */
function largestOwner({ dispatches }: Plan): string {
  const storages = dispatches.flatMap((dispatch) => Object.values(dispatch.storages));
  return storages.reduce((largest, one) => (one.bytes > largest.bytes ? one : largest), storages[0])?.owner ?? 'plan';
}
