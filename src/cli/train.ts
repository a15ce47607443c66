import path from 'node:path';
import { targetOf } from '../data/schema.js';
import { reportRun } from '../predictor/node/report-run.js';
import { RunFolder } from '../predictor/node/run-folder.js';
import { type TrainedRun, trainRun } from '../predictor/node/train-run.js';
import { reportPage } from '../predictor/report/page.js';
import type { Report } from '../predictor/report/report.js';
import { type Device, TesseraError } from '../tensor/index.js';
import { withDevice } from './device.js';
import { type Interruption, stoppable } from './interrupt.js';
import { expectInterrupted, type PreparedRun, prepareRun, resumeRun, type TrainOptions } from './prepare-run.js';
import { readOptionsOf } from './reading.js';
import { expectReplaceable, tableNameOf } from './run-path.js';
import { showResult } from './run-result.js';
import { type Progress, Terminal } from './terminal.js';
import { TrainingView } from './training-view.js';

/** Implements `tessera train TABLE`. Returns the exit code. */
export async function trainTable(files: readonly string[], options: TrainOptions): Promise<number> {
  const terminal = new Terminal(options.json ?? false);
  const folder = new RunFolder(folderOf(files, options));
  const isResumed = options.resume !== undefined;
  const resume = `tessera train --resume ${folder.folder}`;
  const early = isResumed ? `stopped; continue with: ${resume}` : 'stopped before the training began';
  if (isResumed) await expectInterrupted(folder);
  return withDevice(options.device, terminal, (device) =>
    stoppable(terminal, early, async (interruption) => {
      const { signal } = interruption;
      await folder.lock();
      try {
        if (!isResumed && !options.overwrite) await expectReplaceable(folder, resume);
        const run = isResumed
          ? await resumeRun(folder, { ...options, files }, terminal, signal)
          : await prepareRun(files, options, device, terminal, signal);
        return await trainPrepared(folder, run, { isResumed, resume, device, terminal, interruption });
      } finally {
        await folder.unlock();
      }
    }),
  );
}

/** Trains, reports and shows the result. Returns the exit code. */
async function trainPrepared(
  folder: RunFolder,
  run: PreparedRun,
  {
    isResumed,
    resume,
    device,
    terminal,
    interruption,
  }: { isResumed: boolean; resume: string; device: Device; terminal: Terminal; interruption: Interruption },
): Promise<number> {
  const { signal } = interruption;
  try {
    const view = new TrainingView(terminal, run.config, targetOf(run.schema));
    const trained = await trainRun(folder, run, run.config, {
      read: readOptionsOf(run.config.table, terminal, signal),
      resume: isResumed,
      signal,
      onData: (data) => view.data(data),
      onWarning: (message) => terminal.note(`warning: ${message}`),
      onStep: (step) => view.step(step),
      onEpoch: (record) => view.epoch(record),
    }).finally(() => view.stop());
    if (!trained.progress.finished) {
      terminal.note(`stopped; continue with: ${resume}`);
      return interruption.exitCode;
    }
    view.curve(trained.progress.history);
    const report = await reported(folder, run, trained, device, terminal, signal);
    if (report === undefined) {
      terminal.note(`stopped; the model is trained, and its report is made by: ${resume}`);
      return interruption.exitCode;
    }
    const page = await writePage(folder, report, terminal);
    await folder.finish();
    showResult(terminal, report, trained, run, page);
    return 0;
  } catch (error) {
    if (!(error instanceof TesseraError) || signal.aborted || !(await folder.has('checkpoint'))) throw error;
    throw new TesseraError(`${error.message}\nthe training is saved; continue it with: ${resume}`, { cause: error });
  }
}

/** Makes the report, with progress; undefined if it was stopped. */
async function reported(
  folder: RunFolder,
  { table, config }: PreparedRun,
  trained: TrainedRun,
  device: Device,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Report | undefined> {
  let shown: { readonly work: string; readonly progress: Progress } | undefined;
  try {
    const report = await reportRun(table, trained, config, {
      run: folder.folder,
      adapter: device.name,
      onProgress(work, done, total) {
        signal.throwIfAborted();
        if (shown?.work !== work) {
          shown?.progress.stop();
          shown = { work, progress: terminal.progress(total, work) };
        }
        shown.progress.update(done, '');
      },
    });
    await folder.writeReport(report);
    return report;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    shown?.progress.stop();
  }
}

/** Writes the page of a report and returns its path; where the package that draws it is missing, only says so. */
async function writePage(folder: RunFolder, report: Report, terminal: Terminal): Promise<string | undefined> {
  let page: string;
  try {
    page = await reportPage(report);
  } catch (error) {
    if (!(error instanceof TesseraError)) throw error;
    terminal.note(`warning: no report.html: ${error.message}`);
    return undefined;
  }
  await folder.writePage(page);
  return folder.file('page');
}

/** The folder of the run: as asked for, or named after the table and the seed. */
function folderOf(files: readonly string[], { resume, out, seed = 0 }: TrainOptions): string {
  if (typeof resume === 'string') return resume;
  return out ?? path.join('runs', `${tableNameOf(files[0] ?? 'run')}-seed${seed}`);
}
