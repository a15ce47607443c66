import { CommanderError } from 'commander';
import { TesseraError } from '../gpu/errors.js';

/** The exit code of a usage error. */
const USAGE_ERROR = 2;

/**
 * Reports an error and returns the exit code: 2 for a usage error, 1 for any other. A TesseraError is reported by its
 * message; any other error is a bug, and its stack trace is printed.
 */
export function reportError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_ERROR;
  const { message, stack } = error as Error;
  process.stderr.write(`error: ${error instanceof TesseraError ? message : stack}\n`);
  return 1;
}
