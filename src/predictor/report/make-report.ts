import type { EncodedTable } from '../../data/encoded.js';
import { isOneClass, PARTS, type PartName, targetOf } from '../../data/schema.js';
import { byGain } from '../contributions.js';
import { type NumericTarget, outputsPerRow, selectRows } from '../metrics/predictions.js';
import { surestMistakes } from '../mistakes.js';
import { slicesOf } from '../slices.js';
import { assess } from './assess.js';
import { fieldContributions } from './field-contributions.js';
import { evenly, pick } from './indices.js';
import { withContent } from './mistake-content.js';
import { readOriginalCells } from './original-cells.js';
import type { CurvePoint, PerPart, Report } from './report.js';
import type { FinishedEpoch, MakeReportOptions, ReportedRun } from './reported-run.js';
import { describeField, describeSplit } from './wording.js';

const MISTAKES = 12;
/** The maximum number of test rows that slices are measured on. */
const SLICE_ROWS = 5_000;
const SLICE_RESAMPLES = 400;
/** The number of fields that are sliced: those that add most. */
const SLICED_FIELDS = 20;

/**
 * Makes the report of a run: measures the model and the baselines on the test rows, and looks into its mistakes. It
 * reads the table once more, and predicts up to 2,000 test rows twice for each field. The report is the content of
 * `report.json`; `reportPage` makes a page of it, and `verdictOf` its first line.
 *
 * @throws TesseraError if the schema has no target, or predictions are not of its rows.
 */
export async function makeReport(run: ReportedRun, options: MakeReportOptions = {}): Promise<Report> {
  const { table, schema, rows, predictions, history, facts } = run;
  const { test } = predictions;
  const target = targetOf(schema);
  options.onProgress?.('measuring the model', 0, 1);
  const mistakes = surestMistakes(test, MISTAKES);
  const sliced = evenly(rows.test.length, SLICE_ROWS);
  const wanted = {
    sliced: pick(rows.test, sliced),
    kept: Uint32Array.from(mistakes, ({ row }) => rows.test[row]),
  };
  const cells = await readOriginalCells(table, schema, rows.encoded, wanted, options.onError);
  const { groups } = cells;
  const groupsOf = (own: Uint32Array) => own.map((row) => groups?.[row] ?? row);
  const assessment = assess(predictions, {
    seed: facts.seed,
    ...(groups && { groups: { validation: groupsOf(rows.validation), test: groupsOf(rows.test) } }),
  });
  const { metric } = assessment;
  const contributions = schema.fields.length > 1 ? await fieldContributions(run, metric, options) : undefined;
  const useful = new Set(
    contributions &&
      byGain(contributions, metric)
        .slice(0, SLICED_FIELDS)
        .map(({ name }) => name),
  );
  const columns = cells.columns.filter((_, at) => contributions === undefined || useful.has(schema.fields[at].column));
  return {
    version: 1,
    ...facts,
    task: test.task,
    target: target.column,
    rows: perPart((part) => rows[part].length),
    split: describeSplit(schema.split, isOneClass(target)),
    fields: schema.fields.map((field, at) => {
      const note = describeField(field);
      return { name: field.column, kind: field.kind, missing: cells.missing[at], ...(note !== undefined && { note }) };
    }),
    ...((test.task === 'classification' || test.task === 'tags') && { balance: await balanceOf(test, rows) }),
    ...(contributions && { contributions }),
    curves: history.map((epoch) => curvePoint(epoch, metric)),
    mistakes: await Promise.all(
      mistakes.map((mistake, at) => withContent(mistake, cells.kept.get(wanted.kept[at]), run, options)),
    ),
    slices: slicesOf(selectRows(test, sliced), columns, metric, {
      seed: facts.seed,
      resamples: SLICE_RESAMPLES,
      ...(groups && { groups: groupsOf(wanted.sliced) }),
    }),
    ...assessment,
  };
}

const perPart = (count: (part: PartName) => number): PerPart =>
  Object.fromEntries(PARTS.map((part) => [part, count(part)])) as unknown as PerPart;

function curvePoint({ steps, loss, validation }: FinishedEpoch, metric: string): CurvePoint {
  return {
    step: steps,
    trainLoss: loss,
    ...(validation.logLoss !== undefined && { validationLoss: validation.logLoss }),
    ...(validation[metric] !== undefined && { validation: validation[metric] }),
  };
}

/** The number of rows of each class or tag. */
async function balanceOf(target: NumericTarget, rows: EncodedTable): Promise<Report['balance']> {
  const width = outputsPerRow(target);
  const counts = { train: new Uint32Array(width), validation: new Uint32Array(width), test: new Uint32Array(width) };
  for (const part of PARTS) {
    const values = (await (await rows.encoded.targetsOf(rows[part]))?.data()) ?? [];
    for (let at = 0; at < values.length; at++)
      if (target.task === 'classification') counts[part][values[at]]++;
      else counts[part][at % width] += values[at];
  }
  const names = target.task === 'classification' ? target.classes : target.task === 'tags' ? target.tags : [];
  return names.map((name, at) => ({ name, rows: perPart((part) => counts[part][at]) }));
}
