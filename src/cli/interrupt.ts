import type { Terminal } from './terminal.js';

/** Turns the first Ctrl-C into a request to stop; the second ends the process at once. */
export function interruptible(terminal: Terminal): { signal: AbortSignal; done(): void } {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    terminal.note('\nstopping after this step; again to end at once');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
  return {
    signal: controller.signal,
    done: () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt);
    },
  };
}
