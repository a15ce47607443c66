import { CellErrors } from '../../data/cell-errors.js';
import { EncodedRows } from '../../data/encoded.js';
import { kinds } from '../../data/fields/index.js';
import { decodeBytes, decodeSound, readWholeFile } from '../../data/node/index.js';
import { type EncodeOptions, parseRow, type Reader, readerOf, type Source } from '../../data/readers.js';
import { objectReader } from '../../data/row-objects.js';
import type { RowObject } from '../../data/rows.js';
import { type Schema, targetOf } from '../../data/schema.js';
import type { CellError, Row } from '../../data/table.js';
import type { Multimodal } from '../../models/index.js';
import { TesseraError } from '../../tensor/index.js';
import {
  anything,
  callable,
  checkOptions,
  expectValue,
  nonNegative,
  optional,
  shown,
  text,
} from '../../tensor/options.js';
import { type Answer, answerOf } from '../answers.js';
import { filledSize } from '../batch-sizes.js';
import { buildModel } from '../build.js';
import type { SequenceConfig } from '../config.js';
import { type Explanation, explainRow } from '../explain-row.js';
import { outputsOf } from '../predict-rows.js';
import { RunFolder } from './run-folder.js';

/** The maximum number of rows of a batch, from any number of callers. */
const MOST_AT_ONCE = 64;
/** The maximum size of a file of a row, in bytes. */
const LARGEST_FILE = 64 * 2 ** 20;

/** A row that waits to be predicted. */
interface Request {
  readonly row: Row;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * The model of a run, which answers rows:
 *
 *   const predictor = await Predictor.load('runs/products-seed0');
 *   await predictor.predict({ photo: 'chair.jpg', title: 'A red chair', price: 49 });
 *
 * It may be called from many requests at once: rows that wait for the device are answered together.
 */
export class Predictor {
  readonly #waiting: Request[] = [];
  readonly #source: Source;
  readonly #readers: readonly Reader[];
  #isRunning = false;

  private constructor(
    /** What each column of a row is. */
    readonly schema: Schema,
    /** The model, in inference mode. */
    readonly model: Multimodal,
    /** How tables of events were joined to the table of the run. */
    readonly sequences: readonly SequenceConfig[],
  ) {
    this.#source = {
      name: 'predict',
      columns: schema.fields.map(({ column }) => column),
      readFile: (file) => readWholeFile(file, { maximumBytes: LARGEST_FILE }),
    };
    this.#readers = schema.fields.map(({ column, kind, state }) => {
      const { settings } = kinds[kind].parseState(state);
      return readerOf(this.#source, column, (cell) => kinds[kind].parse(cell, settings));
    });
  }

  /**
   * Loads a finished run onto the default device.
   * @throws TesseraError if the folder has no run, or the run is interrupted, damaged or of another version.
   */
  static async load(folder: string): Promise<Predictor> {
    expectValue('Predictor.load', 'the folder', folder, text);
    const run = new RunFolder(folder);
    const config = await run.readConfig();
    const best = await run.readModel();
    const schema = await run.readSchema();
    try {
      const model = buildModel(schema, config.model, { seed: config.seed });
      model.loadState(best);
      return new Predictor(schema, model.eval(), config.table.sequences ?? []);
    } catch (error) {
      if (!(error instanceof TesseraError)) throw error;
      throw new TesseraError(
        `the files of the run in '${folder}' do not belong together: ${error.message}; restore them, or train again`,
        { cause: error },
      );
    }
  }

  /** The names of the columns that it reads. */
  get columns(): readonly string[] {
    return this.#source.columns;
  }

  /**
   * Answers a row of cells by column. A column that is left out, null or undefined is absent, which the model allows.
   * An image or a sound is its bytes, or the path of its file: do not pass on paths that come from others.
   *
   * @throws TesseraError if a key is no column, a cell is not of its column's kind, or a file is no image or sound that can be used.
   */
  async predict(row: RowObject): Promise<Answer> {
    return this.#answer(row, 1);
  }

  /** Answers several rows, in their order. @throws TesseraError as `predict` does. */
  async predictAll(rows: readonly RowObject[]): Promise<Answer[]> {
    if (!Array.isArray(rows))
      throw new TesseraError(
        `Predictor.predictAll: expected an array of rows, got ${shown(rows)}; predict takes one row`,
      );
    return Promise.all(rows.map((row, at) => this.#answer(row, at + 1)));
  }

  /**
   * Explains the answer to a row: the effect of each field, of the words of texts, and of the parts of images and
   * sounds. It takes about 50 predictions for an image, and one for each field and each of the first 64 words.
   * @throws TesseraError as `predict` does.
   */
  async explain(row: RowObject): Promise<Explanation> {
    return explainRow(this.model, this.schema, this.#encoded(this.#source), this.#checked(row, 1));
  }

  /** The cells of a row. @throws CellError if one cannot be used. */
  #checked(object: RowObject, number: number): Row {
    const errors = new CellErrors('missing');
    const row = objectReader(this.columns, 'predict', errors)(object, number);
    if (row !== undefined) parseRow(this.#readers, row, errors);
    if (row === undefined || errors.count > 0) throw errors.first[0];
    return row;
  }

  async #answer(object: RowObject, number: number): Promise<Answer> {
    const row = this.#checked(object, number);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ row, resolve, reject });
      // Further calls of the same turn join the batch.
      queueMicrotask(() => void this.#run());
    });
  }

  /** Answers the rows that wait, one group after the other. */
  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, MOST_AT_ONCE);
      try {
        await this.#answerGroup(group);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#isRunning = false;
  }

  async #answerGroup(group: readonly Request[]): Promise<void> {
    const encoded = this.#encoded(this.#source);
    for (const { row } of group) encoded.add(row);
    const failures = new Map<number, CellError>();
    for await (const [at, error] of encoded.badFiles()) failures.set(at, error);
    const rows = Uint32Array.from({ length: filledSize(group.length) }, (_, at) => (at < group.length ? at : 0));
    const answers = await this.#answers(encoded, rows);
    for (const [at, { resolve, reject }] of group.entries()) {
      const failure = failures.get(at);
      if (failure === undefined) resolve(answers[at]);
      else reject(failure);
    }
  }

  /**
   * Answers rows of a table, whose columns may come in any order. Rows that are left out, as the options say, have no
   * answer.
   * @throws TesseraError if the table lacks a column, and for cells and files that cannot be used, as the options say.
   */
  async answerRows(
    table: Source,
    rows: readonly Row[],
    options: EncodeOptions = {},
  ): Promise<{ readonly row: Row; readonly answer: Answer }[]> {
    checkOptions('Predictor.answerRows', options, {
      errors: anything,
      onChecked: optional(callable),
      decodeImage: optional(callable),
      decodeSound: optional(callable),
      cacheBytes: optional(nonNegative),
    });
    const encoded = this.#encoded(table, options);
    const added = rows.filter((row) => encoded.add(row));
    const leftOut = await encoded.leaveOutBadFiles();
    const used = Uint32Array.from(added.keys()).filter((at) => !leftOut.has(at));
    const answers = await this.#answers(encoded, used);
    return answers.map((answer, at) => ({ row: added[used[at]], answer }));
  }

  #encoded(table: Source, options: EncodeOptions = {}): EncodedRows {
    const { target: _, ...fields } = this.schema;
    return new EncodedRows(table, fields, { decodeImage: decodeBytes, decodeSound, ...options });
  }

  async #answers(encoded: EncodedRows, rows: Uint32Array): Promise<Answer[]> {
    const { outputs } = await outputsOf(this.model, encoded, rows);
    const width = outputs.length / rows.length;
    const target = targetOf(this.schema);
    return Array.from(rows, (_, at) => answerOf(target, outputs.subarray(at * width, (at + 1) * width)));
  }
}
