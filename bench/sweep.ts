import { rowsOf } from '../src/data/index.js';
import { TextImageClassifier } from '../src/models/index.js';
import { Adam, crossEntropy } from '../src/nn/index.js';
import { explain, openDevice, setDefaultDevice, TesseraError } from '../src/tensor/index.js';
import { randomPairs } from './cases/random-pairs.js';
import { type Row, statistics } from './measure.js';
import { type Cells, digits, forTerminal } from './report/tables.js';

/** The sizes of the Keras model and its batch, one of which a sweep varies. */
interface Sizes {
  readonly batch: number;
  readonly hidden: number;
  readonly image: number;
  readonly sequence: number;
  readonly vocabulary: number;
}

const BASE: Sizes = { batch: 32, hidden: 128, image: 28, sequence: 20, vocabulary: 10_000 };
const SWEEPS: Readonly<Record<keyof Sizes, readonly number[]>> = {
  batch: [8, 32, 128, 512, 1024],
  hidden: [64, 128, 256, 512, 1024, 2048],
  image: [28, 56, 112, 224],
  sequence: [8, 32, 128, 512],
  // The embedding has 128 parameters per word: up to 256 million.
  vocabulary: [10_000, 50_000, 200_000, 500_000, 2_000_000],
};
const CLASSES = 10;
const STEPS = { quick: 3, full: 7 } as const;
/** A sweep stops after a step that takes more than this many seconds. */
const BUDGET = { quick: 1, full: 5 } as const;

/** One point of a sweep. */
export interface SweepRow extends Row {
  /** The maximum number of bytes on the device. */
  readonly peakBytes: number;
  /** The number of bytes that the plan predicted. */
  readonly predictedBytes: number;
  readonly parameters: number;
}

export interface SweepOptions {
  readonly quick: boolean;
  readonly note: (line: string) => void;
  readonly print: (line: string) => void;
}

/** The results of sweeps: all rows, and a table for each size that was varied. */
export interface Sweep {
  readonly rows: readonly SweepRow[];
  readonly tables: readonly Cells[];
}

/** Measures the time and memory of a training step while one size grows, each on a new device. */
export async function benchSweep({ quick, note, print }: SweepOptions): Promise<Sweep> {
  const rows: SweepRow[] = [];
  const tables: Cells[] = [];
  for (const [name, values] of Object.entries(SWEEPS)) {
    const cells: string[][] = [];
    let skipped: string | undefined;
    for (const value of values) {
      note(`${name} ${value}`);
      const point = skipped ?? (await measure({ ...BASE, [name]: value }, `training step, ${name} ${value}`, quick));
      if (typeof point === 'string') {
        cells.push([`${value}`, '', '', '', '', '', point]);
        skipped ??= 'skipped: the previous size failed';
        continue;
      }
      rows.push(point);
      const { milliseconds, quartiles, peakBytes, predictedBytes, parameters } = point;
      const mega = (bytes: number) => digits(bytes / 1e6);
      cells.push([
        `${value}`,
        digits(milliseconds),
        quartiles.map(digits).join(' - '),
        mega(peakBytes),
        mega(predictedBytes),
        digits(parameters / 1e6),
        point.adapter,
      ]);
      if (milliseconds > 1000 * BUDGET[quick ? 'quick' : 'full'])
        skipped = `skipped: the previous step took ${digits(milliseconds / 1000)} s`;
    }
    const head = [
      name,
      'ms',
      'quartiles',
      'MB on the device',
      'MB predicted',
      'million parameters',
      'adapter, or why not',
    ];
    const found = { head, rows: cells, numbers: [0, 1, 2, 3, 4, 5] };
    print(`\n${forTerminal(found)}`);
    tables.push(found);
  }
  return { rows, tables };
}

/** Measures a point; returns an error message if the device cannot run it. */
async function measure(sizes: Sizes, name: string, quick: boolean): Promise<SweepRow | string> {
  const device = await openDevice({ device: 'gpu' });
  setDefaultDevice(device);
  try {
    const { batch, hidden, image, vocabulary } = sizes;
    const model = new TextImageClassifier({
      vocabulary,
      units: hidden,
      image: [image, image, 1],
      classes: CLASSES,
      seed: 1,
    });
    model.namedParameters(); // assigns the dotted names
    const optimizer = new Adam(model.parameters());
    const { tokens, images, labels } = rowsOf(
      randomPairs({ ...sizes, size: batch, time: sizes.sequence, classes: CLASSES }),
      Uint32Array.from({ length: batch }, (_, row) => row),
    );
    const loss = () => crossEntropy(model.forward({ tokens, images }), labels);
    const planned = loss();
    const { peakBytes: predictedBytes } = await explain(planned, ...optimizer.assigns(planned));
    const times: number[] = [];
    let peakBytes = 0;
    const count = STEPS[quick ? 'quick' : 'full'];
    const budget = 1000 * BUDGET[quick ? 'quick' : 'full'];
    // The first two steps compile and bind.
    for (let step = -2; step < count && (times[0] ?? 0) <= budget; step++) {
      const begin = performance.now();
      const value = loss();
      await optimizer.step(value);
      await value.item();
      if (step >= 0) times.push(performance.now() - begin);
      peakBytes = Math.max(peakBytes, device.memory.bytes);
    }
    const parameters = model.parameters().reduce((sum, { size }) => sum + size, 0);
    return {
      case: name,
      engine: 'Tessera',
      adapter: device.name,
      ...statistics(times),
      peakBytes,
      predictedBytes,
      parameters,
    };
  } catch (error) {
    if (error instanceof TesseraError) return error.message;
    throw error;
  } finally {
    setDefaultDevice(undefined);
    device.close();
  }
}
