import { checkWritable, writeFileAtomically } from '../data/node/index.js';
import { median } from '../gpu/statistics.js';
import { measureRoofs, type Roofs } from '../kernels/index.js';
import { startReading } from '../tensor/evaluate.js';
import { type DeviceChoice, profile as profileTargets, type Tensor } from '../tensor/index.js';
import { chromeTrace, type TracedStep } from './chrome-trace.js';
import { withDevice } from './device.js';
import { interruptible } from './interrupt.js';
import type { ModelName } from './models.js';
import { type Share, sharesBy, totalOf } from './profile-table.js';
import { type Progress, percent, short, Terminal, table } from './terminal.js';
import { workload } from './workload.js';

/** The options of `tessera profile`. */
export interface ProfileOptions {
  readonly steps: number;
  readonly batch: number;
  readonly forward?: boolean;
  readonly trace?: string;
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/** The number of untimed steps at the start, in which kernels are compiled. */
const WARM_UP = 3;

/**
 * Implements `tessera profile`, which times each kernel of a training step and the host. Timed steps alternate between
 * a normal step, with all dispatches in one pass, and a profiled step, with each dispatch in a pass of its own. Returns
 * the exit code.
 */
export async function profile(
  model: ModelName,
  { steps, batch, forward = false, trace, device: choice, json = false }: ProfileOptions,
): Promise<number> {
  const terminal = new Terminal(json);
  if (trace !== undefined) await checkWritable(trace);
  return withDevice(choice, terminal, async (device) => {
    const interruption = interruptible(terminal);
    const stopped = (): number => {
      terminal.note('stopped; nothing was written');
      return interruption.exitCode;
    };
    let shown: Progress | undefined;
    try {
      // The reference device has no roofs.
      const roofs = device.kind === 'gpu' ? await measureRoofs(device) : undefined;
      shown = terminal.progress(WARM_UP + steps, 'profile');
      const next = workload({ model, batch, training: !forward });
      const usual: UsualStep[] = [];
      const profiled: TracedStep[] = [];
      for (let done = 0; done < WARM_UP + steps; done++) {
        if (interruption.signal.aborted) return stopped();
        shown.update(done, done < WARM_UP ? 'warming up' : '');
        const step = await usualStep(next);
        if (done < WARM_UP) continue;
        usual.push(step);
        profiled.push(await profiledStep(next));
      }
      const what = `${model}, ${forward ? 'forward pass' : 'training step'}, batch ${batch}`;
      if (trace !== undefined) await writeFileAtomically(trace, chromeTrace(what, profiled));
      const found = summarize(usual, profiled, roofs);
      terminal.result({
        adapter: device.name,
        software: device.software,
        model,
        batch,
        training: !forward,
        steps,
        ...found,
        trace: trace ?? null,
      });
      print(terminal, `${what}: medians of ${steps} steps on ${device.name}`, found);
      terminal.print(device.kind === 'gpu' ? ON_A_GPU : ON_THE_REFERENCE);
      if (device.software) terminal.print(ON_A_CPU);
      if (trace !== undefined) terminal.print(`trace: ${trace} (open it at ui.perfetto.dev)`);
      return 0;
    } finally {
      shown?.stop();
      interruption.done();
    }
  });
}

const ON_A_GPU =
  '\nWebGPU has timestamps only at the boundaries of passes, so each timed dispatch ran in a pass of its own.';
const ON_THE_REFERENCE = '\nThe times of the reference device are wall-clock times.';
const ON_A_CPU = 'This adapter runs on the CPU: only shares and ratios within one run are meaningful.';

/** The milliseconds of a normal step, from the batch on the host to the loss on the host. */
interface UsualStep {
  /** The time to build the graph, including gradients. */
  readonly graph: number;
  /** The time to look up the plan, upload, encode and submit. */
  readonly submission: number;
  /** The time of the whole step. */
  readonly wall: number;
}

async function usualStep(next: () => Tensor[]): Promise<UsualStep> {
  const begin = performance.now();
  const targets = next();
  const built = performance.now();
  await startReading(targets);
  const submitted = performance.now();
  await targets[0].data();
  return { graph: built - begin, submission: submitted - built, wall: performance.now() - begin };
}

async function profiledStep(next: () => Tensor[]): Promise<TracedStep> {
  const begin = performance.now();
  const targets = next();
  const graphMilliseconds = performance.now() - begin;
  const profiled = await profileTargets(...targets);
  await targets[0].data();
  return { graphMilliseconds, profile: profiled };
}

function summarize(usual: readonly UsualStep[], profiled: readonly TracedStep[], roofs: Roofs | undefined) {
  const steps = profiled.map((step) => step.profile);
  const total = totalOf(steps, roofs);
  return {
    roofs: roofs ?? null,
    kernels: sharesBy(({ kernel }) => kernel, steps, roofs),
    modules: sharesBy(({ module }) => module, steps, roofs),
    total,
    milliseconds: {
      graph: median(usual.map(({ graph }) => graph)),
      submission: median(usual.map(({ submission }) => submission)),
      device: total.milliseconds,
      wall: median(usual.map(({ wall }) => wall)),
    },
  };
}

function print(
  terminal: Terminal,
  title: string,
  { roofs, kernels, modules, total, milliseconds }: ReturnType<typeof summarize>,
): void {
  terminal.print(title);
  if (roofs !== null)
    terminal.print(`roofs, measured in this run: ${short(roofs.flops, 'FLOP/s')}, ${short(roofs.bytes, 'B/s')}`);
  terminal.print(`\n${shareTable('kernel', kernels, total)}`);
  terminal.print(`\n${shareTable('module', modules, total)}`);
  const rows = [
    ['host', milliseconds.graph, 'build the graph, including gradients'],
    ['host', milliseconds.submission, 'look up the plan, upload, encode, submit'],
    ['device', milliseconds.device, 'all dispatches, each in a pass of its own'],
    ['wall', milliseconds.wall, 'from the batch to the result, all dispatches in one pass, as without profiling'],
  ] as const;
  terminal.print(
    `\n${table(
      ['a step', 'ms', ''],
      rows.map(([where, ms, what]) => [where, ms.toFixed(2), what]),
      [1],
    )}`,
  );
  if (kernels.some(({ ofRoof }) => ofRoof !== null && ofRoof > 1))
    terminal.print('\nAbove 100% of the roof: the data came from a cache, but the roof is that of memory.');
}

function shareTable(what: string, shares: readonly Share[], total: Share): string {
  const head = [what, 'calls', 'ms', 'share', 'GFLOP/s', 'GB/s', 'of roof'];
  const rows = [...shares, total].map(
    ({ name, calls, milliseconds, share, flopsPerSecond, bytesPerSecond, ofRoof }) => [
      name,
      calls,
      milliseconds.toFixed(3),
      percent(share),
      (flopsPerSecond / 1e9).toFixed(2),
      (bytesPerSecond / 1e9).toFixed(2),
      ofRoof === null ? '-' : percent(ofRoof),
    ],
  );
  return table(head, rows, head.map((_, column) => column).slice(1));
}
