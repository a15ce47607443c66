import path from 'node:path';
import { InvalidArgumentError } from 'commander';

/** What `--sequence FILE:KEY=COLUMN@TIME` says. */
export interface SequenceFlag {
  /** The table of events. */
  readonly file: string;
  /** The name of the file without its ending. */
  readonly name: string;
  /** The column of the events that says whose they are. */
  readonly key: string;
  /** The column of the table that has the same values, where it has another name. */
  readonly rowKey?: string;
  /** The column of the times, where it is not to be inferred. */
  readonly time?: string;
}

/** Reads a flag, which can be repeated. This file loads fast, for the help. */
export function sequenceFlag(text: string, previous: readonly SequenceFlag[] = []): SequenceFlag[] {
  const [, file, key, rowKey, time] = /^(.+):([^=@]+)(?:=([^@]+))?(?:@(.+))?$/s.exec(text) ?? [];
  if (file === undefined)
    throw new InvalidArgumentError(
      "expected a file and its column of keys, such as 'visits.csv:person', 'visits.csv:person=id' or 'visits.csv:person@day'.",
    );
  const name = path.basename(file).replace(/(?:\.[a-z]{2,7})?(?:\.gz)?$/i, '');
  if (previous.some((other) => other.name === name))
    throw new InvalidArgumentError(`'${name}' is given twice; each file needs another name.`);
  return [...previous, { file, name, key, ...(rowKey && { rowKey }), ...(time && { time }) }];
}
