import type { ComparedRun } from '../../src/predictor/comparison/comparison.js';
import type { RunConfig } from '../../src/predictor/config.js';
import { sampleReport } from './reports.js';
import { CONFIG, schemaOf, TARGETS, type ThingKind } from './runs.js';

const ROWS = { train: 240, validation: 30, test: 30, targets: 'a1', cells: 'b2' };
const TARGET_OF = { classification: TARGETS.category, regression: TARGETS.number, tags: TARGETS.tags } as const;

/** What a sample run differs in. */
export interface SampleRun {
  readonly run: string;
  readonly task?: keyof typeof TARGET_OF;
  readonly kinds?: readonly ThingKind[];
  readonly config?: Partial<RunConfig>;
  readonly skill?: number;
  readonly isFinished?: boolean;
}

/** A run of made-up figures, as it is compared. */
export function sampleRun({
  run,
  task = 'classification',
  kinds = ['text', 'number'],
  config,
  skill,
  isFinished = true,
}: SampleRun): ComparedRun {
  const { adapter, metrics, intervals, baselines, steps, stepMilliseconds, parameters } = sampleReport({
    task,
    skill,
    rows: 60,
  });
  return {
    run,
    config: { ...CONFIG, rows: ROWS, ...config },
    schema: schemaOf(TARGET_OF[task], kinds),
    history: [1, 2, 3].map((epoch) => ({ steps: 30 * epoch, loss: 1 / epoch, validation: metrics.validation })),
    ...(isFinished && {
      result: { adapter, metrics, intervals, baselines, steps, stepMilliseconds, parameters },
    }),
  };
}
