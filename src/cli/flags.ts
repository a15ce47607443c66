import type { Command } from 'commander';
import { TesseraError } from '../tensor/index.js';

/** The names of the options that a command line gives, without those that have a default. */
export const givenFlags = (command: Command): string[] =>
  Object.keys(command.opts()).filter((name) => command.getOptionValueSource(name) === 'cli');

/** A flag as it is written, by the name of its option. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Refuses flags that would have no effect. `reason` follows the flag, as in `--top is for one row`. */
export function refuseFlags(
  command: string,
  given: readonly string[],
  refused: readonly string[],
  reason: string,
): void {
  const flag = given.find((name) => refused.includes(name));
  if (flag !== undefined) throw new TesseraError(`${command}: ${flagOf(flag)} ${reason}; remove it`);
}
