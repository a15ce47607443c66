import { Command } from 'commander';
import { describeBench } from '../src/cli/bench.js';
import { reportError } from '../src/cli/exit.js';
import { runBench } from './run.js';

const program = describeBench(new Command('npm run bench --'))
  .exitOverride()
  .showHelpAfterError('(use --help for usage)')
  .action(runBench);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}
