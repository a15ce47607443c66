import { rm } from 'node:fs/promises';
import { writeFileAtomically } from '../../data/node/files.js';
import { parseSchema, type Schema } from '../../data/schema.js';
import { encodeSafetensors, type StoredTensor, type StoredTensors } from '../../nn/index.js';
import { TesseraError } from '../../tensor/index.js';
import { parseEpoch, parseResult, type RunResult } from '../comparison/parse.js';
import { parseConfig, type RunConfig } from '../config.js';
import type { Report } from '../report/report.js';
import type { FinishedEpoch } from '../report/reported-run.js';
import { type EpochRecord, parseProgress, type TrainingState } from '../training-state.js';
import { LockedFolder } from './locked-folder.js';
import { named, readJson, readJsonLines, readStored } from './run-files.js';
import { epochEvent, versionEvent } from './tensorboard.js';

/** The formats of the tensors' files; the number of one grows when its content changes. */
const FORMATS = { model: 'tessera-run-4', checkpoint: 'tessera-training-2' } as const;

const FILES = {
  config: 'config.json',
  schema: 'schema.json',
  metrics: 'metrics.jsonl',
  events: 'events.out.tfevents',
  model: 'model.safetensors',
  checkpoint: 'checkpoint.safetensors',
  page: 'report.html',
  report: 'report.json',
} as const;

/**
 * The folder of a run. It holds everything that the run needs to be understood, continued or used:
 *
 *   config.json             how it was trained
 *   schema.json             what each column is, and what was learned from the training rows
 *   metrics.jsonl           one line per epoch
 *   events.out.tfevents     the same for TensorBoard
 *   checkpoint.safetensors  the training, to continue; removed when it has ended
 *   model.safetensors       the best parameters
 *   report.json, report.html
 */
export class RunFolder extends LockedFolder<keyof typeof FILES> {
  constructor(folder: string) {
    super(folder, FILES);
  }

  protected override isConfig({ version, training }: Readonly<Record<string, unknown>>): boolean {
    return typeof version === 'number' && training !== undefined;
  }

  /** Begins a run: whatever an earlier one left is removed. */
  async begin(config: RunConfig): Promise<void> {
    await this.clear();
    await this.writeJson('config', config);
  }

  async writeSchema(schema: unknown): Promise<void> {
    await this.writeJson('schema', schema);
  }

  /** @throws TesseraError if it is missing or damaged, or of another version. */
  async readConfig(): Promise<RunConfig> {
    return this.#parsed('config', parseConfig);
  }

  /** @throws TesseraError if it is missing or damaged. */
  async readSchema(): Promise<Schema> {
    return this.#parsed('schema', (json) => parseSchema(json));
  }

  /** Saves a training. The lines of its metrics are those of its epochs, even if a later state was lost. */
  async saveTraining({ progress, tensors }: TrainingState): Promise<void> {
    await writeFileAtomically(
      this.file('checkpoint'),
      encodeSafetensors(tensors, { format: FORMATS.checkpoint, progress: JSON.stringify(progress) }),
    );
  }

  /** @throws TesseraError if it is missing or damaged, or of another version. */
  async readTraining(): Promise<TrainingState> {
    const { tensors, metadata } = await this.#tensors('checkpoint');
    return {
      progress: named(this.file('checkpoint'), () => parseProgress(JSON.parse(metadata.progress ?? ''))),
      tensors,
    };
  }

  /** Writes the metrics of some epochs, none when a training begins: what is lost of later ones is removed. */
  async writeMetrics(records: readonly EpochRecord[]): Promise<void> {
    await writeFileAtomically(this.file('metrics'), records.map(lineOf).join(''));
    const begin = records[0]?.wallTime ?? Date.now() / 1000;
    await writeFileAtomically(this.file('events'), Buffer.concat([versionEvent(begin), ...records.map(epochEvent)]));
  }

  /** Appends the metrics of an epoch. */
  async appendMetrics(record: EpochRecord): Promise<void> {
    await this.append('metrics', lineOf(record));
    await this.append('events', epochEvent(record));
  }

  /** The epochs whose metrics are written. @throws TesseraError if one of them is damaged. */
  async readMetrics(): Promise<FinishedEpoch[]> {
    if (!(await this.has('metrics'))) return [];
    return readJsonLines(this.file('metrics'), parseEpoch);
  }

  /** Keeps the best parameters. */
  async writeModel(best: ReadonlyMap<string, StoredTensor>): Promise<void> {
    await writeFileAtomically(this.file('model'), encodeSafetensors(best, { format: FORMATS.model }));
  }

  async writeReport(report: Report): Promise<void> {
    await this.writeJson('report', report);
  }

  /** What was measured at the end of the run. @throws TesseraError if the report is damaged, or of another version. */
  async readResult(): Promise<RunResult> {
    return this.#parsed('report', parseResult);
  }

  async writePage(page: string): Promise<void> {
    await writeFileAtomically(this.file('page'), page);
  }

  /** Ends a run: removes what only the training needed. */
  async finish(): Promise<void> {
    await rm(this.file('checkpoint'), { force: true });
  }

  /** The best parameters of a finished run. @throws TesseraError if it has none. */
  async readModel(): Promise<ReadonlyMap<string, StoredTensor>> {
    if (await this.has('checkpoint'))
      throw new TesseraError(
        `the run in '${this.folder}' was interrupted; finish it with: tessera train --resume ${this.folder}`,
      );
    if (!(await this.has('model')))
      throw new TesseraError(
        `the run in '${this.folder}' has no model: it was stopped before its first checkpoint; train it again`,
      );
    const { tensors } = await this.#tensors('model');
    for (const [name, { data }] of tensors)
      if (!data.every(Number.isFinite))
        throw new TesseraError(
          `'${this.file('model')}': '${name}' has values that are not finite; restore it, or train again`,
        );
    return tensors;
  }

  async #tensors(name: keyof typeof FORMATS): Promise<StoredTensors> {
    return readStored(this.file(name), FORMATS[name]);
  }

  async #parsed<T>(name: 'config' | 'schema' | 'report', parse: (value: unknown) => T): Promise<T> {
    if (!(await this.has(name)))
      throw new TesseraError(`'${this.folder}' is not the folder of a run: it has no ${FILES[name]}`);
    return readJson(this.file(name), parse);
  }
}

const lineOf = (record: EpochRecord): string => `${JSON.stringify(record)}\n`;
