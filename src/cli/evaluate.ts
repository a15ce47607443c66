import { emojiData } from '../data/node/index.js';
import { type DeviceChoice, TesseraError } from '../tensor/index.js';
import { type Checkpoint, checkData, loadCheckpoint, MODALITIES } from './checkpoint.js';
import { withDevice } from './device.js';
import { report } from './report.js';
import { Terminal } from './terminal.js';

export interface EvaluateOptions {
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/** `tessera evaluate`: the report of a finished run, from its checkpoint. Returns the exit code. */
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

/** @throws TesseraError if the run of a checkpoint has not come to its end. */
export async function loadFinished(file: string): Promise<Checkpoint> {
  const checkpoint = await loadCheckpoint(file);
  if (!MODALITIES.every((modality) => checkpoint.run.progress[modality]?.finished)) {
    throw new TesseraError(
      `'${file}' is of a run that was interrupted; finish it with: tessera train --resume ${file}`,
    );
  }
  return checkpoint;
}
