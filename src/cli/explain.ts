import { SigmaFusion, TextImageClassifier } from '../models/index.js';
import { Adam, crossEntropy } from '../nn/index.js';
import {
  type DeviceChoice,
  type DType,
  explain as explainPlan,
  type Shape,
  type Tensor,
  tensor,
} from '../tensor/index.js';
import { withDevice } from './device.js';
import { short, Terminal, table } from './terminal.js';

export const EXPLAINED_MODELS = ['sigma-fusion', 'text-image-classifier'] as const;
export type ExplainedModel = (typeof EXPLAINED_MODELS)[number];

export interface ExplainOptions {
  readonly batch: number;
  readonly training?: boolean;
  readonly wgsl?: boolean;
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/** `tessera explain`: the dispatches of a model's forward pass, or of a training step. Returns the exit code. */
export async function explain(
  name: ExplainedModel,
  { batch, training = false, wgsl = false, device: choice, json = false }: ExplainOptions,
): Promise<number> {
  const terminal = new Terminal(json);
  return withDevice(choice, terminal, async () => {
    const explained = await explainPlan(...targetsOf(name, batch, training));
    const { dispatches } = explained;
    terminal.result({
      model: name,
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

/** The output of a model, or what a training step of it evaluates. */
export function targetsOf(name: ExplainedModel, batch: number, training: boolean): Tensor[] {
  const model =
    name === 'sigma-fusion' ? new SigmaFusion({ inputs: [128, 784], classes: 10 }) : new TextImageClassifier();
  model.namedParameters(); // gives the parameters their dotted names
  const output =
    model instanceof SigmaFusion
      ? model.forward(input([batch, 128]), input([batch, 784]))
      : model.forward({ tokens: input([batch, 20], 'i32'), images: input([batch, 28, 28, 1]) });
  if (!training) return [output];
  const loss = crossEntropy(output, input([batch], 'i32'));
  return [loss, ...new Adam(model.parameters()).assigns(loss)];
}

/** An input of a shape; what it holds does not matter to a plan. */
export function input(shape: Shape, dtype: DType = 'f32'): Tensor {
  const size = shape.reduce((product, one) => product * one, 1);
  return tensor(dtype === 'i32' ? new Int32Array(size) : new Float32Array(size), shape);
}
