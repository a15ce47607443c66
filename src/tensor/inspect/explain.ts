import { bytesOf, type Window } from '../../gpu/device.js';
import { deviceOf } from '../evaluate.js';
import { checkTensors } from '../graph/graph.js';
import { trace } from '../graph/trace.js';
import type { Storage } from '../runtime/memory.js';
import { type Plan, plan } from '../runtime/plan.js';
import type { PlannedDispatch } from '../runtime/split.js';
import type { Tensor } from '../tensor.js';

/** A dispatch as known before it runs. */
export interface DispatchOutline {
  /** The name of the kernel. */
  readonly kernel: string;
  /** The op that it computes, with the shapes of its inputs. */
  readonly op: string;
  /** The number of workgroups. */
  readonly workgroups: number;
  /** The number of floating-point operations, by the kernel's formula. */
  readonly flops: number;
  /** The number of bytes that must be read or written at least once. */
  readonly bytes: number;
}

/** One dispatch of a plan. */
export interface ExplainedDispatch extends DispatchOutline {
  /**
   * The buffer at each binding: `w3` for workspace, `in0` for an input, or the name of a variable, followed by the
   * range of elements in brackets if only a part of it is bound.
   */
  readonly buffers: Readonly<Record<string, string>>;
  /** The kernel's source. */
  readonly wgsl: string;
}

/** The plan of an evaluation. */
export interface Explanation {
  /** The name of the device. */
  readonly device: string;
  /** The dispatches in order of execution. */
  readonly dispatches: readonly ExplainedDispatch[];
  /** The number of buffers that the plan binds. */
  readonly buffers: number;
  /** The size of these buffers in bytes: the memory that the evaluation needs, including variables. */
  readonly peakBytes: number;
  /** The number of floating-point operations of all dispatches. */
  readonly flops: number;
}

/** Plans the evaluation of tensors without running it, and lists each dispatch with its kernel, cost and buffers. */
export async function explain(...targets: readonly Tensor[]): Promise<Explanation> {
  checkTensors('explain', targets);
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

/** Describes a planned dispatch. */
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
