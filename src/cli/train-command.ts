import { TesseraError } from '../tensor/index.js';
import { type TrainOptions as EmojiOptions, train as trainEmoji } from './emoji/train.js';
import { flagOf } from './flags.js';
import type { TrainOptions } from './prepare-run.js';
import { isTableRun } from './run-path.js';
import { trainTable } from './train.js';

/** Flags that both kinds of runs take. */
const COMMON = ['seed', 'epochs', 'out', 'resume', 'overwrite', 'device', 'json'];

/**
 * Implements `tessera train`: of a table, or of emoji if no table is given. `given` names the options that were given.
 * Returns the exit code.
 */
export async function trainCommand(
  tables: readonly string[],
  options: TrainOptions & EmojiOptions & { readonly resume?: string | true },
  given: readonly string[],
): Promise<number> {
  const isTable =
    tables.length > 0
      ? tables.join() !== 'emoji'
      : typeof options.resume === 'string' && (await isTableRun(options.resume));
  if (!isTable) {
    const other = given.find((name) => !COMMON.includes(name) && name !== 'preset');
    if (other !== undefined)
      throw new TesseraError(
        `train: ${flagOf(other)} is for tables; name one, such as: tessera train data.csv --target label`,
      );
    return trainEmoji(options);
  }
  if (options.preset !== undefined)
    throw new TesseraError('train: --preset is for emoji; sizes for tables are --width, --batch and so on');
  if (options.resume !== undefined) {
    const other = given.find((name) => !['seed', 'out', 'resume', 'device', 'json', 'target'].includes(name));
    if (other !== undefined) throw new TesseraError(`train: a resumed run keeps its settings; remove ${flagOf(other)}`);
  }
  return trainTable(tables, options);
}
