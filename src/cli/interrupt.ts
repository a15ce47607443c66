import { constants } from 'node:os';
import { restoreTerminal, type Terminal } from './terminal.js';

/** Ctrl-C, `kill`, and a terminal that was closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Whether a command was asked to stop, and what it then returns. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** By the shell's convention 128 and the signal's number: 130 after Ctrl-C. */
  readonly exitCode: number;
  /** From now on a signal ends the process, as it does by default. */
  done(): void;
}

/** Turns the first signal into a request to stop; the second ends the process at once. */
export function interruptible(terminal: Terminal): Interruption {
  const controller = new AbortController();
  let exitCode = 0;
  const done = () => {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  };
  const interrupt = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      restoreTerminal();
      done();
      // The default action. `process.exit` would run destructors while the driver compiles, which crashes some.
      process.kill(process.pid, signal);
      return;
    }
    exitCode = 128 + constants.signals[signal];
    controller.abort();
    terminal.note('\nstopping after this step; again to end at once');
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    done,
  };
}
