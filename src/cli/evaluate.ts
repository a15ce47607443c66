import { targetOf } from '../data/schema.js';
import type { Table } from '../data/table.js';
import { rowCount } from '../predictor/metrics/predictions.js';
import { METRICS, metricsOf } from '../predictor/metrics.js';
import { type EvaluatedTable, evaluateTable } from '../predictor/node/evaluate-table.js';
import { latencyOf } from '../predictor/node/latency.js';
import { Predictor } from '../predictor/node/predictor.js';
import { counted } from '../predictor/report/numbers.js';
import { type DeviceChoice, TesseraError } from '../tensor/index.js';
import { withDevice } from './device.js';
import { evaluate as evaluateEmoji } from './emoji/evaluate.js';
import { refuseFlags } from './flags.js';
import { stoppable } from './interrupt.js';
import { leftOut, openGiven, readOptionsOf, shownTable } from './reading.js';
import { isTableRun } from './run-path.js';
import { joinLikeRun } from './sequences.js';
import { shownMetric } from './shown-metric.js';
import { READ_FLAGS, type ReadFlags } from './table-options.js';
import { table as formatTable, type Progress, Terminal } from './terminal.js';

/** The options of `tessera evaluate`. */
export interface EvaluateOptions extends ReadFlags {
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/**
 * Implements `tessera evaluate`, which measures a run on a table. `given` names the options that were given. Returns
 * the exit code.
 */
export async function evaluate(
  run: string,
  files: readonly string[],
  options: EvaluateOptions,
  given: readonly string[],
): Promise<number> {
  if (!(await isTableRun(run))) {
    if (files.length > 0)
      throw new TesseraError(`evaluate: '${run}' is a run on emoji, which has its own data; remove '${files[0]}'`);
    refuseFlags('evaluate', given, READ_FLAGS, 'is for a run on tables');
    return evaluateEmoji(run, options);
  }
  if (files.length === 0)
    throw new TesseraError(`evaluate: name a table with the column that is predicted: tessera evaluate ${run} TABLE`);
  const terminal = new Terminal(options.json ?? false);
  const opened = await openGiven(files, options);
  return withDevice(options.device, terminal, (device) =>
    stoppable(terminal, 'stopped', async ({ signal }) => {
      const predictor = await Predictor.load(run);
      const table = shownTable(await joinLikeRun(opened, predictor, options, terminal, signal), terminal, signal);
      const { predictions, withoutTarget, errors } = await predicted(predictor, table, options, terminal, signal);
      if (errors.count > 0) terminal.note(errors.summary());
      const metrics = metricsOf(predictions);
      const latency = await latencyOf(predictor, table);
      const rows = rowCount(predictions);
      const target = targetOf(predictor.schema).column;
      if (withoutTarget > 0) terminal.note(leftOut(withoutTarget, target));
      terminal.print(`${target} on ${counted(rows, 'row')} of ${table.name}:`);
      terminal.print(
        formatTable(
          ['metric', 'value'],
          Object.entries(metrics).map(([name, value]) => [METRICS[name].title, shownMetric(name, value)]),
          [1],
        ),
      );
      terminal.print(
        `one row: ${latency.p50.toFixed(1)} ms (p50), ${latency.p95.toFixed(1)} ms (p95), on ${device.name}`,
      );
      terminal.result({
        adapter: device.name,
        run,
        task: predictions.task,
        target,
        rows,
        rowsWithoutTarget: withoutTarget,
        skippedRows: errors.skippedRows,
        metrics,
        latencyMilliseconds: latency,
      });
      return 0;
    }),
  );
}

/** Predicts the table, with progress. */
async function predicted(
  predictor: Predictor,
  table: Table,
  options: EvaluateOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<EvaluatedTable> {
  let progress: Progress | undefined;
  try {
    return await evaluateTable(predictor, table, {
      ...readOptionsOf(options, terminal, signal),
      onRows(done, all) {
        signal.throwIfAborted();
        progress ??= terminal.lateProgress(all, 'predicting');
        progress.update(done, 'rows');
      },
    });
  } finally {
    progress?.stop();
  }
}
