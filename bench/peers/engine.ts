import { permuted } from './layout.js';
import type { HostTensor, Inputs, WorkloadKind } from './workloads.js';

/** An engine in a process of its own, behind the same few words as any other. */
export interface Engine {
  /**
   * Makes ready a workload: inputs go to the device.
   * @throws Unable where the engine does not have such a workload.
   */
  prepare(kind: WorkloadKind, inputs: Inputs): Promise<Prepared>;
}

/** A workload that is ready to be run again and again. */
export interface Prepared {
  /** Its results, in the layout that `WorkloadKind` names. */
  outputs(): Promise<Float32Array[]>;
  /** Milliseconds of each of `runs` runs, each until the device has done it; results stay on the device. */
  time(runs: number): Promise<number[]>;
  release(): void;
}

/** Thrown for what an engine does not do; its message says why. */
export class Unable extends Error {}

/** Why the engines for which it is not written do not run a GPT. */
export const NO_GPT = 'it has no GPT here';

/** One workload on an engine's own arrays. */
export interface Job<Value> {
  /** What it holds on the device. */
  readonly held: readonly Value[];
  /** Computes results that stay on the device; may return before they are there. */
  run(): Value[] | Promise<Value[]>;
  /**
   * Brings results into the layout that `WorkloadKind` names, where the engine has another one: the axes' new order.
   */
  readonly order?: readonly number[];
}

/** How an engine keeps its arrays. */
export interface Memory<Value> {
  read(value: Value): Promise<HostTensor>;
  release(value: Value): void;
  /** Resolves when the device has computed the values. */
  wait(values: readonly Value[]): Promise<void>;
}

/** A job as a workload that can be checked and timed. */
export function preparedJob<Value>({ held, run, order }: Job<Value>, memory: Memory<Value>): Prepared {
  const freeAll = (values: readonly Value[]) => {
    for (const value of values) memory.release(value);
  };
  return {
    async outputs() {
      const values = await run();
      await memory.wait(values);
      const read = await Promise.all(values.map((value) => memory.read(value)));
      freeAll(values);
      return read.map((one) => Float32Array.from((order === undefined ? one : permuted(one, order)).data));
    },
    time: (runs) =>
      timed(runs, async () => {
        const values = await run();
        await memory.wait(values);
        return () => freeAll(values);
      }),
    release: () => freeAll(held),
  };
}

const CHECKED_STEPS = 3;

/** Steps as a workload, such as those of training: each ends with a number, such as its loss, on the host. */
export const preparedSteps = (step: () => Promise<number>): Prepared => ({
  async outputs() {
    const losses: number[] = [];
    for (let index = 0; index < CHECKED_STEPS; index++) losses.push(await step());
    return [Float32Array.from(losses)];
  },
  time: (runs) => timed(runs, step),
  release() {},
});

/** Milliseconds of each run. What a run returns, if it is a function, cleans up behind it and is not timed. */
async function timed(runs: number, run: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < runs; index++) {
    const begin = performance.now();
    const cleanUp = await run();
    times.push(performance.now() - begin);
    if (typeof cleanUp === 'function') cleanUp();
  }
  return times;
}
