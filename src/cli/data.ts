import path from 'node:path';
import { checkWritable, writeEmojiTable } from '../data/node/index.js';
import { stoppable } from './interrupt.js';
import { Terminal } from './terminal.js';

/** The options of `tessera data`. */
export interface DataOptions {
  readonly out: string;
  readonly imageSize: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** Implements `tessera data emoji`, which writes the emoji as a table with images. Returns the exit code. */
export async function writeData({ out, imageSize, seed, json = false }: DataOptions): Promise<number> {
  const terminal = new Terminal(json);
  return stoppable(terminal, 'stopped; the table was not written', async ({ signal }) => {
    await checkWritable(path.join(out, 'emoji.csv'));
    const progress = terminal.progress(1, 'rendering the emoji');
    const { file, rows } = await writeEmojiTable(out, {
      pixels: imageSize,
      seed,
      signal,
      onProgress: (done, total) => progress.update(done, '', total),
    }).finally(() => progress.stop());
    terminal.print(`${file}: ${rows} rows; train on them with:`);
    terminal.print(`tessera train ${file} --target label --split split --ignore emoji,vendor`);
    terminal.result({ table: file, rows });
    return 0;
  });
}
