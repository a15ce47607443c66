import type { Contributions } from '../contributions.js';
import type { Calibration } from '../metrics/calibration.js';
import type { ClassScore } from '../metrics/classification.js';
import type { PrecisionRecallPoint } from '../metrics/ranking.js';
import type { Advantage, Intervals, Metrics, TaskName } from '../metrics.js';
import type { WrongPrediction } from '../mistakes.js';
import type { Slice } from '../slices.js';

/** A number for each part of the data. */
export interface PerPart {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** A field that the model reads. */
export interface ReportField {
  readonly name: string;
  /** Its kind, such as `text`. */
  readonly kind: string;
  /** The fraction of the rows in which it is absent. */
  readonly missing: number;
  /** What was made of it, in words: `vocabulary of 812 words`. */
  readonly note?: string;
}

/** A precision-recall curve of one class or tag against all others. */
export interface PrecisionRecallCurve {
  /** The class or tag. */
  readonly name: string;
  /** The area under the curve. */
  readonly averagePrecision: number;
  readonly points: readonly PrecisionRecallPoint[];
}

/** A mistake with what the model saw. */
export interface Mistake extends WrongPrediction {
  /** The row in its file, as `file, row 12`. */
  readonly place: string;
  /** The values of its fields, as text. */
  readonly values: readonly { readonly name: string; readonly text: string }[];
  /** Its pictures, as `data:` URLs of PNG, JPEG, WebP or GIF. */
  readonly images: readonly { readonly name: string; readonly url: string }[];
}

/** A point of the learning curves. */
export interface CurvePoint {
  readonly step: number;
  readonly trainLoss?: number;
  readonly validationLoss?: number;
  /** The headline metric on the validation rows. */
  readonly validation?: number;
}

/** How well a model does on the test rows, and how that was measured. */
export interface Assessment {
  /** The headline metric: a name of `METRICS`. */
  readonly metric: string;
  readonly metrics: { readonly validation: Metrics; readonly test: Metrics };
  /** 95% bootstrap intervals. */
  readonly intervals: { readonly validation: Intervals; readonly test: Intervals };
  /** The metrics of the baselines on the test rows; there is no linear one of transcripts. */
  readonly baselines: { readonly majority: Metrics; readonly linear?: Metrics };
  /** By how much the headline metric is better than that of each baseline. */
  readonly advantages: { readonly majority: Advantage; readonly linear?: Advantage };
  /** The confusion matrix `counts[target][predicted]` on the test rows, and the scores of each class. */
  readonly confusion?: {
    readonly counts: readonly (readonly number[])[];
    readonly classes: readonly ClassScore[];
  };
  /** The precision-recall curves of the most frequent classes or tags. */
  readonly precisionRecall?: readonly PrecisionRecallCurve[];
  /** The calibration of the probability of the predicted class, or of each tag. */
  readonly calibration?: Calibration;
  /** The numbers of up to 500 test rows of a regression, as [true, predicted]. */
  readonly scatter?: readonly (readonly [number, number])[];
}

/** All that a run reports: the content of `report.json`, and of the page `report.html`. */
export interface Report extends Assessment {
  /** The version of this format. */
  readonly version: 1;
  /** The folder of the run. */
  readonly run: string;
  /** When the run ended, as ISO 8601. */
  readonly date: string;
  /** The command that was given. */
  readonly command: string;
  /** The versions of the package, of Node and so on, by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly adapter: string;
  readonly seed: number;
  readonly task: TaskName;
  /** The name of the column that is predicted. */
  readonly target: string;
  readonly rows: PerPart;
  /** How the rows were divided, in words: `by fraction, stratified`. */
  readonly split: string;
  readonly fields: readonly ReportField[];
  /** Warnings of what looks wrong with the data, in words. */
  readonly warnings: readonly string[];
  /** The number of rows of each class or tag. */
  readonly balance?: readonly { readonly name: string; readonly rows: PerPart }[];
  /** The contribution of each field, where there are several. */
  readonly contributions?: Contributions;
  /** The learning curves: a point for each epoch. */
  readonly curves: readonly CurvePoint[];
  /** The step whose parameters are kept. */
  readonly keptStep: number;
  /** The surest mistakes on the test rows. */
  readonly mistakes?: readonly Mistake[];
  /** The headline metric by slice of the test rows. */
  readonly slices?: readonly Slice[];
  /** The number of training steps. */
  readonly steps: number;
  /** The mean wall time of a step, in milliseconds, without those that compile kernels. */
  readonly stepMilliseconds: number;
  /** The number of rows in a step. */
  readonly batch: number;
  /** The most device memory that was held, in bytes, where it is known. */
  readonly deviceBytes?: number;
  /** The number of trained parameters. */
  readonly parameters: number;
}
