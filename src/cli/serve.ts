import path from 'node:path';
import { targetOf } from '../data/schema.js';
import { Predictor } from '../predictor/node/predictor.js';
import { isLocalHost } from '../serve/hosts.js';
import { serve as startServer } from '../serve/serve.js';
import { type DeviceChoice, TesseraError } from '../tensor/index.js';
import { withDevice } from './device.js';
import { stoppable } from './interrupt.js';
import { isTableRun } from './run-path.js';
import { Terminal } from './terminal.js';

/** The options of `tessera serve`. */
export interface ServeFlags {
  readonly host: string;
  readonly port: number;
  readonly allowHost?: readonly string[];
  readonly batch: number;
  readonly wait: number;
  readonly queue: number;
  readonly rows: number;
  readonly body: number;
  readonly rate: number;
  readonly timeout: number;
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/**
 * Implements `tessera serve`, which serves a run's page and API until a signal ends it. Returns the exit code, 0 where
 * all requests that had begun were answered.
 */
export async function serve(run: string, flags: ServeFlags): Promise<number> {
  if (!(await isTableRun(run)))
    throw new TesseraError(
      `serve: '${run}' is a run on emoji, which has no page; train on a table: tessera data emoji`,
    );
  const terminal = new Terminal(flags.json ?? false);
  return withDevice(flags.device, terminal, (device) =>
    stoppable(terminal, 'stopped', async ({ signal }) => {
      const predictor = await Predictor.load(run);
      await prepare(predictor, flags.batch, terminal, signal);
      const { host, port, batch, queue, rows, rate } = flags;
      const server = await startServer(predictor, {
        ...{ host, port, batch, queue, rows, rate },
        allowedHosts: flags.allowHost,
        waitMilliseconds: flags.wait,
        bodyBytes: flags.body * 2 ** 20,
        timeoutSeconds: flags.timeout,
        name: path.basename(path.resolve(run)),
        onError: (error) => terminal.note(`error: ${error instanceof Error ? error.stack : error}`),
      });
      if (!isLocalHost(host)) terminal.note('warning: other machines can reach it, and it has no password');
      const target = targetOf(predictor.schema).column;
      terminal.print(`${server.url} predicts ${target}; Ctrl-C ends it`);
      terminal.result({ adapter: device.name, run, target, url: server.url });
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await server.close();
      return 0;
    }),
  );
}

/** Predicts batches of several sizes: whatever kernels they need are compiled before the first request comes. */
async function prepare(predictor: Predictor, largest: number, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const progress = terminal.lateProgress(largest, 'preparing kernels');
  try {
    for (let size = 1; size <= largest; size *= 2) {
      await predictor.predictAll(Array(size).fill({}));
      signal.throwIfAborted();
      progress.update(size, 'rows at once');
    }
  } finally {
    progress.stop();
  }
}
