import { rm } from 'node:fs/promises';
import { checkWritable, writeFileAtomically } from '../data/node/index.js';
import { encodeTuning, type Fingerprint } from '../gpu/tuning.js';
import { readTuning, tuningFile } from '../gpu/webgpu.node.tuning.js';
import {
  attention,
  conv2d,
  type Device,
  type DeviceChoice,
  grad,
  layerNorm,
  type Shape,
  type Tensor,
  TesseraError,
  type TunedChoice,
  tensor,
  tune as tuneTargets,
} from '../tensor/index.js';
import { withDevice } from './device.js';
import { interruptible } from './interrupt.js';
import { MODELS } from './models.js';
import { type Progress, Terminal, table } from './terminal.js';
import { workload } from './workload.js';

/** The options of `tessera tune`. */
export interface TuneOptions {
  /** The time limit. Default 120. */
  readonly seconds?: number;
  readonly clear?: boolean;
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/** Implements `tessera tune`, which measures the fastest kernel variants and saves them. Returns the exit code. */
export async function tune({
  seconds = 120,
  clear = false,
  device: choice,
  json = false,
}: TuneOptions): Promise<number> {
  const terminal = new Terminal(json);
  return withDevice(choice, terminal, async (device) => {
    const { file } = placeOf(device);
    if (clear) {
      await rm(file, { force: true });
      terminal.print(`deleted the measurements: ${file}`);
      terminal.result({ adapter: device.name, file, choices: 0, measured: [] });
      return 0;
    }
    await checkWritable(file);
    const known = device.choices.size;
    let progress: Progress | undefined;
    const interruption = interruptible(terminal);
    try {
      const rows = await tuneTargets([...modelTargets(), ...commonTargets()], {
        milliseconds: 1000 * seconds,
        signal: interruption.signal,
        onProgress: (done, total, key) => {
          progress ??= terminal.progress(total, 'measuring');
          progress.update(done, key);
        },
      });
      progress?.stop();
      await keep(device);
      print(rows, terminal);
      const left = rows.filter(({ variant }) => variant === undefined).length;
      terminal.print(
        `\n${rows.length - left} choices measured, ${known} measured before, ${left} remaining${left > 0 ? ` (run 'tessera tune' again, or with a larger --seconds)` : ''}`,
      );
      terminal.print(`saved to ${file}`);
      terminal.result({ adapter: device.name, file, choices: device.choices.size, measured: rows });
      return interruption.exitCode;
    } finally {
      progress?.stop();
      interruption.done();
    }
  });
}

/** Returns the file of a device's choices. @throws TesseraError if the device is not tuned, or there is no file. */
function placeOf({ name, fingerprint }: Device): { fingerprint: Fingerprint; file: string } {
  if (fingerprint === null)
    throw new TesseraError(`tune: ${name} has no variants to measure; run 'tessera doctor' to see what to install`);
  const file = tuningFile(fingerprint);
  if (file === undefined) throw new TesseraError('tune: measurements are disabled by TESSERA_TUNING=off; unset it');
  return { fingerprint, file };
}

/** Saves the choices of a device, merged with those that another process has saved since the device was opened. */
async function keep(device: Device): Promise<void> {
  const { fingerprint, file } = placeOf(device);
  const choices = new Map([...(await readTuning(fingerprint)), ...device.choices]);
  device.choices = choices;
  await writeFileAtomically(file, encodeTuning(fingerprint, choices));
}

function print(rows: readonly TunedChoice[], terminal: Terminal): void {
  const cells = rows.flatMap(({ key, default: baseline, variant, milliseconds }) => {
    if (variant === undefined) return [];
    const [before, now] = [milliseconds[baseline], milliseconds[variant]];
    return [[key, baseline, variant === baseline ? '' : variant, now.toFixed(3), (before / now).toFixed(2)]];
  });
  terminal.print(table(['op and size class', 'default', 'faster', 'ms', 'speedup'], cells, [3, 4]));
  for (const { key, refused } of rows)
    for (const [name, why] of Object.entries(refused)) terminal.note(`warning: ${key}: '${name}' was rejected: ${why}`);
}

/** Returns the targets of a training step and a forward pass of each model. */
const modelTargets = (): Tensor[] =>
  MODELS.flatMap((model) => [
    ...workload({ model, batch: 32, training: true })(),
    ...workload({ model, batch: 1, training: false })(),
  ]);

/** Returns matrix products, convolutions, attention, row ops and reductions of common sizes, with their gradients. */
function commonTargets(): Tensor[] {
  const products = [
    [256, 256, 256],
    [512, 512, 512],
    [1024, 1024, 1024],
    [1, 1024, 1024],
    [32, 1024, 1024],
    [1024, 1024, 16],
  ].flatMap(([m, k, n]) => withGradients((a, b) => a.matmul(b), [m, k], [k, n]));
  const batched = withGradients((a, b) => a.matmul(b), [32, 128, 128], [32, 128, 128]);
  const convolutions = [3, 64].flatMap((channels) =>
    withGradients((x, w) => conv2d(x, w, { padding: 'same' }), [8, 32, 32, channels], [3, 3, channels, 64]),
  );
  const attended: Shape[] = [
    [1, 8, 128, 64],
    [4, 8, 64, 16],
  ];
  const x = input([2 ** 20]);
  const rows = x.reshape([1024, 1024]);
  return [
    ...products,
    ...batched,
    ...convolutions,
    ...attended.flatMap((shape) => withGradients((q, k, v) => attention(q, k, v), shape, shape, shape)),
    ...withGradients((rows) => rows.softmax(), [1024, 1024]),
    ...withGradients((rows) => layerNorm(rows), [1024, 512]),
    x.sum(),
    rows.sum(-1),
    rows.sum(0),
    x.max(),
    rows.max(-1),
    x.reshape([2 ** 15, 32]).sum(-1),
  ];
}

/** Creates an input; its values do not matter, as variants are measured on random numbers. */
const input = (shape: Shape): Tensor =>
  tensor(new Float32Array(shape.reduce((product, one) => product * one, 1)), shape);

/** Returns a result and the gradients of its inputs, which have the given shapes. */
function withGradients(compute: (...inputs: Tensor[]) => Tensor, ...shapes: Shape[]): Tensor[] {
  const inputs = shapes.map((shape) => input(shape));
  const y = compute(...inputs);
  return [y, ...grad(y.square().sum(), inputs)];
}
