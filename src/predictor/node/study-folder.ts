import { appendFile, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileError, makeFolder, writeFileAtomically } from '../../data/node/files.js';
import { TesseraError } from '../../tensor/index.js';
import {
  anything,
  checkOptions,
  closedFraction,
  finite,
  listOf,
  nonNegativeInteger,
  number,
  text,
} from '../../tensor/options.js';

/** A training of a study that has ended. */
export interface TrainingRecord {
  /** The name of the model. */
  readonly model: string;
  readonly seed: number;
  readonly noise: number;
  /** The outputs for the test rows. */
  readonly outputs: readonly number[];
  /** The metric without each field, by its column. */
  readonly without: Readonly<Record<string, number>>;
}

const FILES = { study: 'study.json', trainings: 'trainings.jsonl', summary: 'summary.json' } as const;

/**
 * The folder of a study:
 *
 *   study.json        what is studied: a study is continued only with the same settings
 *   trainings.jsonl   one line for each training that has ended, with its predictions
 *   summary.json      the result
 */
export class StudyFolder {
  constructor(readonly folder: string) {}

  /**
   * Begins a study, or continues one: returns the trainings that have ended.
   * @throws TesseraError if the folder has another study, or other files.
   */
  async begin(settings: object): Promise<TrainingRecord[]> {
    await makeFolder(this.folder).catch((error) => {
      throw fileError('cannot make the folder', this.folder, error);
    });
    const text = `${JSON.stringify(settings, null, 2)}\n`;
    const file = this.#file('study');
    const exists = await stat(file).then(
      () => true,
      () => false,
    );
    if (!exists) {
      const [other] = await readdir(this.folder);
      if (other !== undefined)
        throw new TesseraError(`'${this.folder}' has other files, such as '${other}'; choose a new folder with --out`);
      await writeFileAtomically(file, text);
      return [];
    }
    if ((await readFile(file, 'utf8')) !== text)
      throw new TesseraError(
        `'${this.folder}' has a study of another table or with other settings; choose another folder with --out`,
      );
    return this.#readTrainings();
  }

  /** Appends a training that has ended. */
  async append(record: TrainingRecord): Promise<void> {
    const file = this.#file('trainings');
    await appendFile(file, `${JSON.stringify(record)}\n`).catch((error) => {
      throw fileError('cannot write', file, error);
    });
  }

  async writeSummary(summary: object): Promise<void> {
    await writeFileAtomically(this.#file('summary'), `${JSON.stringify(summary, null, 2)}\n`);
  }

  /**
   * The trainings that have ended; a line that was cut off by a crash counts as none.
   * @throws TesseraError if another line is damaged.
   */
  async #readTrainings(): Promise<TrainingRecord[]> {
    const file = this.#file('trainings');
    const content = await readFile(file, 'utf8').catch((error) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw fileError('cannot read', file, error);
    });
    const lines = content.split('\n');
    const whole = lines.slice(0, -1);
    // What was cut off would join the next line.
    if (lines[lines.length - 1] !== '') await writeFileAtomically(file, whole.map((line) => `${line}\n`).join(''));
    return whole.map((line, at) => {
      try {
        return parseTraining(JSON.parse(line));
      } catch (error) {
        throw new TesseraError(
          `'${file}', line ${at + 1} is no training: ${(error as Error).message}; remove the line, and it is trained again`,
          { cause: error },
        );
      }
    });
  }

  #file(name: keyof typeof FILES): string {
    return path.join(this.folder, FILES[name]);
  }
}

/** @throws TesseraError if a value is no record of a training. */
function parseTraining(json: unknown): TrainingRecord {
  const record = checkOptions('training', json as TrainingRecord, {
    model: text,
    seed: nonNegativeInteger,
    noise: closedFraction,
    outputs: listOf(finite),
    without: anything,
  });
  // JSON has no NaN, which a metric is where it is not defined.
  const without = Object.entries(record.without ?? {}).map(([column, value]) => [column, value ?? Number.NaN] as const);
  return {
    ...record,
    without: checkOptions(
      'training.without',
      Object.fromEntries(without),
      Object.fromEntries(without.map(([column]) => [column, number])),
    ),
  };
}
