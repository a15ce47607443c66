import type { Inputs, WorkloadKind } from './workloads.js';

/*
 * What a parent and an engine's process say to each other: one answer to each request.
 */
export type Request = { readonly prepare: WorkloadKind; readonly inputs: Inputs } | { readonly time: number };

export type Answer =
  | { readonly ready: true }
  | { readonly outputs: Float32Array[] }
  | { readonly times: number[] }
  /** The engine does not do this, and why. */
  | { readonly unable: string }
  | { readonly error: string };
