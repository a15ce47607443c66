import { createRequire } from 'node:module';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DEVICE_CHOICES } from '../gpu/device.js';
import { bench, describeBench } from './bench.js';
import { reportError } from './exit.js';
import { MODELS, type ModelName } from './models.js';
import { PRESETS } from './presets.js';
import { addTableOptions, TABLE_ARGUMENT } from './table-options.js';

/*
 * The command line. A command's file is imported when the command runs, as the engine takes far longer to load than a help
 * text takes to print.
 */

/** Returns a parser for integers from `minimum` to `maximum`. */
const integer =
  (minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  (text: string) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < minimum || value > maximum)
      throw new InvalidArgumentError(
        `expected an integer from ${minimum}${maximum < Number.MAX_SAFE_INTEGER ? ` to ${maximum}` : ''}.`,
      );
    return value;
  };
const LARGEST_BATCH = 4096;
const MOST_STEPS = 1_000_000;

const { version } = createRequire(import.meta.url)('../../package.json');
const program = new Command('tessera')
  .description('A GPU tensor engine: hand-written WGSL kernels on WebGPU, and multimodal models on top.')
  .version(version)
  .exitOverride()
  .showHelpAfterError('(use --help for usage)');

const device = () =>
  new Option(
    '--device <name>',
    'device to run on: the best adapter or else the reference, a WebGPU adapter, the bundled software adapter, or float64 on the CPU',
  )
    .choices([...DEVICE_CHOICES])
    .default('auto');
const json = () => new Option('--json', 'print the result as one JSON object, and nothing else, on standard output');
const DEFAULT_CHECKPOINT = 'runs/small-seed0/checkpoint.safetensors';
/** The exit code of the command that has run. */
let exitCode = 0;

program
  .command('train', { isDefault: true })
  .description(
    'train the text+image classifier on emoji and their names, and report on held-out emoji (the default command)',
  )
  .addOption(
    new Option(
      '--preset <name>',
      'sizes of model and training (default: keras on a GPU, small on a software adapter)',
    ).choices(Object.keys(PRESETS)),
  )
  .option('--seed <number>', 'seed of the split, the initial weights and the order of batches (default: 0)', integer(0))
  .option('--epochs <number>', 'number of passes over the training data', integer(1, MOST_STEPS))
  .option('--out <folder>', 'folder of the checkpoint (default: runs/PRESET-seedSEED)')
  .option('--resume [file]', 'continue from a checkpoint (default: the one of this preset and seed)')
  .addOption(
    new Option('--overwrite', 'start again, and replace the checkpoint of an interrupted run').conflicts('resume'),
  )
  .addOption(device())
  .addOption(json())
  .action(async (options, command: Command) => {
    if (typeof options.resume === 'string' && options.out !== undefined)
      command.error("error: '--resume <file>' continues in that file; remove '--out'");
    const { train } = await import('./train.js');
    exitCode = await train(options);
  });

program
  .command('evaluate')
  .description('report on a finished run')
  .argument('[checkpoint]', 'checkpoint of the run', DEFAULT_CHECKPOINT)
  .addOption(device())
  .addOption(json())
  .action(async (file, options) => {
    const { evaluate } = await import('./evaluate.js');
    exitCode = await evaluate(file, options);
  });

program
  .command('predict')
  .description('print the most probable classes of an image with a text')
  .argument('<image>', 'a PNG, JPEG, WebP, GIF or SVG file')
  .argument('<text>', 'a few words that describe it')
  .option('--checkpoint <file>', 'checkpoint of a finished run', DEFAULT_CHECKPOINT)
  .option('--top <number>', 'how many classes to show', integer(1), 3)
  .addOption(device())
  .addOption(json())
  .action(async (image, text, options) => {
    const { predict } = await import('./predict.js');
    exitCode = await predict(image, text, options);
  });

addTableOptions(program.command('inspect'))
  .description('tell what the columns of a table are, how its rows are split, and what looks wrong')
  .argument('<tables...>', TABLE_ARGUMENT)
  .option('--out <file>', 'write what was decided as JSON, which can be edited and given back by --schema')
  .option('--sheet <file>', 'write a contact sheet of the images as PNG')
  .addOption(json())
  .action(async (files, options) => {
    const { inspect } = await import('./inspect.js');
    exitCode = await inspect(files, options);
  });

program
  .command('explain')
  .description('list the dispatches of a model: kernels, shapes, cost, buffers and WGSL')
  .addArgument(program.createArgument('<model>', 'which model').choices([...MODELS]))
  .option('--training', 'explain a training step instead of the forward pass')
  .option('--batch <number>', 'batch size', integer(1, LARGEST_BATCH), 32)
  .option('--wgsl', 'show the source of every kernel')
  .addOption(device())
  .addOption(json())
  .action(async (model: ModelName, options) => {
    const { explain } = await import('./explain.js');
    exitCode = await explain(model, options);
  });

program
  .command('profile')
  .description("time each kernel of a training step: share, GFLOP/s, GB/s and % of the device's peak")
  .addArgument(
    program
      .createArgument('[model]', 'which model')
      .choices([...MODELS])
      .default('text-image-classifier'),
  )
  .option('--forward', 'time the forward pass instead of a training step')
  .option('--steps <number>', 'how many steps to time', integer(1, MOST_STEPS), 10)
  .option('--batch <number>', 'batch size', integer(1, LARGEST_BATCH), 32)
  .option('--trace <file>', 'write a Chrome trace of the steps, for Perfetto (ui.perfetto.dev)')
  .addOption(device())
  .addOption(json())
  .action(async (model: ModelName, options) => {
    const { profile } = await import('./profile.js');
    exitCode = await profile(model, options);
  });

program
  .command('tune')
  .description('find the fastest kernel variants on this adapter, and use them in later runs')
  .option('--seconds <number>', 'time limit; what is left can be measured later (default: 120)', integer(1, MOST_STEPS))
  .addOption(new Option('--clear', 'delete the measurements of this adapter, and exit').conflicts('seconds'))
  .addOption(device())
  .addOption(json())
  .action(async (options) => {
    const { tune } = await import('./tune.js');
    exitCode = await tune(options);
  });

program
  .command('doctor')
  .description("list this machine's adapters, features and limits, and what to install if there is none")
  .addOption(json())
  .action(async (options) => {
    const { doctor } = await import('./doctor.js');
    exitCode = await doctor(options);
  });

describeBench(program.command('bench')).action(async (what, work, options) => {
  exitCode = await bench(what, work, options);
});

/**
 * Runs a command line, such as `['train', '--seed', '1']`. Returns the exit code: that of the command, 1 for an error, 2 for
 * a usage error (see exit.ts), 130 after Ctrl-C.
 */
export async function main(args: readonly string[]): Promise<number> {
  exitCode = 0;
  const known = ['help', ...program.commands.map((command) => command.name())];
  const [name] = args;
  try {
    // Otherwise, commander takes an unknown name for an argument of the default command.
    if (name !== undefined && !name.startsWith('-') && !known.includes(name))
      program.error(`error: unknown command '${name}'`);
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportError(error);
  }
}
