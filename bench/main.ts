import { Command } from 'commander';
import { describeBench } from '../src/cli/bench.js';
import { reportError } from '../src/cli/exit.js';
import { runBench } from './run.js';

const program = describeBench(new Command('npm run bench --'))
  .exitOverride()
  .showHelpAfterError("('--help' shows what there is)")
  .action(runBench);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}
