import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { checkWritable, writeFileAtomically } from '../../src/data/node/index.js';
import type { Kernel } from '../../src/gpu/index.js';
import { openDevice, TesseraError } from '../../src/tensor/index.js';
import { allKernels } from '../kernels/all.js';
import { reasonOf } from './equivalent.js';
import { type Fault, faultsOf } from './faults.js';
import type { Verdict } from './trial.js';

/*
 * Tests of the tests: puts small faults into the WGSL of every kernel, one at a time, and runs that kernel's cases. A
 * fault that nobody notices is a program that means the same, or a case that is missing.
 */
/** A fault may make a loop endless: then this long nothing comes. */
const PATIENCE = 60_000;

const worker = fileURLToPath(new URL('worker.ts', import.meta.url));

/** The verdicts of all faults of a kernel, each tried in a process that may be ended. */
async function verdictsOf(kernel: Kernel, faults: readonly Fault[]): Promise<(Verdict | 'hangs')[]> {
  const verdicts: (Verdict | 'hangs')[] = [];
  while (verdicts.length < faults.length) {
    const child = spawn(process.execPath, ['--import', 'tsx', worker, kernel.name, `${verdicts.length}`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let patience: NodeJS.Timeout | undefined;
    const wait = () => {
      clearTimeout(patience);
      patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    };
    wait();
    for await (const line of createInterface({ input: child.stdout })) {
      verdicts.push(line.slice(line.indexOf(' ') + 1) as Verdict);
      wait();
    }
    clearTimeout(patience);
    // The process ended, or was ended, over this one.
    if (verdicts.length < faults.length) verdicts.push('hangs');
  }
  return verdicts;
}

interface Options {
  readonly kernel?: string;
  readonly json?: string;
}

async function run({ kernel: name, json }: Options): Promise<void> {
  const kernels = allKernels().filter(({ name }, index, all) => all.findIndex((one) => one.name === name) === index);
  const chosen = name === undefined ? kernels : kernels.filter((kernel) => kernel.name === name);
  if (chosen.length === 0)
    throw new TesseraError(
      `there is no kernel '${name}'; there are ${kernels.map((kernel) => kernel.name).join(', ')}`,
    );
  if (json !== undefined) await checkWritable(json);
  const device = await openDevice({ device: 'gpu' });
  console.error(`adapter: ${device.name}`);
  device.close();

  let [faults, caught, equivalent] = [0, 0, 0];
  const survivors: { kernel: string; kind: string; line: string; changed: string; reason?: string }[] = [];
  for (const kernel of chosen) {
    const made = faultsOf(kernel);
    const verdicts = await verdictsOf(kernel, made);
    const valid = verdicts.filter((verdict) => verdict !== 'does not compile').length;
    const survived = made.filter((_, index) => verdicts[index] === 'survived');
    faults += valid;
    caught += valid - survived.length;
    for (const { wgsl: _, ...fault } of survived) {
      const reason = reasonOf(fault);
      if (reason !== undefined) equivalent++;
      survivors.push({ ...fault, ...(reason === undefined ? {} : { reason }) });
    }
    console.error(`${kernel.name}: ${valid - survived.length} of ${valid} caught`);
  }
  for (const { kernel, line, changed, reason } of survivors)
    console.log(
      `${kernel}: ${reason === undefined ? 'SURVIVED' : `same program (${reason})`}\n  ${line}\n  ${changed}`,
    );
  const share = caught / Math.max(1, faults - equivalent);
  console.log(`${caught} of ${faults} faults caught, ${equivalent} make no difference: ${(100 * share).toFixed(1)}%`);
  if (json !== undefined)
    await writeFileAtomically(json, `${JSON.stringify({ faults, caught, survivors }, null, 2)}\n`);
}

const program = new Command('npm run test:mutation --')
  .description('Puts faults into every kernel, one at a time, and tells which of them no test notices.')
  .option('--kernel <name>', 'only this kernel')
  .option('--json <file>', 'write { faults, caught, survivors } to a file')
  .exitOverride()
  .action(run);
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    console.error(`error: ${error instanceof TesseraError ? error.message : (error as Error).stack}`);
    process.exitCode = 1;
  }
}
