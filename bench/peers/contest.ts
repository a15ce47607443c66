import { existsSync } from 'node:fs';
import { type Device, TesseraError } from '../../src/tensor/index.js';
import { disagreesAt } from '../../src/tensor/tune/measure.js';
import { type Row, statistics } from '../measure.js';
import { EngineProcess } from './child.js';
import { type Pace, race } from './race.js';
import { type Column, type Outcome, showContest } from './table.js';
import { WORKLOADS, type Workload } from './workloads.js';

interface Contestant extends Column {
  readonly module: string;
}

const OWN = 'Tessera';
const CONTESTANTS: readonly Contestant[] = [
  { engine: OWN, module: 'tessera.ts', webgpu: true },
  { engine: 'TF.js WebGPU', module: 'tfjs.ts', webgpu: true },
  { engine: 'jax-js WebGPU', module: 'jax.ts', webgpu: true },
  { engine: 'ORT-web WebGPU', module: 'ort-web.ts', webgpu: true },
  { engine: 'ORT-node CPU', module: 'ort-node.ts', webgpu: false },
  { engine: 'PyTorch CPU', module: 'torch.ts', webgpu: false },
];
const ENGINES = new URL('engines/', import.meta.url);

const PACE: Pace = { turn: 300, rounds: [5, 20], spread: 0.08 };
const QUICK: Pace = { turn: 100, rounds: [3, 5], spread: 0.2 };

export interface ContestOptions {
  /** The adapter that all engines will find. */
  readonly device: Device;
  /** Works whose names begin so; default all. */
  readonly only?: string;
  /** Fewer runs. */
  readonly quick?: boolean;
  readonly note: (line: string) => void;
}

/**
 * Lets engines compute the same workloads, each in a process of its own and on the same adapter, checks their results
 * and times them in turn; prints the table. An engine that cannot do a workload, or does it wrong, is named with the
 * reason.
 * @throws TesseraError if the peers are not installed, or no workload is called so.
 */
export async function benchContest({ device, only = '', quick = false, note }: ContestOptions): Promise<Row[]> {
  expectInstalled(new URL('node_modules', import.meta.url));
  const workloads = WORKLOADS.filter(({ name }) => name.startsWith(only));
  if (workloads.length === 0)
    throw new TesseraError(`no workload of the contest begins with '${only}'; there are: ${namesOf(WORKLOADS)}`);
  const engines = CONTESTANTS.map(({ engine, module }) => ({
    engine,
    process: new EngineProcess(new URL(module, ENGINES)),
  }));
  const reference = new EngineProcess(new URL('reference.ts', ENGINES));
  const outcomes: Outcome[] = [];
  try {
    for (const workload of workloads)
      outcomes.push(...(await contest(workload, engines, reference, device, quick ? QUICK : PACE, note)));
  } finally {
    for (const { process } of engines) process.close();
    reference.close();
  }
  console.log(showContest(outcomes, CONTESTANTS, workloads, { own: OWN, adapter: device.name }));
  return outcomes.flatMap((outcome) => ('row' in outcome ? [outcome.row] : []));
}

const namesOf = (workloads: readonly Workload[]): string => workloads.map(({ name }) => name).join('; ');

/** @throws TesseraError that names the command, if the peers' packages are not there. */
export function expectInstalled(folder: URL): void {
  if (existsSync(folder)) return;
  throw new TesseraError(
    'the peers are not installed; run `npm ci --prefix bench/peers --ignore-scripts` (560 MB), then again',
  );
}

interface Running {
  readonly engine: string;
  readonly process: EngineProcess;
}

async function contest(
  workload: Workload,
  engines: readonly Running[],
  reference: EngineProcess,
  { name: adapter }: Device,
  pace: Pace,
  note: (line: string) => void,
): Promise<Outcome[]> {
  note(workload.name);
  const inputs = await workload.inputs();
  const expected = await reference.prepare(workload.kind, inputs);
  if ('why' in expected) throw new Error(`${workload.name}: the reference failed: ${expected.why}`);
  const outcomes: Outcome[] = [];
  const sound: Running[] = [];
  for (const one of engines) {
    const made = await one.process.prepare(workload.kind, inputs);
    const why = 'why' in made ? made.why : disagreement(made.outputs, expected.outputs);
    if (why === undefined) sound.push(one);
    else outcomes.push({ case: workload.name, engine: one.engine, why });
  }
  const all = await race(
    sound.map(({ process }) => process),
    pace,
  );
  all.forEach((result, index) => {
    const shared = { case: workload.name, engine: sound[index].engine };
    if ('why' in result) outcomes.push({ ...shared, why: result.why });
    else {
      const measured = statistics(result.times);
      const perSecond = 1e-6 / measured.milliseconds;
      const rates = { gflops: workload.flops * perSecond, gigabytes: workload.bytes * perSecond };
      outcomes.push({ row: { ...shared, ...measured, ...rates, adapter } });
    }
  });
  note(`  ${outcomes.map(inShort).join('; ')}`);
  return outcomes;
}

const inShort = (outcome: Outcome): string =>
  'row' in outcome ? `${outcome.row.engine} ${outcome.row.milliseconds.toFixed(2)} ms` : `${outcome.engine} -`;

/** What is wrong with results, or undefined: each may differ from the expected by a share of its largest value. */
export function disagreement(actual: readonly Float32Array[], expected: readonly Float32Array[]): string | undefined {
  if (actual.length !== expected.length) return `wrong: ${actual.length} results, expected ${expected.length}`;
  for (const [index, values] of expected.entries()) {
    const theirs = actual[index];
    if (theirs.length !== values.length)
      return `wrong: result ${index} has ${theirs.length} elements, expected ${values.length}`;
    const at = disagreesAt(theirs, values);
    if (at >= 0) return `wrong: element ${at} of result ${index} is ${theirs[at]}, expected ${values[at]}`;
  }
  return undefined;
}
