import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bench, type BenchOptions, KERNEL_FAMILIES, type KernelFamily } from '../src/cli/bench.js';
import { checkWritable, writeFileAtomically } from '../src/data/node/index.js';
import { measureRoofs, type Roofs } from '../src/kernels/index.js';
import { type Device, openDevice, setDefaultDevice, TesseraError } from '../src/tensor/index.js';
import { casesOf } from './cases/families.js';
import { benchGpt } from './gpt.js';
import { benchHost } from './host.js';
import type { Row } from './measure.js';
import { benchContest } from './peers/contest.js';
import { changeCells, compare, readRows } from './report/compare.js';
import { describeRoofs, forTerminal, rowCells, showLadders } from './report/tables.js';
import { benchCase, type KernelRow } from './run-case.js';
import { benchStep } from './step.js';
import { benchSweep } from './sweep.js';
import { benchTable } from './table.js';

/** Where and when results were measured. */
export interface ReportHeader {
  readonly adapter: string;
  readonly software: boolean;
  readonly date: string;
  readonly version: string;
}

/** The report that `--json` writes. */
export interface Report extends ReportHeader {
  /** The roofs measured in this run, if kernels were timed. */
  readonly roofs?: Roofs;
  readonly rows: readonly Row[];
}

/** The results of kernel benchmarks. */
export interface Results extends ReportHeader {
  readonly families: ReadonlyMap<KernelFamily, readonly KernelRow[]>;
  readonly roofs: Roofs;
}

const note = (line: string): void => console.error(line);

/** For each benchmark that has peers, the prefix of its workloads' names. */
const WORKLOADS: Partial<Record<Bench, string>> = {
  step: 'training',
  gpt: 'GPT',
  matmul: 'matmul',
  conv2d: 'conv',
  softmax: 'softmax',
  'layer-norm': 'layer norm',
  reduction: 'sum',
  lstm: 'LSTM',
  elementwise: 'elementwise',
};

function workloadsOf(what: Bench | undefined): string {
  if (what === undefined) return '';
  const workloads = WORKLOADS[what];
  if (workloads === undefined)
    throw new TesseraError(
      `--peers: no other engine runs '${what}'; expected one of ${Object.keys(WORKLOADS).join(', ')}`,
    );
  return workloads;
}

/**
 * Runs benchmarks, prints tables, and writes results, plots and figures as the options say.
 * @throws TesseraError if there is no adapter, or a file cannot be read or written.
 */
export async function runBench(
  what: Bench | undefined,
  workload: string | undefined,
  options: BenchOptions,
): Promise<void> {
  const { peers = false, quick = false, json, plots, compare: files } = options;
  if (files !== undefined) return showComparison(files);
  if (what === 'table') return benchTable(quick);
  for (const file of [json, plots && path.join(plots, 'roofline.svg')])
    if (file !== undefined) await checkWritable(file);
  const wanted = (name: Bench) => what === undefined || what === name;
  const families = KERNEL_FAMILIES.filter(wanted);
  const workloads = what === 'peers' ? (workload ?? '') : peers ? workloadsOf(what) : undefined;
  const rows: Row[] = [];
  let roofs: Roofs | undefined;
  const device = await openDevice({ device: 'gpu' });
  note(`adapter: ${device.name}, ${device.choices.size} tuned choices`);
  const { name: adapter, software } = device;
  const header: ReportHeader = { adapter, software, date: new Date().toISOString(), version: versionOf() };
  setDefaultDevice(device);
  try {
    if (wanted('step')) rows.push(...(await benchStep({ device, note })));
    if (wanted('gpt')) rows.push(...(await benchGpt({ device, note })));
    if (rows.length > 0) console.log(forTerminal(rowCells(rows)));
    if (families.length > 0) {
      const results = { ...(await benchKernels(device, families, quick)), ...header };
      rows.push(...[...results.families.values()].flat());
      roofs = results.roofs;
      await writeOut(results, options);
    }
    if (workloads !== undefined) rows.push(...(await benchContest({ device, only: workloads, quick, note })));
  } finally {
    setDefaultDevice(undefined);
    device.close();
  }
  if (what === 'sweep') rows.push(...(await runSweep(header, options)));
  if (wanted('host')) {
    const host = await benchHost();
    console.log(forTerminal(rowCells(host)));
    rows.push(...host);
  }
  if (json === undefined) return;
  const report: Report = { ...header, ...(roofs && { roofs }), rows };
  await writeFileAtomically(json, `${JSON.stringify(report, null, 2)}\n`);
}

async function runSweep(header: ReportHeader, { quick = false, docs = false }: BenchOptions): Promise<readonly Row[]> {
  const { rows, tables } = await benchSweep({ quick, note, print: (line) => console.log(line) });
  if (docs) {
    const { writeSweep } = await import('./report/documents.js');
    note(`figures: ${await writeSweep(tables, header)}`);
  }
  return rows;
}

async function benchKernels(
  device: Device,
  families: readonly KernelFamily[],
  quick: boolean,
): Promise<Pick<Results, 'families' | 'roofs'>> {
  const roofs = await measureRoofs(device);
  console.log(`roofs of ${device.name}: ${describeRoofs(roofs)}`);
  const found = new Map<KernelFamily, KernelRow[]>();
  for (const family of families) {
    const rows: KernelRow[] = [];
    for (const one of casesOf(family, { quick, software: device.software })) {
      note(one.name);
      rows.push(...(await benchCase(device, one, { quick, roofs, note })));
    }
    console.log(`\n${showLadders(rows)}`);
    found.set(family, rows);
  }
  return { families: found, roofs };
}

async function writeOut(results: Results, { plots, docs = false }: BenchOptions): Promise<void> {
  const { families, roofs, software } = results;
  if (plots !== undefined) {
    const { ladderPlot, rooflinePlot, writePlot } = await import('./report/plots.js');
    for (const [family, rows] of families) {
      const plot = ladderPlot(family, rows, software);
      if (plot !== undefined) await writePlot(path.join(plots, family), plot);
    }
    const roofline = rooflinePlot(families, roofs, software);
    if (roofline !== undefined) await writePlot(path.join(plots, 'roofline'), roofline);
    note(`plots: ${plots}`);
  }
  if (docs) {
    const { writeDocuments } = await import('./report/documents.js');
    for (const page of await writeDocuments(results)) note(`figures: ${path.relative('.', page)}`);
  }
}

async function showComparison(files: readonly string[]): Promise<void> {
  const [before, after] = await Promise.all(files.map(readRows));
  console.log(forTerminal(changeCells(compare(before, after))));
}

/** Returns the version of the package and, in a git clone, the commit. */
function versionOf(): string {
  const { version } = createRequire(import.meta.url)('../package.json');
  try {
    const cwd = fileURLToPath(new URL('..', import.meta.url));
    const commit = execFileSync('git', ['describe', '--always', '--dirty'], {
      cwd,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return `${version} (${commit.toString().trim()})`;
  } catch {
    return version;
  }
}
