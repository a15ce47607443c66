import { type DeviceChoice, explain as explainPlan } from '../tensor/index.js';
import { withDevice } from './device.js';
import type { ModelName } from './models.js';
import { short, Terminal, table } from './terminal.js';
import { workload } from './workload.js';

/** The options of `tessera explain`. */
export interface ExplainOptions {
  readonly batch: number;
  readonly training?: boolean;
  readonly wgsl?: boolean;
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/**
 * Implements `tessera explain`, which lists the dispatches of a forward pass or training step. Returns the exit code.
 */
export async function explain(
  model: ModelName,
  { batch, training = false, wgsl = false, device: choice, json = false }: ExplainOptions,
): Promise<number> {
  const terminal = new Terminal(json);
  return withDevice(choice, terminal, async () => {
    const explained = await explainPlan(...workload({ model, batch, training })());
    const { dispatches } = explained;
    terminal.result({
      model,
      batch,
      training,
      ...explained,
      dispatches: wgsl ? dispatches : dispatches.map(({ wgsl: _, ...rest }) => rest),
    });
    const rows: { first: number; times: number; cells: (string | number)[] }[] = [];
    for (const [index, { kernel, op, workgroups, flops, bytes, buffers }] of dispatches.entries()) {
      const bound = Object.entries(buffers).map(([binding, buffer]) => `${binding}=${buffer}`);
      const cells = [kernel, op, workgroups, short(flops), short(bytes, 'B'), bound.join(' ')];
      const last = rows.at(-1);
      // The steps of a recurrence differ only in a uniform; they share one line.
      if (last?.cells.join() === cells.join()) last.times++;
      else rows.push({ first: index, times: 1, cells });
    }
    const head = ['', 'times', 'kernel', 'op', 'workgroups', 'flops', 'bytes', 'buffers'];
    const lines = rows.map(({ first, times, cells }) => [first, times === 1 ? '' : `x ${times}`, ...cells]);
    terminal.print(table(head, lines, [0, 1, 4, 5, 6]));
    terminal.print(
      `\n${dispatches.length} dispatches in one pass, ${short(explained.flops)} flops, ${explained.buffers} buffers of ${short(explained.peakBytes, 'B')}`,
    );
    if (wgsl) {
      for (const source of new Map(dispatches.map(({ kernel, wgsl }) => [wgsl, kernel])))
        terminal.print(`\n// ${source[1]}\n${source[0]}`);
    }
    return 0;
  });
}
