import { createRequire } from 'node:module';
import { Command, Option } from 'commander';
import { DEVICE_CHOICES } from '../gpu/device.js';
import { didYouMean } from '../gpu/unknown-name.js';
import { bench, describeBench } from './bench.js';
import { PRESETS } from './emoji/presets.js';
import { reportError } from './exit.js';
import { givenFlags } from './flags.js';
import { addGPTCommands } from './gpt/commands.js';
import { integer } from './integer.js';
import { MODELS, type ModelName } from './models.js';
import { addReadOptions, addTableOptions, TABLE_ARGUMENT } from './table-options.js';
import { addModelOptions, addTrainOptions, fractionOf, fusionsOf } from './train-options.js';

/*
 * The command line. A command's file is imported when the command runs, as the engine takes far longer to load than a
 * help text takes to print.
 */

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
const DEFAULT_RUN = 'runs/small-seed0';
/** The exit code of the command that has run. */
let exitCode = 0;
/** The arguments of that command. */
let given: readonly string[] = [];

addTrainOptions(addTableOptions(program.command('train', { isDefault: true })))
  .summary('train a model on a table, or the text+image classifier on emoji (the default command)')
  .description(
    `Train a model that predicts one column of a table from the others, such as

  tessera train data.csv --target label

and report on held-out rows beside two baselines. The kinds of the columns are inferred; tessera inspect shows
them, and flags override them. Without a table, or with 'emoji', the text+image classifier of the Keras model is trained
on emoji.`,
  )
  .argument('[tables...]', `${TABLE_ARGUMENT}; or 'emoji'`)
  .addOption(
    new Option(
      '--preset <name>',
      'of emoji: sizes of model and training (default: keras on a GPU, small on a software adapter)',
    ).choices(Object.keys(PRESETS)),
  )
  .option('--epochs <number>', 'largest number of passes over the training data (default: 30)', integer(1, MOST_STEPS))
  .option('--out <folder>', 'folder of the run (default: runs/NAME-seedSEED)')
  .option('--resume [run]', 'continue an interrupted run (default: the one of this table and seed)')
  .addOption(new Option('--overwrite', 'replace the run that the folder has').conflicts('resume'))
  .addOption(device())
  .addOption(json())
  .action(async (tables: readonly string[], options, command: Command) => {
    if (typeof options.resume === 'string' && options.out !== undefined)
      command.error("error: '--resume <run>' continues in that folder; remove '--out'");
    const { trainCommand } = await import('./train-command.js');
    exitCode = await trainCommand(tables, { ...options, command: given }, givenFlags(command));
  });

addModelOptions(addTableOptions(program.command('study')))
  .summary('compare all fusions, and each field alone, over seeds')
  .description(
    `Train the fields of a table fused in every way, all but one, and each alone, over several seeds, for the same number of
steps and with nearly as many parameters; and say which differences are real:

  tessera study data.csv --target label

Ctrl-C stops it; the same command continues.`,
  )
  .argument('<tables...>', TABLE_ARGUMENT)
  .option('--fusions <names>', 'the fusions, the first of which the others are compared with (default: all)', fusionsOf)
  .option('--seeds <number>', 'how many seeds, from --seed on', integer(1, 100), 3)
  .option('--noise <share>', 'also train with so large a share of wrong labels; 0 for not', fractionOf, 0.2)
  .option('--epochs <number>', 'passes over the training data (default: 10)', integer(1, MOST_STEPS))
  .option('--out <folder>', 'folder of the study (default: studies/NAME)')
  .addOption(device())
  .addOption(json())
  .action(async (tables: readonly string[], options) => {
    const { study } = await import('./study.js');
    exitCode = await study(tables, { ...options, command: given });
  });

addReadOptions(program.command('evaluate'))
  .description('measure a finished run on a table that has the predicted column')
  .argument('[run]', 'folder of the run', DEFAULT_RUN)
  .argument('[tables...]', `${TABLE_ARGUMENT}; none for a run on emoji`)
  .addOption(device())
  .addOption(json())
  .action(async (run, tables, options, command: Command) => {
    const { evaluate } = await import('./evaluate.js');
    exitCode = await evaluate(run, tables, options, givenFlags(command));
  });

addReadOptions(program.command('predict'))
  .summary('predict the rows of a table, or one row')
  .description(
    `Predict the rows of a table, or one row whose cells are given by flags of their columns:

  tessera predict runs/data-seed0 new.csv --out predictions.csv
  tessera predict runs/data-seed0 --photo chair.jpg --title "A red chair" --price 49

A flag may be the kind of a field, such as --image, where there is one field of that kind.`,
  )
  .argument('<run>', 'folder of the run')
  .argument('[tables...]', TABLE_ARGUMENT)
  .option('--out <file>', 'write the predictions as CSV (default: print them)')
  .option('--top <number>', 'of one row, how many classes to show', integer(1), 3)
  .addOption(device())
  .addOption(json())
  .allowUnknownOption()
  .action(async (run, rest, options, command: Command) => {
    const { predict } = await import('./predict.js');
    exitCode = await predict(run, rest, options, givenFlags(command));
  });

addGPTCommands(
  program.command('gpt'),
  () => [device(), json()],
  async (work) => {
    exitCode = await work(given);
  },
);

program
  .command('serve')
  .summary('serve a run: a page to try it, and a JSON API')
  .description(
    `Serve a run on this machine: a page on which to try it, and a JSON API, until Ctrl-C:

  tessera serve runs/data-seed0
  curl -F photo=@chair.jpg -F title="A red chair" -F price=49 http://127.0.0.1:8000/api/predict`,
  )
  .argument('<run>', 'folder of the run')
  .option('--port <number>', 'port to listen on; 0 for one that is free', integer(0, 65_535), 8000)
  .option('--host <address>', 'address to listen on; 0.0.0.0 for all networks of this machine', '127.0.0.1')
  .option('--allow-host <names...>', 'further names under which it may be reached, such as that of a proxy')
  .option('--batch <number>', 'largest number of rows that are predicted together', integer(1, 64), 32)
  .option('--wait <milliseconds>', 'how long a row waits for others to be predicted with', integer(0, 10_000), 5)
  .option('--queue <number>', 'rows that may wait; beyond, the answer is 503', integer(1), 256)
  .option('--rows <number>', 'largest number of rows of a request', integer(1), 64)
  .option('--body <MiB>', 'largest body of a request', integer(1, 1024), 16)
  .option(
    '--rate <number>',
    'requests a second of one client, 0 for no limit; beyond, the answer is 429',
    integer(0),
    50,
  )
  .option('--timeout <seconds>', 'how long a request may take to arrive, and to be answered', integer(1, 3600), 30)
  .addOption(device())
  .addOption(json())
  .action(async (run, options) => {
    const { serve } = await import('./serve.js');
    exitCode = await serve(run, options);
  });

program
  .command('compare')
  .description('show runs beside each other: settings that differ, metrics on test rows with intervals, and curves')
  .argument('<runs...>', 'folders of two runs or more')
  .option('--out <file>', 'the page with the curves', 'comparison.html')
  .addOption(json())
  .action(async (runs, options) => {
    const { compare } = await import('./compare.js');
    exitCode = await compare(runs, options);
  });

addTableOptions(program.command('inspect'))
  .description('describe the columns of a table and the split of its rows, and warn of what looks wrong')
  .argument('<tables...>', TABLE_ARGUMENT)
  .option('--out <file>', 'write the schema as JSON, which can be edited and passed to --schema')
  .option('--sheet <file>', 'write a contact sheet of the images, and of the spectrograms of sounds, as PNG')
  .addOption(json())
  .action(async (files, options) => {
    const { inspect } = await import('./inspect.js');
    exitCode = await inspect(files, options);
  });

program
  .command('data')
  .description('write a data set as a table with images: the emoji by three vendors, with their names and groups')
  .addArgument(program.createArgument('<name>', 'which data set').choices(['emoji']))
  .option('--out <folder>', 'folder of the table and the images', 'emoji')
  .option('--image-size <pixels>', 'height and width of the images', integer(1, 1024), 64)
  .option('--seed <number>', 'seed of the split', integer(0), 0)
  .addOption(json())
  .action(async (_, options) => {
    const { writeData } = await import('./data.js');
    exitCode = await writeData(options);
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
 * Runs a command line, such as `['train', '--seed', '1']`. Returns the exit code: that of the command, 1 for an error,
 * 2 for a usage error (see exit.ts), 130 after Ctrl-C.
 */
export async function main(args: readonly string[]): Promise<number> {
  exitCode = 0;
  given = args;
  const known = ['help', ...program.commands.map((command) => command.name())];
  const [name] = args;
  try {
    // Otherwise, commander takes an unknown name for an argument of the default command.
    if (name !== undefined && !name.startsWith('-') && !known.includes(name))
      program.error(`error: unknown command '${name}'${didYouMean(name, known)}`);
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportError(error);
  }
}
