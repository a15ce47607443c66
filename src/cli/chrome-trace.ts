import type { Profile } from '../tensor/index.js';

/** One profiled step: what the host took to build its graph, and what evaluating it took. */
export interface TracedStep {
  readonly graphMilliseconds: number;
  readonly profile: Profile;
}

const PROCESS = 1;
const HOST = 1;
const DEVICE = 2;

/**
 * Steps as a Chrome trace (Trace Event Format, Google 2016), which Perfetto opens: a track of the host and one of the
 * device. Durations are measured; each step's begin where the one before ended, its dispatches without gaps.
 */
export function chromeTrace(title: string, steps: readonly TracedStep[]): string {
  const events: object[] = [
    named('process_name', title, 0),
    named('thread_name', 'host', HOST),
    named('thread_name', `device: ${steps[0]?.profile.device}, each dispatch in a pass of its own`, DEVICE),
  ];
  let now = 0; // in whole nanoseconds, so that one event ends exactly where the next begins
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
