import { bytesOf, type Window } from '../../gpu/device.js';
import { deviceOf } from '../evaluate.js';
import { trace } from '../graph/trace.js';
import type { Storage } from '../runtime/memory.js';
import { type Plan, plan } from '../runtime/plan.js';
import type { PlannedDispatch } from '../runtime/split.js';
import type { Tensor } from '../tensor.js';

/** What is known of a dispatch before it runs. */
export interface DispatchOutline {
  /** The kernel's name. */
  readonly kernel: string;
  /** The op that it computes, with the shapes of its inputs. */
  readonly op: string;
  /** How many workgroups run. */
  readonly workgroups: number;
  /** Floating-point operations, by the kernel's formula. */
  readonly flops: number;
  /** Bytes that must cross the memory bus at least once. */
  readonly bytes: number;
}

/** One dispatch of a plan. */
export interface ExplainedDispatch extends DispatchOutline {
  /**
   * For every binding the buffer behind it: `w3` workspace, `in0` an input's slot, or a variable's name; with the range of
   * elements in brackets where only a part of a large one is bound.
   */
  readonly buffers: Readonly<Record<string, string>>;
  /** The kernel's source. */
  readonly wgsl: string;
}

/** What evaluating some tensors would do. */
export interface Explanation {
  /** The adapter, in words. */
  readonly device: string;
  /** In the order in which they run. */
  readonly dispatches: readonly ExplainedDispatch[];
  /** How many buffers the plan binds. */
  readonly buffers: number;
  /** Bytes of these buffers: all that evaluation needs at a time, variables included. */
  readonly peakBytes: number;
  /** Floating-point operations of all dispatches. */
  readonly flops: number;
}

/** Plans the evaluation of tensors without running it, and lists every dispatch with its kernel, cost and buffers. */
export async function explain(...targets: readonly Tensor[]): Promise<Explanation> {
  const current = targets.map((target) => target.current());
  const traced = trace(current);
  const device = await deviceOf(traced);
  const made = plan(traced, device);
  const name = (storage: Storage): string => {
    if (storage.kind === 'variable') return traced.variables[storage.position].variable.name;
    return storage.kind === 'slot' ? `in${storage.position}` : `w${storage.workspace}`;
  };
  const range = (window: Window | undefined, { bytes }: Storage): string => {
    const isPart = window !== undefined && bytesOf(window.type, window.length) < bytes;
    return isPart ? `[${window.first}-${window.first + window.length}]` : '';
  };
  const dispatches = made.dispatches.map(
    (dispatch): ExplainedDispatch => ({
      ...outlineOf(dispatch),
      buffers: Object.fromEntries(
        Object.entries(dispatch.storages).map(([binding, storage]) => [
          binding,
          `${name(storage)}${range(dispatch.windows?.[binding], storage)}`,
        ]),
      ),
      wgsl: dispatch.kernel.source.trim(),
    }),
  );
  return {
    device: device.name,
    dispatches,
    buffers: made.workspace.length + made.slots.length + made.variables.length,
    peakBytes: memoryOf(made),
    flops: dispatches.reduce((sum, { flops }) => sum + flops, 0),
  };
}

/** A planned dispatch in words and numbers. */
export const outlineOf = ({ kernel, label, uniforms, cost }: PlannedDispatch): DispatchOutline => ({
  kernel: kernel.name,
  op: label,
  workgroups: kernel.workgroups(uniforms),
  ...cost,
});

function memoryOf({ workspace, slots, variables }: Plan): number {
  const sum = (storages: readonly Storage[]) => storages.reduce((total, { bytes }) => total + bytes, 0);
  return workspace.reduce((total, bytes) => total + bytes, 0) + sum(slots) + sum(variables);
}
