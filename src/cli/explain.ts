import { type DeviceChoice, explain as explainPlan } from '../tensor/index.js';
import { withDevice } from './device.js';
import { short, Terminal, table } from './terminal.js';
import { type ModelName, workload } from './workload.js';

export interface ExplainOptions {
  readonly batch: number;
  readonly training?: boolean;
  readonly wgsl?: boolean;
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/** `tessera explain`: the dispatches of a model's forward pass, or of a training step. Returns the exit code. */
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
    const rows = dispatches.map(({ kernel, op, workgroups, flops, bytes, buffers }, index) => {
      const bound = Object.entries(buffers).map(([binding, buffer]) => `${binding}=${buffer}`);
      return [index, kernel, op, workgroups, short(flops), short(bytes, 'B'), bound.join(' ')];
    });
    terminal.print(table(['', 'kernel', 'op', 'workgroups', 'flops', 'bytes', 'buffers'], rows, [0, 3, 4, 5]));
    terminal.print(
      `\n${dispatches.length} dispatches in one pass, ${short(explained.flops)} flops, ${explained.buffers} buffers of ${short(explained.peakBytes, 'B')}`,
    );
    if (wgsl) {
      for (const source of new Map(dispatches.map(({ kernel, wgsl }) => [wgsl, kernel])))
        terminal.print(`\n// ---- ${source[1]} ----\n${source[0]}`);
    }
    return 0;
  });
}
