import path from 'node:path';
import { checkWritable, emojiData } from '../data/node/index.js';
import { type DeviceChoice, TesseraError } from '../tensor/index.js';
import { type Checkpoint, loadCheckpoint } from './checkpoint.js';
import { withDevice } from './device.js';
import { interruptible } from './interrupt.js';
import { PRESETS, type PresetName } from './presets.js';
import { report } from './report.js';
import { Terminal } from './terminal.js';
import { MODALITIES, trainAll } from './training.js';

export interface TrainOptions {
  readonly preset?: PresetName;
  readonly seed: number;
  readonly epochs?: number;
  readonly out?: string;
  readonly resume?: string | true;
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/** `tessera train`: trains on text alone, image alone and both, and reports. Returns the exit code. */
export async function train(options: TrainOptions): Promise<number> {
  const terminal = new Terminal(options.json ?? false);
  return withDevice(options.device, terminal, async (device) => {
    const preset = PRESETS[options.preset ?? (device.software ? 'small' : 'keras')];
    const file = fileOf(options, `${preset.name}-seed${options.seed}`);
    await checkWritable(file);
    const resumed = options.resume === undefined ? undefined : await loadCheckpoint(file);
    const settings = resumed?.run ?? {
      preset: { ...preset, epochs: options.epochs ?? preset.epochs },
      seed: options.seed,
    };
    if (options.preset === undefined && resumed === undefined && device.software) {
      terminal.note(
        `preset: ${preset.name}, sized for a software adapter (the Keras model at its own sizes: --preset keras)`,
      );
    } else {
      terminal.note(`preset: ${settings.preset.name}`);
    }

    let drawing: ReturnType<Terminal['progress']> | undefined;
    const data = await emojiData({
      ...{ pixels: settings.preset.pixels, time: settings.preset.time, seed: settings.seed },
      onProgress: (done, total) => {
        drawing ??= terminal.progress(total, 'drawing the emoji (once)');
        drawing.update(done, '');
      },
    });
    drawing?.stop();
    terminal.note(
      `data: ${data.train.size} pictures to train on, ${data.test.size} held out, ${data.classes.length} classes, ${data.vocabulary.size} words`,
    );

    const fresh: Checkpoint = {
      run: {
        ...settings,
        classes: data.classes,
        words: data.vocabulary.words,
        removedWords: data.removedWords,
        statistics: data.statistics,
        progress: {},
      },
      tensors: new Map(),
    };
    const interruption = interruptible(terminal);
    const trained = await trainAll(resumed ?? fresh, { file, data, terminal, stop: interruption.signal });
    interruption.done();
    if (!MODALITIES.every((modality) => trained.run.progress[modality]?.finished)) {
      terminal.note(`stopped; saved to ${file}. Go on with: tessera train --resume ${file}`);
      return 130;
    }
    await report(trained, file, data, device.name, terminal);
    return 0;
  });
}

function fileOf({ resume, out }: TrainOptions, name: string): string {
  if (typeof resume === 'string') {
    if (out !== undefined)
      throw new TesseraError('train: --resume FILE and --out exclude each other; a resumed run goes on in its file');
    return resume;
  }
  return path.join(out ?? path.join('runs', name), 'checkpoint.safetensors');
}
