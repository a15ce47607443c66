import { type Schema, targetOf } from '../../data/schema.js';
import type { RunConfig } from '../config.js';
import { DEFAULT_METRIC, METRICS, type TaskName } from '../metrics.js';
import type { FinishedEpoch } from '../report/reported-run.js';
import { taskTarget } from '../targets.js';
import type { RunResult } from './parse.js';
import { type ComparedSetting, differingSettings } from './settings.js';

/** A run that is compared with others. */
export interface ComparedRun {
  /** Its folder. */
  readonly run: string;
  readonly config: RunConfig;
  readonly schema: Schema;
  /** The epochs so far. */
  readonly history: readonly FinishedEpoch[];
  /** What was measured at its end; undefined where it is not finished. */
  readonly result?: RunResult;
}

/** Runs beside each other. */
export interface Comparison {
  readonly runs: readonly ComparedRun[];
  /** The settings that are not the same in all runs. */
  readonly settings: readonly ComparedSetting[];
  /** The names of the metrics of the test rows that all finished runs have. */
  readonly metrics: readonly string[];
  /** The metric of the validation rows whose curves are compared, if the runs have one in common. */
  readonly curve?: string;
  /** Whether all runs have the same task, so that their losses can be compared. */
  readonly isOneTask: boolean;
  /** The adapter of all finished runs, if it is one. */
  readonly adapter?: string;
  /** What limits the comparison, in words. */
  readonly notes: readonly string[];
}

/** Compares runs in what they share. */
export function compareRuns(runs: readonly ComparedRun[]): Comparison {
  const tasks = new Set(runs.map(taskOf));
  const finished = runs.flatMap(({ result }) => (result === undefined ? [] : [result]));
  const metrics = namesInAll(finished.map(({ metrics }) => metrics.test));
  const curves = namesInAll(runs.flatMap(({ history }) => history.slice(-1)).map(({ validation }) => validation));
  const [task] = tasks;
  const main = tasks.size === 1 ? DEFAULT_METRIC[task] : undefined;
  const adapters = new Set(finished.map(({ adapter }) => adapter));
  const notes = taskNotes(runs, metrics);
  const curve = main !== undefined && curves.includes(main) ? main : curves[0];
  return {
    runs,
    settings: differingSettings(runs),
    metrics,
    ...(curve !== undefined && { curve }),
    isOneTask: tasks.size === 1,
    ...(adapters.size === 1 && { adapter: finished[0].adapter }),
    notes: [...(notes.length > 0 ? notes : rowNotes(runs)), ...unfinishedNotes(runs)],
  };
}

const taskOf = ({ schema }: ComparedRun): TaskName => taskTarget(targetOf(schema)).task;

/** The names that all of some objects have, in the order of the first. */
function namesInAll(objects: readonly Readonly<Record<string, number>>[]): string[] {
  const [first = {}, ...others] = objects;
  return Object.keys(first).filter((name) => others.every((other) => Object.hasOwn(other, name)));
}

/** Says that runs predict different things. */
function taskNotes(runs: readonly ComparedRun[], metrics: readonly string[]): string[] {
  const described = runs.map((run) => ({ run, what: `${taskOf(run)} of '${targetOf(run.schema).column}'` }));
  const kinds = [...new Set(described.map(({ what }) => what))];
  if (kinds.length === 1) return [];
  const listed = kinds.map((kind) => {
    const names = described.filter(({ what }) => what === kind).map(({ run }) => run.run);
    return `${kind} (${names.join(', ')})`;
  });
  const shared = metrics.map((name) => METRICS[name].title).join(', ');
  return [
    `the runs have different tasks, and are compared only in what they share: ${listed.join('; ')}; ` +
      (shared === '' ? 'they share no metric' : `their metrics (${shared}) are of different targets`),
  ];
}

/** Says that runs of one target were tested on different rows. */
function rowNotes(runs: readonly ComparedRun[]): string[] {
  const rows = runs.map(({ config }) => config.rows);
  const counts = new Set(rows.map((own) => own && [own.train, own.validation, own.test, own.targets].join(' ')));
  return counts.size === 1
    ? []
    : [
        'the runs were trained and tested on different rows or splits: differences of their metrics are differences of the rows too',
      ];
}

const unfinishedNotes = (runs: readonly ComparedRun[]): string[] =>
  runs
    .filter(({ result }) => result === undefined)
    .map(
      ({ run }) =>
        `'${run}' is not finished, and has no metrics on test rows; finish it with: tessera train --resume ${run}`,
    );
