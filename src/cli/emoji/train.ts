import { existsSync } from 'node:fs';
import path from 'node:path';
import { checkWritable, type EmojiData, emojiData } from '../../data/node/index.js';
import { type DeviceChoice, TesseraError } from '../../tensor/index.js';
import { withDevice } from '../device.js';
import { interruptible } from '../interrupt.js';
import { type Progress, Terminal } from '../terminal.js';
import { type Checkpoint, checkData, loadCheckpoint, MODALITIES, type RunState } from './checkpoint.js';
import { loadFinished } from './evaluate.js';
import { PRESETS, type PresetName } from './presets.js';
import { report } from './report.js';
import { trainAll } from './training.js';

/** The options of `tessera train`. */
export interface TrainOptions {
  readonly preset?: PresetName;
  /** The seed of the split, the initial weights and the order of batches. Default 0. */
  readonly seed?: number;
  readonly epochs?: number;
  readonly out?: string;
  readonly resume?: string | true;
  readonly overwrite?: boolean;
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/** Implements `tessera train`, which trains on text, image and both, and reports. Returns the exit code. */
export async function train(options: TrainOptions): Promise<number> {
  const terminal = new Terminal(options.json ?? false);
  return withDevice(options.device, terminal, async (device) => {
    const preset = PRESETS[options.preset ?? (device.software ? 'small' : 'keras')];
    const seed = options.seed ?? 0;
    const file =
      typeof options.resume === 'string'
        ? options.resume
        : path.join(options.out ?? path.join('runs', `${preset.name}-seed${seed}`), 'checkpoint.safetensors');
    if (options.resume !== undefined && !existsSync(file))
      throw new TesseraError(
        `--resume: there is no run in '${path.dirname(file)}'; name the run's folder: tessera train --resume RUN`,
      );
    await checkWritable(file);
    if (options.resume === undefined && !options.overwrite) await expectReplaceable(file);
    const resumed = options.resume === undefined ? undefined : await loadCheckpoint(file);
    if (resumed !== undefined) checkSettings(resumed.run, options, file);
    const settings = resumed?.run ?? { preset: { ...preset, epochs: options.epochs ?? preset.epochs }, seed };
    if (options.preset === undefined && resumed === undefined && device.software) {
      terminal.note(
        `preset: ${preset.name}, sized for a software adapter (use --preset keras for the sizes of the Keras model)`,
      );
    } else {
      terminal.note(`preset: ${settings.preset.name}`);
    }

    const interruption = interruptible(terminal);
    try {
      const data = await drawData(settings, terminal, interruption.signal);
      if (data === undefined) {
        terminal.note('stopped; nothing was written');
        return interruption.exitCode;
      }
      if (resumed !== undefined) checkData(resumed.run, data, file);
      const { classes, removedWords, statistics, packages } = data;
      const words = data.vocabulary.words;
      const fresh: Checkpoint = {
        run: { ...settings, classes, words, removedWords, statistics, packages, progress: {} },
        tensors: new Map(),
      };
      const trained = await trainAll(resumed ?? fresh, { file, data, terminal, stop: interruption.signal });
      if (!MODALITIES.every((modality) => trained.run.progress[modality]?.finished)) {
        terminal.note(`stopped; saved to ${file}; continue with: tessera train --resume ${file}`);
        return interruption.exitCode;
      }
      await report(trained, file, data, device.name, terminal);
      return 0;
    } finally {
      interruption.done();
    }
  });
}

/** @throws TesseraError if a file exists that is not the checkpoint of a finished run, as it would be lost. */
async function expectReplaceable(file: string): Promise<void> {
  if (!existsSync(file)) return;
  await loadFinished(file).catch((error: Error) => {
    throw new TesseraError(`${error.message}; or start again and replace it with --overwrite`, { cause: error });
  });
}

/** Loads the dataset of a run; returns undefined if rendering the images was stopped. */
async function drawData(
  { preset, seed }: Pick<RunState, 'preset' | 'seed'>,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<EmojiData | undefined> {
  let drawing: Progress | undefined;
  try {
    const data = await emojiData({
      pixels: preset.pixels,
      time: preset.time,
      seed,
      signal,
      onProgress: (done, total) => {
        drawing ??= terminal.progress(total, 'rendering the emoji (once)');
        drawing.update(done, '');
      },
    });
    terminal.note(
      `data: ${data.train.size} training images, ${data.test.size} test images, ${data.classes.length} classes, ${data.vocabulary.size} words`,
    );
    return data;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    drawing?.stop();
  }
}

/** @throws TesseraError if options contradict the settings of the checkpoint that is resumed. */
function checkSettings({ preset, seed }: RunState, options: TrainOptions, file: string): void {
  const given = { preset: options.preset, seed: options.seed, epochs: options.epochs };
  const kept = { preset: preset.name, seed, epochs: preset.epochs };
  for (const name of ['preset', 'seed', 'epochs'] as const) {
    if (given[name] !== undefined && given[name] !== kept[name])
      throw new TesseraError(
        `train: '${file}' has ${name} ${kept[name]}, got --${name} ${given[name]}; a resumed run keeps its settings; remove --${name}`,
      );
  }
}
