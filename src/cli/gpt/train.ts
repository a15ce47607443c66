import path from 'node:path';
import { MOBY_DICK } from '../../data/node/moby-dick.js';
import { STANDARD_INPUT } from '../../data/node/texts.js';
import { type Baselines, baselinesOf } from '../../gpt/baselines.js';
import { configOf, type GPTConfig } from '../../gpt/config.js';
import { GPTFolder } from '../../gpt/node/gpt-folder.js';
import { reportRun, sizeOf } from '../../gpt/node/report-run.js';
import { expectSameText, trainRun } from '../../gpt/node/train-run.js';
import { gptPage } from '../../gpt/page.js';
import type { GPTProgress } from '../../gpt/progress.js';
import type { GPTReport } from '../../gpt/report.js';
import { divideText, expectBlocks, identityOf, type TextData } from '../../gpt/text-data.js';
import { DivergedError } from '../../gpt/train-gpt.js';
import { counted } from '../../predictor/report/numbers.js';
import { type Device, TesseraError } from '../../tensor/index.js';
import { withDevice } from '../device.js';
import { flagOf } from '../flags.js';
import { type Interruption, stoppable } from '../interrupt.js';
import { expectReplaceable } from '../run-path.js';
import { Terminal } from '../terminal.js';
import type { GPTTrainOptions } from './options.js';
import { showResult } from './result.js';
import { chosenSettings } from './settings.js';
import { textOf, textOfRun, tokenizerOf } from './text.js';
import { GPTView } from './view.js';

/** The options of `tessera gpt train`, and the whole command line. */
export interface TrainOptions extends GPTTrainOptions {
  readonly command: readonly string[];
}

/** Implements `tessera gpt train`. `given` names the options that were given. Returns the exit code. */
export async function trainCommand(
  files: readonly string[],
  options: TrainOptions,
  given: readonly string[],
): Promise<number> {
  const isResumed = options.resume !== undefined;
  const other = given.find((name) => !['resume', 'device', 'json'].includes(name));
  if (isResumed && other !== undefined)
    throw new TesseraError(`gpt train: a resumed run keeps its settings; remove ${flagOf(other)}`);
  const terminal = new Terminal(options.json ?? false);
  const folder = new GPTFolder(options.resume ?? folderOf(files, options));
  const resume = `tessera gpt train --resume ${folder.folder}`;
  const early = isResumed ? `stopped; continue with: ${resume}` : 'stopped before the training began';
  if (isResumed) await expectInterrupted(folder);
  return stoppable(terminal, early, async (interruption) => {
    const { signal } = interruption;
    const text = isResumed ? await textOfRun(folder, files, signal) : await textOf(files, signal);
    return withDevice(options.device, terminal, async (device) => {
      await folder.lock();
      try {
        if (!isResumed && !options.overwrite) await expectReplaceable(folder, resume);
        const run = isResumed ? await resumeRun(folder, text) : await prepareRun(files, text, options, device);
        expectBlocks(run.data, run.config.model.block);
        return await trainPrepared({ folder, ...run, resume, isResumed, device, terminal, interruption });
      } finally {
        await folder.unlock();
      }
    });
  });
}

/** A run that is ready to be trained. */
interface PreparedRun {
  readonly data: TextData;
  readonly config: GPTConfig;
}

interface Work extends PreparedRun {
  readonly folder: GPTFolder;
  readonly resume: string;
  readonly isResumed: boolean;
  readonly device: Device;
  readonly terminal: Terminal;
  readonly interruption: Interruption;
}

async function prepareRun(
  files: readonly string[],
  text: string,
  options: TrainOptions,
  device: Device,
): Promise<PreparedRun> {
  const preset = options.preset ?? (device.software ? 'cpu' : 'gpu');
  const settings = await chosenSettings(options, preset);
  const data = divideText(text, await tokenizerOf(options.tokens, text));
  const command = `tessera ${options.command.join(' ')}`;
  return { data, config: configOf({ ...settings, text: { files, ...data.identity }, command }) };
}

async function resumeRun(folder: GPTFolder, text: string): Promise<PreparedRun> {
  const config = await folder.readConfig();
  expectSameText(config, { identity: identityOf(text) });
  return { config, data: divideText(text, await folder.readTokenizer()) };
}

/** Trains, reports and shows the result. Returns the exit code. */
async function trainPrepared(work: Work): Promise<number> {
  const { folder, data, config, resume, isResumed, terminal, interruption } = work;
  const { signal } = interruption;
  const baselines = baselinesOf(data.train, data.validation, data.tokenizer.size);
  const view = new GPTView(terminal, config);
  view.data(data, baselines);
  try {
    const progress = await trainRun(folder, data, config, {
      resume: isResumed,
      signal,
      onModel: (model) => view.model(sizeOf(model)),
      onStep: (step) => view.step(step),
      onEvaluation: (record) => view.evaluation(record),
    }).finally(() => view.stop());
    if (!progress.finished) {
      terminal.note(`stopped after ${counted(progress.steps, 'step')}; continue with: ${resume}`);
      return interruption.exitCode;
    }
    view.curve(progress.history);
    const report = await reported(work, progress, baselines);
    if (report === undefined) {
      terminal.note(`stopped; the model is trained, and its report is made by: ${resume}`);
      return interruption.exitCode;
    }
    const page = await writePage(folder, report);
    await folder.finish();
    showResult(terminal, report, page);
    return 0;
  } catch (error) {
    if (!(error instanceof TesseraError) || signal.aborted || !(await folder.has('checkpoint'))) throw error;
    const advice = [
      ...(error instanceof DivergedError ? [] : [`the training is saved; continue it with: ${resume}`]),
      ...((await folder.has('model')) ? [`write with its best model: tessera gpt sample ${folder.folder}`] : []),
    ];
    throw new TesseraError([error.message, ...advice].join('\n'), { cause: error });
  }
}

/** Measures the best model on the whole held-out text; undefined if that was stopped. */
async function reported(
  { folder, data, config, device, terminal, interruption }: Work,
  progress: GPTProgress,
  baselines: Baselines,
): Promise<GPTReport | undefined> {
  const { signal } = interruption;
  const shown = terminal.lateProgress(data.validation.length - 1, 'held-out text');
  try {
    return await reportRun(folder, data, config, progress, {
      adapter: device.name,
      baselines,
      onTokens(done) {
        signal.throwIfAborted();
        shown.update(done, '');
      },
    });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    shown.stop();
  }
}

/** Writes the page of a report and returns its path. */
async function writePage(folder: GPTFolder, report: GPTReport): Promise<string> {
  await folder.writePage(await gptPage(report));
  return folder.file('page');
}

/** The folder of a new run: as asked for, or named after the first text and the seed. */
function folderOf([first]: readonly string[], { out, seed = 0 }: TrainOptions): string {
  const name =
    first === undefined
      ? MOBY_DICK
      : first === STANDARD_INPUT
        ? 'standard-input'
        : path.basename(first).replace(/(\.txt)?(\.gz)?$/i, '');
  return out ?? path.join('runs', `${name}-seed${seed}`);
}

/** @throws TesseraError if a folder has no training that can be continued. */
async function expectInterrupted(folder: GPTFolder): Promise<void> {
  await folder.readConfig();
  if (await folder.has('checkpoint')) return;
  throw new TesseraError(
    (await folder.has('report'))
      ? `the run in '${folder.folder}' has ended; write with it: tessera gpt sample ${folder.folder}`
      : `the run in '${folder.folder}' was stopped before its first checkpoint; train it again`,
  );
}
