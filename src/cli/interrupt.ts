import { constants } from 'node:os';
import { TesseraError } from '../tensor/index.js';
import { restoreTerminal, type Terminal } from './terminal.js';

/** The signals of Ctrl-C, `kill`, and closing the terminal. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A request to stop a command. */
export interface Interruption {
  /** Aborted when the command is asked to stop. */
  readonly signal: AbortSignal;
  /** The exit code: 128 plus the number of the signal, as in shells (130 after Ctrl-C), or 0 without a signal. */
  readonly exitCode: number;
  /** Restores the default, by which a signal terminates the process. */
  done(): void;
}

/** Turns the first signal into a request to stop; the second one terminates the process at once. */
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
      // Terminate by the signal. `process.exit` would run destructors while a driver compiles, which may crash.
      process.kill(process.pid, signal);
      return;
    }
    exitCode = 128 + constants.signals[signal];
    controller.abort(new TesseraError('stopped'));
    terminal.note('\nstopping; press again to terminate at once');
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

/**
 * Does work that a signal may stop, and returns its exit code. Where the work throws the signal's reason, this says
 * `stopped` and returns the code of the signal.
 */
export async function stoppable(
  terminal: Terminal,
  stopped: string,
  work: (interruption: Interruption) => Promise<number>,
): Promise<number> {
  const interruption = interruptible(terminal);
  try {
    return await work(interruption);
  } catch (error) {
    if (error !== interruption.signal.reason) throw error;
    terminal.note(stopped);
    return interruption.exitCode;
  } finally {
    restoreTerminal();
    interruption.done();
  }
}
