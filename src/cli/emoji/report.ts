import type { EmojiData } from '../../data/node/index.js';
import { defined } from '../../gpu/errors.js';
import type { Modality } from '../../models/index.js';
import { percent, type Terminal, table } from '../terminal.js';
import { type Checkpoint, MODALITIES } from './checkpoint.js';
import { type Evaluation, evaluateModel } from './training.js';

/** Evaluates the three models of a finished run on the test split and prints the results. */
export async function report(
  { run, tensors }: Checkpoint,
  file: string,
  data: EmojiData,
  adapter: string,
  terminal: Terminal,
): Promise<void> {
  const results = {} as Record<Modality, Evaluation>;
  for (const modality of MODALITIES) results[modality] = await evaluateModel(run, tensors, modality, data.test);
  const { confusion } = results.both;
  const emoji = new Set(data.testNames).size;
  const { steps, milliseconds } = defined(run.progress.both);
  const stepMilliseconds = milliseconds / steps;

  terminal.print('');
  terminal.print(
    `accuracy on ${data.test.size} held-out images of ${emoji} emoji (preset ${run.preset.name}, seed ${run.seed});`,
  );
  terminal.print('a separate model was trained for each input:');
  terminal.print(
    table(
      ['input', 'accuracy'],
      MODALITIES.map((modality) => [modality, percent(results[modality].accuracy)]),
      [1],
    ),
  );
  terminal.print('');
  terminal.print(
    'confusion matrix of the fused model (rows: class; columns: prediction; right: recall of each model):',
  );
  terminal.print(
    confusionTable(run.classes, confusion, (label) => MODALITIES.map((modality) => recall(results[modality], label))),
  );
  terminal.print('');
  terminal.print(`words removed from the texts because they leak the class: ${data.removedWords.join(', ')}`);
  terminal.print(
    `training step of the fused model: ${stepMilliseconds.toFixed(1)} ms (batch ${run.preset.batch}, ${adapter})`,
  );
  terminal.print(`checkpoint: ${file}`);
  terminal.result({
    adapter,
    preset: run.preset.name,
    seed: run.seed,
    accuracy: Object.fromEntries(MODALITIES.map((modality) => [modality, results[modality].accuracy])),
    classes: run.classes,
    confusion,
    testImages: data.test.size,
    testEmoji: emoji,
    removedWords: data.removedWords,
    steps: MODALITIES.reduce((sum, modality) => sum + defined(run.progress[modality]).steps, 0),
    stepMilliseconds,
    checkpoint: file,
  });
}

const recall = ({ confusion }: Evaluation, label: number): number =>
  confusion[label][label] /
  Math.max(
    1,
    confusion[label].reduce((sum, count) => sum + count, 0),
  );

function confusionTable(
  classes: readonly string[],
  confusion: readonly (readonly number[])[],
  recalls: (label: number) => number[],
): string {
  const letters = classes.map((_, label) => String.fromCharCode(65 + label));
  const rows = classes.map((name, label) => [
    `${letters[label]} ${name}`,
    ...confusion[label],
    ...recalls(label).map(percent),
  ]);
  const head = ['', ...letters, ...MODALITIES];
  return table(head, rows, head.map((_, column) => column).slice(1));
}
