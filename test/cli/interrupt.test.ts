import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { interruptible } from '../../src/cli/interrupt.js';
import { Terminal } from '../../src/cli/terminal.js';

const SHOW_CURSOR = '\x1b[?25h';
const WRAP_LINES = '\x1b[?7h';

let written = '';
beforeEach(() => {
  written = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    written += chunk;
    return true;
  });
  const { isTTY } = process.stderr;
  process.stderr.isTTY = true;
  return () => {
    process.stderr.isTTY = isTTY;
  };
});
afterEach(() => {
  vi.restoreAllMocks();
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s asks to stop, and the exit code is %i', (signal, code) => {
  const interruption = interruptible(new Terminal(false));
  process.emit(signal, signal);
  expect([interruption.signal.aborted, interruption.exitCode]).toEqual([true, code]);
  interruption.done();
  expect(process.listeners(signal)).toEqual([]);
});

test('the second Ctrl-C restores the terminal and ends the process by the signal, without its exit handlers', () => {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  const terminal = new Terminal(false);
  interruptible(terminal);
  const progress = terminal.progress(10, 'drawing');
  progress.update(1, '');
  process.emit('SIGINT', 'SIGINT');
  written = '';
  process.emit('SIGINT', 'SIGINT');
  expect(written).toContain(SHOW_CURSOR);
  expect(written).toContain(WRAP_LINES);
  expect(kill.mock.calls).toEqual([[process.pid, 'SIGINT']]);
  expect(exit).not.toHaveBeenCalled();
  expect(process.listeners('SIGINT')).toEqual([]);
});
