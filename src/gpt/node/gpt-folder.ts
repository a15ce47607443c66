import { rm } from 'node:fs/promises';
import { writeFileAtomically } from '../../data/node/files.js';
import { parseTokenizer } from '../../data/tokens/parse-tokenizer.js';
import type { Tokenizer } from '../../data/tokens/tokenizer.js';
import { GPT } from '../../models/index.js';
import { encodeSafetensors, type StoredTensor } from '../../nn/index.js';
import { LockedFolder } from '../../predictor/node/locked-folder.js';
import { named, readJson, readStored } from '../../predictor/node/run-files.js';
import { TesseraError } from '../../tensor/index.js';
import { type GPTConfig, parseGPTConfig } from '../config.js';
import { type EvaluationRecord, parseGPTProgress } from '../progress.js';
import type { GPTReport } from '../report.js';
import type { GPTState } from '../train-gpt.js';

/** The formats of the tensors' files; the number of one grows when its content changes. */
const FORMATS = { model: 'tessera-gpt-1', checkpoint: 'tessera-gpt-training-1' } as const;

const FILES = {
  config: 'config.json',
  tokens: 'tokens.json',
  metrics: 'metrics.jsonl',
  model: 'model.safetensors',
  checkpoint: 'checkpoint.safetensors',
  report: 'report.json',
  page: 'report.html',
} as const;

/**
 * The folder of a run of `tessera gpt train`. It holds everything that the run needs to be understood, continued or used:
 *
 *   config.json             how it is trained
 *   tokens.json             what each token is
 *   metrics.jsonl           one line per evaluation
 *   model.safetensors       the best parameters so far
 *   checkpoint.safetensors  the training, to continue; removed when it has ended
 *   report.json, report.html
 */
export class GPTFolder extends LockedFolder<keyof typeof FILES> {
  constructor(folder: string) {
    super(folder, FILES);
  }

  protected override isConfig({ version }: Readonly<Record<string, unknown>>): boolean {
    return String(version).startsWith('gpt-');
  }

  /** Begins a run: whatever an earlier one left is removed. */
  async begin(config: GPTConfig, tokenizer: Tokenizer): Promise<void> {
    await this.clear();
    await this.writeJson('tokens', tokenizer);
    await this.writeJson('config', config);
  }

  /** @throws TesseraError if it is missing or damaged, or no run of a GPT. */
  async readConfig(): Promise<GPTConfig> {
    await this.#expect('config');
    return readJson(this.file('config'), parseGPTConfig);
  }

  /** @throws TesseraError if it is missing or damaged. */
  async readTokenizer(): Promise<Tokenizer> {
    await this.#expect('tokens');
    return readJson(this.file('tokens'), parseTokenizer);
  }

  /** Saves a training. */
  async saveTraining({ progress, tensors }: GPTState): Promise<void> {
    await writeFileAtomically(
      this.file('checkpoint'),
      encodeSafetensors(tensors, { format: FORMATS.checkpoint, progress: JSON.stringify(progress) }),
    );
  }

  /** @throws TesseraError if it is missing or damaged, or of another version. */
  async readTraining(): Promise<GPTState> {
    const file = this.file('checkpoint');
    const { tensors, metadata } = await readStored(file, FORMATS.checkpoint);
    return { progress: named(file, () => parseGPTProgress(JSON.parse(metadata.progress ?? ''))), tensors };
  }

  /** Writes the evaluations of a training that begins or continues: what is lost of later ones is removed. */
  async writeMetrics(records: readonly EvaluationRecord[]): Promise<void> {
    await writeFileAtomically(this.file('metrics'), records.map(lineOf).join(''));
  }

  /** Appends an evaluation. */
  async appendMetrics(record: EvaluationRecord): Promise<void> {
    await this.append('metrics', lineOf(record));
  }

  /** Keeps the best parameters. */
  async writeModel(best: ReadonlyMap<string, StoredTensor>): Promise<void> {
    await writeFileAtomically(this.file('model'), encodeSafetensors(best, { format: FORMATS.model }));
  }

  /**
   * Makes the model of the run, with its best parameters, in inference mode.
   * @throws TesseraError if there are none yet, or the files are damaged or do not belong together.
   */
  async loadModel(): Promise<{ readonly model: GPT; readonly tokenizer: Tokenizer; readonly config: GPTConfig }> {
    const config = await this.readConfig();
    const tokenizer = await this.readTokenizer();
    if (!(await this.has('model')))
      throw new TesseraError(
        `the run in '${this.folder}' has no model: it was stopped before its first evaluation; continue it with: tessera gpt train --resume ${this.folder}`,
      );
    const { tensors } = await readStored(this.file('model'), FORMATS.model);
    try {
      for (const [name, { data }] of tensors)
        if (!data.every(Number.isFinite)) throw new TesseraError(`'${name}' has values that are not finite`);
      const model = gptOf(config, tokenizer);
      model.loadState(tensors);
      return { model: model.eval(), tokenizer, config };
    } catch (error) {
      if (!(error instanceof TesseraError)) throw error;
      throw new TesseraError(
        `the files of the run in '${this.folder}' do not belong together: ${error.message}; restore them, or train again`,
        { cause: error },
      );
    }
  }

  async writeReport(report: GPTReport): Promise<void> {
    await this.writeJson('report', report);
  }

  async writePage(page: string): Promise<void> {
    await writeFileAtomically(this.file('page'), page);
  }

  /** Ends a run: removes what only the training needed. */
  async finish(): Promise<void> {
    await rm(this.file('checkpoint'), { force: true });
  }

  async #expect(name: 'config' | 'tokens'): Promise<void> {
    if (!(await this.has(name)))
      throw new TesseraError(
        `'${this.folder}' is not the folder of a run of 'tessera gpt train': it has no ${FILES[name]}`,
      );
  }
}

/** The model of a run, with its initial parameters. */
export const gptOf = ({ model, seed }: Pick<GPTConfig, 'model' | 'seed'>, { size }: Pick<Tokenizer, 'size'>): GPT =>
  new GPT({ ...model, vocabulary: size, seed });

const lineOf = (record: EvaluationRecord): string => `${JSON.stringify(record)}\n`;
