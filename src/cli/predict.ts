import { writeFileAtomically } from '../data/node/index.js';
import { type Schema, targetOf } from '../data/schema.js';
import type { Answer } from '../predictor/answers.js';
import { answersAsCsv, predictTable } from '../predictor/node/predict-table.js';
import { Predictor } from '../predictor/node/predictor.js';
import { counted } from '../predictor/report/numbers.js';
import { type Device, type DeviceChoice, TesseraError } from '../tensor/index.js';
import { lookUp } from '../tensor/options.js';
import { withDevice } from './device.js';
import { predict as predictEmoji } from './emoji/predict.js';
import { refuseFlags } from './flags.js';
import { stoppable } from './interrupt.js';
import { checkOutput } from './output.js';
import { openGiven, readOptionsOf, shownTable } from './reading.js';
import { isTableRun } from './run-path.js';
import { joinLikeRun } from './sequences.js';
import { READ_FLAGS, type ReadFlags } from './table-options.js';
import { table as formatTable, percent, Terminal } from './terminal.js';

/** The options of `tessera predict`. */
export interface PredictOptions extends ReadFlags {
  readonly out?: string;
  readonly top: number;
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/**
 * Implements `tessera predict`, which predicts the rows of a table, or one row that is given by flags such as `--price
 * 9.5`. `given` names the options that were given. Returns the exit code.
 */
export async function predict(
  run: string,
  rest: readonly string[],
  options: PredictOptions,
  given: readonly string[],
): Promise<number> {
  const { tables, cells } = argumentsOf(rest);
  if (!(await isTableRun(run))) {
    if (tables.length > 0)
      throw new TesseraError(
        `predict: '${run}' is a run on emoji; it takes --image FILE and --text WORDS, not a table`,
      );
    refuseFlags('predict', given, ['out', ...READ_FLAGS], 'is for tables');
    return predictEmoji(run, cells, options);
  }
  if (tables.length > 0 === cells.size > 0)
    throw new TesseraError(
      `predict: give a table, or the cells of one row such as --column value${tables.length > 0 ? ', not both' : ''}`,
    );
  if (tables.length > 0) refuseFlags('predict', given, ['top'], 'is for one row');
  else refuseFlags('predict', given, ['out', ...READ_FLAGS], 'is for tables');
  const terminal = new Terminal(options.json ?? false);
  if (options.out !== undefined) await checkOut(options.out, tables);
  const stopped = options.out === undefined ? 'stopped' : `stopped; ${options.out} was not written`;
  return withDevice(options.device, terminal, (device) =>
    stoppable(terminal, stopped, async ({ signal }) => {
      const predictor = await Predictor.load(run);
      if (tables.length > 0) await predictTables(predictor, run, tables, options, terminal, device, signal);
      else await predictOne(predictor, run, cells, options, terminal, device);
      return 0;
    }),
  );
}

/** @throws TesseraError if the file of the predictions cannot be written, or is named as another format than CSV. */
async function checkOut(out: string, tables: readonly string[]): Promise<void> {
  if (/\.(?:tsv|json|jsonl|ndjson|parquet|xlsx|gz)$/i.test(out))
    throw new TesseraError(
      `predict: --out: predictions are written as CSV; expected a name such as predictions.csv, got '${out}'`,
    );
  await checkOutput(out, tables);
}

/** Divides what follows the run into tables, and flags with their values. */
function argumentsOf(rest: readonly string[]): { tables: string[]; cells: Map<string, string> } {
  const tables: string[] = [];
  const cells = new Map<string, string>();
  for (let at = 0; at < rest.length; at++) {
    const [, name, own] = /^--([^=]+)(?:=(.*))?$/s.exec(rest[at]) ?? [];
    if (name === undefined) {
      tables.push(rest[at]);
      continue;
    }
    const value = own ?? rest[++at];
    if (value === undefined) throw new TesseraError(`predict: --${name} needs a value`);
    if (cells.has(name)) throw new TesseraError(`predict: --${name} is given twice`);
    cells.set(name, value);
  }
  return { tables, cells };
}

async function predictOne(
  predictor: Predictor,
  run: string,
  cells: ReadonlyMap<string, string>,
  { top }: PredictOptions,
  terminal: Terminal,
  device: Device,
): Promise<void> {
  const row = Object.fromEntries([...cells].map(([name, value]) => [columnOf(predictor.schema, name), value]));
  const answer = await predictor.predict(row);
  const { column } = targetOf(predictor.schema);
  terminal.print(linesOf(column, answer, top));
  terminal.result({ adapter: device.name, run, target: column, row, ...answer });
}

/** The column that a flag names: its name, or the kind of the only field of that kind. */
function columnOf({ fields }: Schema, flag: string): string {
  if (fields.some(({ column }) => column === flag)) return flag;
  const ofKind = fields.filter(({ kind }) => kind === flag);
  if (ofKind.length === 1) return ofKind[0].column;
  if (ofKind.length > 1)
    throw new TesseraError(
      `predict: --${flag} may be ${ofKind.map(({ column }) => `--${column}`).join(' or ')}; use one of these`,
    );
  return lookUp('predict', 'column', Object.fromEntries(fields.map(({ column }) => [column, column])), flag);
}

function linesOf(column: string, { prediction, probabilities }: Answer, top: number): string {
  if (probabilities === undefined)
    return `${column}: ${typeof prediction === 'number' ? Number(prediction.toPrecision(6)) : prediction || '(nothing)'}`;
  const ranked = Object.entries(probabilities).sort(([, a], [, b]) => b - a);
  return formatTable(
    [column, 'probability'],
    ranked.slice(0, top).map(([name, probability]) => [name, percent(probability)]),
    [1],
  );
}

async function predictTables(
  predictor: Predictor,
  run: string,
  files: readonly string[],
  options: PredictOptions,
  terminal: Terminal,
  device: Device,
  signal: AbortSignal,
): Promise<void> {
  const { out } = options;
  const opened = await openGiven(files, options);
  const joined = await joinLikeRun(opened, predictor, options, terminal, signal);
  const table = shownTable(joined, terminal, signal, 'predicting');
  let rows = 0;
  let skippedRows = 0;
  const predictions: unknown[] = [];
  const answered = async function* () {
    const read = readOptionsOf(options, terminal, signal);
    const chunks = predictTable(predictor, table, {
      ...read,
      onErrors(errors) {
        skippedRows = errors.skippedRows;
        if (errors.count > 0) terminal.note(errors.summary());
      },
    });
    for await (const chunk of chunks) {
      rows += chunk.length;
      if (out === undefined && terminal.json)
        for (const { file, row, others, answer } of chunk) predictions.push({ file, row, cells: others, ...answer });
      yield chunk;
    }
  };
  const lines = answersAsCsv(predictor, table, answered());
  if (out !== undefined) await writeFileAtomically(out, lines);
  else
    for await (const line of lines) {
      // A reader such as `head` has seen enough.
      if (!process.stdout.writable) break;
      terminal.print(line.trimEnd());
    }
  if (out !== undefined) terminal.note(`wrote ${counted(rows, 'row')} to ${out}`);
  terminal.result({
    adapter: device.name,
    run,
    target: targetOf(predictor.schema).column,
    rows,
    skippedRows,
    ...(out === undefined ? { predictions } : { out }),
  });
}
