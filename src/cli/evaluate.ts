import { emojiData } from '../data/node/index.js';
import { type DeviceChoice, TesseraError } from '../tensor/index.js';
import { type Checkpoint, checkData, loadCheckpoint, MODALITIES } from './checkpoint.js';
import { withDevice } from './device.js';
import { report } from './report.js';
import { Terminal } from './terminal.js';

/** The options of `tessera evaluate`. */
export interface EvaluateOptions {
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/** Implements `tessera evaluate`, which reports on the checkpoint of a finished run. Returns the exit code. */
export async function evaluate(file: string, { device: choice, json = false }: EvaluateOptions): Promise<number> {
  const terminal = new Terminal(json);
  const checkpoint = await loadFinished(file);
  return withDevice(choice, terminal, async (device) => {
    const { preset, seed } = checkpoint.run;
    const data = await emojiData({ pixels: preset.pixels, time: preset.time, seed });
    checkData(checkpoint.run, data, file);
    await report(checkpoint, file, data, device.name, terminal);
    return 0;
  });
}

/** Reads the checkpoint of a finished run. @throws TesseraError if the run is not finished. */
export async function loadFinished(file: string): Promise<Checkpoint> {
  const checkpoint = await loadCheckpoint(file);
  if (!MODALITIES.every((modality) => checkpoint.run.progress[modality]?.finished)) {
    throw new TesseraError(`the run of '${file}' was interrupted; finish it with: tessera train --resume ${file}`);
  }
  return checkpoint;
}
