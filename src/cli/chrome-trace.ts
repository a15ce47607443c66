import type { Profile } from '../tensor/index.js';

/** One profiled step: the time to build its graph, and the profile of evaluating it. */
export interface TracedStep {
  readonly graphMilliseconds: number;
  readonly profile: Profile;
}

const PROCESS = 1;
const HOST = 1;
const DEVICE = 2;

/**
 * Writes steps as a Chrome trace (Trace Event Format, Google 2016) for Perfetto, with a track for the host and one for
 * the device. Durations are measured; start times are not: each event begins where the previous one ended.
 */
export function chromeTrace(title: string, steps: readonly TracedStep[]): string {
  const events: object[] = [
    named('process_name', title, 0),
    named('thread_name', 'host', HOST),
    named('thread_name', `device: ${steps[0]?.profile.device}, each dispatch in a pass of its own`, DEVICE),
  ];
  let now = 0; // in integer nanoseconds, so that one event ends exactly where the next begins
  const add = (track: number, name: string, nanoseconds: number, args: object) => {
    const duration = Math.round(nanoseconds);
    events.push({ ph: 'X', pid: PROCESS, tid: track, name, ts: now / 1000, dur: duration / 1000, args });
    now += duration;
  };
  steps.forEach(({ graphMilliseconds, profile }, step) => {
    add(HOST, 'build the graph', 1e6 * graphMilliseconds, { step });
    add(HOST, 'find the plan, upload', 1e6 * profile.hostMilliseconds, { step });
    profile.dispatches.forEach(({ kernel, op, module, workgroups, flops, bytes, nanoseconds }, dispatch) => {
      add(DEVICE, kernel, nanoseconds, { op, module, dispatch, step, workgroups, flops, bytes });
    });
  });
  return `${JSON.stringify({ displayTimeUnit: 'ms', traceEvents: events })}\n`;
}

const named = (what: string, name: string, track: number) => ({
  ph: 'M',
  pid: PROCESS,
  tid: track,
  name: what,
  args: { name },
});
