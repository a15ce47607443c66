import { Argument, Command, CommanderError } from 'commander';
import { table } from '../src/cli/terminal.js';
import { checkWritable, writeFileAtomically } from '../src/data/node/index.js';
import { openDevice, setDefaultDevice, TesseraError } from '../src/tensor/index.js';
import { benchHost } from './host.js';
import type { Row } from './measure.js';
import { benchStep } from './step.js';

const CASES = ['step', 'host'] as const;
const note = (line: string): void => console.error(line);

interface Options {
  readonly peers?: boolean;
  readonly json?: string;
}

const program = new Command('npm run bench --')
  .description('Times Tessera. Only ratios of one run mean something: machines differ, and so do minutes.')
  .addArgument(
    new Argument('[case]', 'what to time: a training step, or the host side of one (default: all)').choices(CASES),
  )
  .option('--peers', 'time the other engines too, after checking that they compute the same')
  .option('--json <file>', 'write the rows to a file, too')
  .exitOverride()
  .showHelpAfterError("('--help' shows what there is)")
  .action(run);

async function run(chosen: (typeof CASES)[number] | undefined, { peers = false, json }: Options): Promise<void> {
  if (json !== undefined) await checkWritable(json);
  const rows: Row[] = [];
  if (chosen !== 'host') {
    const device = await openDevice();
    note(`adapter: ${device.name}`);
    setDefaultDevice(device);
    try {
      rows.push(...(await benchStep({ device, peers, note })));
    } finally {
      setDefaultDevice(undefined);
      device.close();
    }
  }
  if (chosen !== 'step') rows.push(...(await benchHost()));
  console.log(show(rows));
  if (json !== undefined) await writeFileAtomically(json, `${JSON.stringify(rows, null, 2)}\n`);
}

function show(rows: readonly Row[]): string {
  const fastest = new Map<string, number>();
  for (const row of rows) {
    fastest.set(row.case, Math.min(row.milliseconds, fastest.get(row.case) ?? Number.POSITIVE_INFINITY));
  }
  const cells = rows.map(({ case: name, engine, milliseconds, quartiles, adapter }) => [
    ...[name, engine, milliseconds.toFixed(2), quartiles.map((one) => one.toFixed(2)).join(' - ')],
    ...[(milliseconds / fastest.get(name)!).toFixed(2), adapter],
  ]);
  return table(['case', 'engine', 'ms', 'quartiles', 'ratio', 'adapter'], cells, [2, 3, 4]);
}

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
