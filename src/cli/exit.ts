import { CommanderError } from 'commander';
import { TesseraError } from '../tensor/index.js';

/** The exit code of a wrong call. */
const WRONG_CALL = 2;

/**
 * Tells an error and returns the exit code: 2 for a wrong call, 1 for anything else. What Tessera says is meant for the
 * user; anything else is a defect, and its stack helps.
 */
export function tellError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_CALL;
  const { message, stack } = error as Error;
  process.stderr.write(`error: ${error instanceof TesseraError ? message : stack}\n`);
  return 1;
}
