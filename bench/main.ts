import { Argument, Command, CommanderError } from 'commander';
import { table } from '../src/cli/terminal.js';
import { checkWritable, writeFileAtomically } from '../src/data/node/index.js';
import { measureRoofs, type Roofs } from '../src/kernels/index.js';
import { openDevice, setDefaultDevice, TesseraError } from '../src/tensor/index.js';
import { benchContest } from './contest.js';
import { benchHost } from './host.js';
import { attentionCases } from './kernels/attention.js';
import type { KernelCase } from './kernels/case.js';
import { matmulCases } from './kernels/matmul.js';
import { reductionCases, softmaxCases } from './kernels/rows.js';
import { benchCase, type KernelRow } from './kernels/run.js';
import type { Row } from './measure.js';
import { benchStep } from './step.js';

/** Kernels by family. */
const KERNELS: Readonly<Record<string, readonly KernelCase[]>> = {
  matmul: matmulCases,
  softmax: softmaxCases,
  reduction: reductionCases,
  attention: attentionCases,
};
const CASES = ['step', 'host', ...Object.keys(KERNELS)];
const note = (line: string): void => console.error(line);

interface Options {
  readonly json?: string;
}

const program = new Command('npm run bench --')
  .description('Times Tessera. Only ratios of one run mean something: machines differ, and so do minutes.')
  .addArgument(
    new Argument('[case]', 'what to time: a training step, the host side of one, or kernels (default: all)').choices(
      CASES,
    ),
  )
  .option('--json <file>', 'write the rows to a file, too')
  .exitOverride()
  .showHelpAfterError("('--help' shows what there is)")
  .action(run);

program
  .command('peers')
  .description('lets other engines do the same works, checks their results and times them in turn')
  .argument('[work]', 'works whose names begin so (default: all)')
  .option('--quick', 'fewer runs')
  .action(async (only: string | undefined, { quick = false }: { quick?: boolean }) => {
    const { json } = program.opts<Options>();
    if (json !== undefined) await checkWritable(json);
    const device = await openDevice();
    setDefaultDevice(device);
    try {
      const rows = await benchContest({ device, ...(only === undefined ? {} : { only }), quick, note });
      if (json !== undefined) await writeFileAtomically(json, `${JSON.stringify(rows, null, 2)}\n`);
    } finally {
      setDefaultDevice(undefined);
      device.close();
    }
  });

async function run(chosen: string | undefined, { json }: Options): Promise<void> {
  if (json !== undefined) await checkWritable(json);
  const wanted = (name: string) => chosen === undefined || chosen === name;
  const families = Object.entries(KERNELS).filter(([name]) => wanted(name));
  const rows: Row[] = [];
  const device = await openDevice();
  note(`adapter: ${device.name}, ${device.choices.size} tuned choices`);
  setDefaultDevice(device);
  try {
    if (wanted('step')) rows.push(...(await benchStep({ device, note })));
    if (rows.length > 0) console.log(show(rows));
    if (families.length > 0) {
      const roofs = await measureRoofs(device);
      console.log(showRoofs(roofs));
      const kernels: KernelRow[] = [];
      for (const [, cases] of families)
        for (const one of cases) {
          note(one.name);
          kernels.push(...(await benchCase(device, one, roofs)));
        }
      console.log(showKernels(kernels));
      rows.push(...kernels);
    }
  } finally {
    setDefaultDevice(undefined);
    device.close();
  }
  if (wanted('host')) {
    const host = await benchHost();
    console.log(show(host));
    rows.push(...host);
  }
  if (json !== undefined) await writeFileAtomically(json, `${JSON.stringify(rows, null, 2)}\n`);
}

const quartilesOf = ({ quartiles }: Row): string => quartiles.map((one) => one.toFixed(3)).join(' - ');

function show(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    ...[row.case, row.engine, row.milliseconds.toFixed(2), quartilesOf(row)],
    ...[(row.milliseconds / fastestOf(row, rows)).toFixed(2), row.adapter],
  ]);
  return table(['case', 'engine', 'ms', 'quartiles', 'ratio', 'adapter'], cells, [2, 3, 4]);
}

/** A case's rungs, with how much of the roof each reaches: the larger of what operations and bytes would take. */
function showKernels(rows: readonly KernelRow[]): string {
  const cells = rows.map((row) => [
    ...[row.case, row.engine, row.milliseconds.toFixed(3), quartilesOf(row)],
    ...[(row.milliseconds / fastestOf(row, rows)).toFixed(2), row.gflops.toFixed(1), row.gigabytes.toFixed(1)],
    ...[`${(100 * row.roof).toFixed(0)}%`, row.adapter],
  ]);
  const head = ['case', 'kernel', 'ms', 'quartiles', 'ratio', 'GFLOP/s', 'GB/s', 'of the roof', 'adapter'];
  return table(head, cells, [2, 3, 4, 5, 6, 7]);
}

function showRoofs(roofs: Roofs): string {
  const { flops, bytes, dispatch, upload, readback } = roofs;
  const giga = (one: number) => (one / 1e9).toFixed(1);
  return [
    `roofs: ${giga(flops)} GFLOP/s of f32 multiply-adds, ${giga(bytes)} GB/s read or copied (${giga(roofs.copy)} copied), ${(1000 * dispatch).toFixed(1)} µs a dispatch,`,
    `upload ${giga(upload)} GB/s, readback ${giga(readback)} GB/s`,
  ].join(' ');
}

const fastestOf = (row: Row, rows: readonly Row[]): number =>
  Math.min(...rows.filter((one) => one.case === row.case).map(({ milliseconds }) => milliseconds));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    const { message, stack } = error as Error;
    note(`error: ${error instanceof TesseraError ? message : stack}`);
    process.exitCode = 1;
  }
}
