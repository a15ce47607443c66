import { existsSync } from 'node:fs';
import { Argument, type Command } from 'commander';
import { TesseraError } from '../gpu/errors.js';

/** The families of kernels, each with a file in bench/cases. */
export const KERNEL_FAMILIES = [
  'matmul',
  'conv2d',
  'depthwise',
  'softmax',
  'layer-norm',
  'reduction',
  'lstm',
  'attention',
  'cross-entropy',
  'ctc',
  'elementwise',
  'movement',
  'gather',
  'optimizers',
] as const;
/** One of `KERNEL_FAMILIES`. */
export type KernelFamily = (typeof KERNEL_FAMILIES)[number];

/** The benchmarks. */
export const BENCHES = ['step', 'gpt', 'host', 'sweep', 'table', 'peers', ...KERNEL_FAMILIES] as const;
/** One of `BENCHES`. */
export type Bench = (typeof BENCHES)[number];

/** The options of `tessera bench`. */
export interface BenchOptions {
  readonly peers?: boolean;
  readonly quick?: boolean;
  readonly json?: string;
  readonly plots?: string;
  readonly docs?: boolean;
  readonly compare?: string[];
}

/** Adds the arguments and options of benchmarks, which `tessera bench` and `npm run bench` share, to a command. */
export const describeBench = (command: Command): Command =>
  command
    .description('time kernels, a training step and the host; only ratios within one run are meaningful')
    .addArgument(
      new Argument(
        '[what]',
        'training step, steps and tokens of a GPT, the host side of a step, its scaling, inspecting a large table, other engines, or a kernel family (default: all except sweep, table and peers)',
      ).choices(BENCHES),
    )
    .argument('[work]', "with 'peers': workloads whose names begin with this (default: all)")
    .option('--peers', 'also run other engines, after checking that their results agree')
    .option('--quick', 'run fewer cases and rounds')
    .option('--json <file>', 'also write all results to a JSON file')
    .option('--plots <folder>', 'plot the ladders and the roofline as SVG and PNG')
    .option('--docs', 'update the figures in docs/ with the results of this run')
    .option(
      '--compare <files...>',
      'compare two files written by --json, with their ratio and its interval; runs nothing',
    )
    .hook('preAction', (command) => {
      const [what, work] = command.processedArgs;
      const problem = problemOf(what, work, command.opts());
      if (problem !== undefined) command.error(`error: ${problem}`);
    });

/** The benchmarks that each option applies to. */
const USES: Readonly<Record<Exclude<keyof BenchOptions, 'compare'>, readonly (Bench | undefined)[]>> = {
  json: [undefined, ...BENCHES.filter((name) => name !== 'table')],
  peers: [undefined, 'step', 'gpt', ...KERNEL_FAMILIES],
  quick: [undefined, 'sweep', 'table', 'peers', ...KERNEL_FAMILIES],
  plots: [undefined, ...KERNEL_FAMILIES],
  docs: [undefined, 'sweep', ...KERNEL_FAMILIES],
};

/** Describes why arguments and options cannot be combined; undefined if they can. */
function problemOf(what: Bench | undefined, work: string | undefined, options: BenchOptions): string | undefined {
  const { compare, ...others } = options;
  const given = Object.keys(others);
  if (compare !== undefined) {
    if (compare.length !== 2) return `--compare expects two files, before and after; got ${compare.length}`;
    const beside = [what, work, ...given.map((name) => `--${name}`)].filter((one) => one !== undefined);
    return beside.length > 0 ? `--compare runs nothing; remove ${beside.join(' ')}` : undefined;
  }
  if (work !== undefined && what !== 'peers') return `only 'peers' accepts a workload; got '${work}' for '${what}'`;
  for (const [name, uses] of Object.entries(USES)) {
    const withPeers = name === 'quick' && options.peers === true;
    if (given.includes(name) && !uses.includes(what) && !withPeers)
      return `--${name} has no effect on '${what}'; it applies to ${uses.filter((one) => one !== undefined).join(', ')}`;
  }
  return undefined;
}

/**
 * Implements `tessera bench`, which runs benchmarks in a clone of the repository. Returns the exit code.
 * @throws TesseraError if the benchmarks are not there, as in the installed package.
 */
export async function bench(what: Bench | undefined, work: string | undefined, options: BenchOptions): Promise<number> {
  const program = new URL('../../bench/run.ts', import.meta.url);
  if (!existsSync(program)) {
    throw new TesseraError(
      "bench: the installed package has no benchmarks; run 'npm install' and 'npm run bench' in a clone of the repository",
    );
  }
  // Not a literal, as the package is built without this file.
  const { runBench } = await import(program.href);
  await runBench(what, work, options);
  return 0;
}
