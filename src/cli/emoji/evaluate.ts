import { stat } from 'node:fs/promises';
import path from 'node:path';
import { emojiData } from '../../data/node/index.js';
import { type DeviceChoice, TesseraError } from '../../tensor/index.js';
import { withDevice } from '../device.js';
import { Terminal } from '../terminal.js';
import { type Checkpoint, checkData, loadCheckpoint, MODALITIES } from './checkpoint.js';
import { report } from './report.js';

/** The options of `tessera evaluate`. */
export interface EvaluateOptions {
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/** Implements `tessera evaluate` for a run on emoji: reports on its checkpoint. Returns the exit code. */
export async function evaluate(run: string, { device: choice, json = false }: EvaluateOptions): Promise<number> {
  const terminal = new Terminal(json);
  const file = await checkpointOf(run);
  const checkpoint = await loadFinished(file);
  return withDevice(choice, terminal, async (device) => {
    const { preset, seed } = checkpoint.run;
    const data = await emojiData({ pixels: preset.pixels, time: preset.time, seed });
    checkData(checkpoint.run, data, file);
    await report(checkpoint, file, data, device.name, terminal);
    return 0;
  });
}

/** The checkpoint of a run, which is given as that file or as its folder. */
export const checkpointOf = async (run: string): Promise<string> => {
  const isFolder = await stat(run).then(
    (status) => status.isDirectory(),
    () => false,
  );
  return isFolder ? path.join(run, 'checkpoint.safetensors') : run;
};

/** Reads the checkpoint of a finished run. @throws TesseraError if the run is not finished. */
export async function loadFinished(file: string): Promise<Checkpoint> {
  const checkpoint = await loadCheckpoint(file);
  if (!MODALITIES.every((modality) => checkpoint.run.progress[modality]?.finished)) {
    throw new TesseraError(`the run of '${file}' was interrupted; finish it with: tessera train --resume ${file}`);
  }
  return checkpoint;
}
