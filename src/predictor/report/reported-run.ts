import type { OnError } from '../../data/cell-errors.js';
import type { EncodedTable } from '../../data/encoded.js';
import type { BatchSource } from '../../data/loader.js';
import type { Schema } from '../../data/schema.js';
import type { Table } from '../../data/table.js';
import type { Predictions } from '../metrics/predictions.js';
import type { Metrics } from '../metrics.js';
import type { Assessed } from './assess.js';
import type { Report } from './report.js';

/** The record of an epoch. */
export interface FinishedEpoch {
  /** The number of steps so far. */
  readonly steps: number;
  /** The mean loss of the epoch's steps. */
  readonly loss: number;
  /** The metrics of the validation rows. */
  readonly validation: Metrics;
}

/** Facts of a run and its machine. */
export type RunFacts = Pick<
  Report,
  | 'run'
  | 'date'
  | 'command'
  | 'versions'
  | 'adapter'
  | 'seed'
  | 'warnings'
  | 'keptStep'
  | 'steps'
  | 'stepMilliseconds'
  | 'batch'
  | 'deviceBytes'
  | 'parameters'
>;

/** A run whose training has ended. */
export interface ReportedRun {
  /** The table that it was trained on. */
  readonly table: Table;
  /** Its schema, with target and states. */
  readonly schema: Schema;
  /** The encoded rows of the table. */
  readonly rows: EncodedTable;
  /** The predictions of the model and the baselines. */
  readonly predictions: Assessed;
  readonly history: readonly FinishedEpoch[];
  readonly facts: RunFacts;
  /** Predicts rows by the model, reading their fields from a source. */
  predict(source: BatchSource, rows: Uint32Array): Promise<Predictions>;
}

/** Options of `makeReport`. */
export interface MakeReportOptions {
  /**
   * Makes a small picture of an image, as a `data:` URL. Without it mistakes have no pictures. `thumbnail` of
   * `data/node` does.
   */
  readonly thumbnail?: (bytes: Uint8Array) => Promise<string>;
  /** What happens to cells that cannot be used, as when the rows were encoded. Default 'stop'. */
  readonly onError?: OnError;
  /** Called with the current work, the amount done and the total; an error that it throws ends the report. */
  readonly onProgress?: (work: string, done: number, total: number) => void;
}
