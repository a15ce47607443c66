import { TesseraError } from '../../tensor/index.js';
import {
  anything,
  checkOptions,
  finite,
  lookUp,
  nonNegative,
  optional,
  positiveInteger,
  shown,
  text,
} from '../../tensor/options.js';
import { METRICS, type Metrics } from '../metrics.js';
import type { Report } from '../report/report.js';
import type { FinishedEpoch } from '../report/reported-run.js';

/* What a comparison reads of the files of a run, checked. */

const NAMES = ['adapter', 'metrics', 'intervals', 'baselines', 'steps', 'stepMilliseconds', 'parameters'] as const;

/** What of a report is compared. */
export type RunResult = Pick<Report, (typeof NAMES)[number]>;

/** @throws TesseraError if a report is of another version, or lacks what is compared. */
export function parseResult(json: unknown): RunResult {
  const report = (json ?? {}) as Report;
  if (report.version !== 1)
    throw new TesseraError(
      `report: expected version 1, got ${shown(report.version)}; the run is of another version of Tessera, train again`,
    );
  const result = Object.fromEntries(NAMES.map((name) => [name, report[name]])) as unknown as RunResult;
  checkOptions('report', result, {
    adapter: text,
    metrics: anything,
    intervals: anything,
    baselines: anything,
    steps: positiveInteger,
    stepMilliseconds: nonNegative,
    parameters: positiveInteger,
  });
  const { metrics, intervals, baselines } = result;
  checkOptions('report.metrics', metrics, { validation: anything, test: anything });
  checkOptions('report.intervals', intervals, { validation: intervalsByMetric, test: intervalsByMetric });
  checkOptions('report.baselines', baselines, { majority: anything, linear: optional(anything) });
  return {
    ...result,
    metrics: {
      validation: parseMetrics('report.metrics.validation', metrics.validation),
      test: parseMetrics('report.metrics.test', metrics.test),
    },
    baselines: {
      majority: parseMetrics('report.baselines.majority', baselines.majority),
      ...(baselines.linear !== undefined && { linear: parseMetrics('report.baselines.linear', baselines.linear) }),
    },
  };
}

/** @throws TesseraError if the record of an epoch lacks what is compared. */
export function parseEpoch(json: unknown): FinishedEpoch {
  const { steps, loss, validation } = (json ?? {}) as FinishedEpoch;
  checkOptions('epoch', { steps, loss, validation }, { steps: positiveInteger, loss: finite, validation: anything });
  return { steps, loss, validation: parseMetrics('validation', validation) };
}

/** Metrics by name, without those that JSON has no number for, such as infinity. */
function parseMetrics(where: string, json: Metrics): Metrics {
  if (typeof json !== 'object' || json === null)
    throw new TesseraError(`${where}: expected an object of numbers by metric, got ${shown(json)}`);
  for (const [name, value] of Object.entries(json)) {
    lookUp(where, 'metric', METRICS, name);
    if (value !== null && !finite.fits(value))
      throw new TesseraError(`${where}: ${name} must be a number, got ${shown(value)}`);
  }
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
}

const intervalsByMetric = {
  expected: 'an object of pairs of numbers by metric',
  fits: (value: unknown) =>
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every(
      (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((bound) => bound === null || finite.fits(bound)),
    ),
};
