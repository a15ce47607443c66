import { existsSync } from 'node:fs';
import { Argument, type Command } from 'commander';
import { TesseraError } from '../tensor/index.js';

/** Families of kernels, each a file in bench/. */
export const KERNEL_FAMILIES = [
  ...(['matmul', 'conv2d', 'softmax', 'layer-norm', 'reduction', 'lstm', 'attention'] as const),
  ...(['cross-entropy', 'elementwise', 'movement', 'gather', 'optimizers'] as const),
] as const;
export type KernelFamily = (typeof KERNEL_FAMILIES)[number];

/** What can be timed. */
export const BENCHES = ['step', 'host', 'sweep', 'peers', ...KERNEL_FAMILIES] as const;
export type Bench = (typeof BENCHES)[number];

export interface BenchOptions {
  readonly peers?: boolean;
  readonly quick?: boolean;
  readonly json?: string;
  readonly plots?: string;
  readonly docs?: boolean;
  readonly compare?: string[];
}

/** Gives a command the bench's argument and options, which `tessera bench` and `npm run bench` share. */
export const describeBench = (command: Command): Command =>
  command
    .description('time kernels, a training step and the host; only ratios within one run are meaningful')
    .addArgument(
      new Argument(
        '[what]',
        'a training step, its host side, how it grows, other engines, or kernels (default: all but sweep and peers)',
      ).choices(BENCHES),
    )
    .argument('[work]', "with 'peers': workloads whose names begin with this (default: all)")
    .option('--peers', 'also run other engines, after checking that their results agree')
    .option('--quick', 'fewer cases, fewer rounds')
    .option('--json <file>', 'also write the rows and the roofs to a file')
    .option('--plots <folder>', 'draw the ladders and the roofline as SVG and PNG')
    .option('--docs', 'update the figures in docs/ with those of this run')
    .option('--compare <files...>', 'compare two files written by --json: ratios with their noise; runs nothing')
    .hook('preAction', (command) => {
      const [what, work] = command.processedArgs;
      const problem = problemOf(what, work, command.opts());
      if (problem !== undefined) command.error(`error: ${problem}`);
    });

/** What each option is for. */
const USES: Readonly<Record<Exclude<keyof BenchOptions, 'json' | 'compare'>, readonly (Bench | undefined)[]>> = {
  peers: [undefined, 'step', ...KERNEL_FAMILIES],
  quick: [undefined, 'sweep', 'peers', ...KERNEL_FAMILIES],
  plots: [undefined, ...KERNEL_FAMILIES],
  docs: [undefined, 'sweep', ...KERNEL_FAMILIES],
};

/** Why arguments and options do not go together: none is left out in silence. */
function problemOf(what: Bench | undefined, work: string | undefined, options: BenchOptions): string | undefined {
  const { compare, ...others } = options;
  const given = Object.keys(others);
  if (compare !== undefined) {
    if (compare.length !== 2) return `--compare takes two files, before and after; got ${compare.length}`;
    const beside = [what, work, ...given.map((name) => `--${name}`)].filter((one) => one !== undefined);
    return beside.length > 0 ? `--compare runs nothing; leave out ${beside.join(' ')}` : undefined;
  }
  if (work !== undefined && what !== 'peers') return `only 'peers' takes a work; got '${work}' for '${what}'`;
  for (const [name, uses] of Object.entries(USES)) {
    const withPeers = name === 'quick' && options.peers === true;
    if (given.includes(name) && !uses.includes(what) && !withPeers)
      return `--${name} does nothing for '${what}'; it is for ${uses.filter((one) => one !== undefined).join(', ')}`;
  }
  return undefined;
}

/**
 * `tessera bench`: runs the bench, which is in a clone of the repository only. Returns the exit code.
 * @throws TesseraError where there is no bench.
 */
export async function bench(what: Bench | undefined, work: string | undefined, options: BenchOptions): Promise<number> {
  const program = new URL('../../bench/run.ts', import.meta.url);
  if (!existsSync(program)) {
    throw new TesseraError(
      "bench: the installed package has no bench; run 'npm install' and 'npm run bench' in a clone of the repository",
    );
  }
  // Not a literal: the package is built without it.
  const { runBench } = await import(program.href);
  await runBench(what, work, options);
  return 0;
}
