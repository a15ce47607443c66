import { TextImageClassifier } from '../../../src/models/index.js';
import { Adam, crossEntropy } from '../../../src/nn/index.js';
import {
  evaluate,
  grad,
  layerNorm,
  lstm,
  openDevice,
  setDefaultDevice,
  type Tensor,
  tensor,
} from '../../../src/tensor/index.js';
import { gptOf, gptReader, gptTrainer } from '../../gpt.js';
import { BATCHES } from '../../step-data.js';
import { type Engine, type Job, preparedJob, preparedSteps } from '../engine.js';
import { partOfRows } from '../layout.js';
import type { GptKind, HostTensor, Inputs, WorkloadKind } from '../workloads.js';

type Graph = (inputs: Record<string, Tensor>) => Tensor[];

/** Each workload as a graph that is built anew for every run, as a user's program would. */
const graphs: Readonly<Record<Exclude<WorkloadKind, 'training step' | GptKind>, Graph>> = {
  matmul: ({ a, b }) => [a.matmul(b)],
  conv2d: ({ x, w }) => [x.conv2d(w, { padding: 'same' })],
  'conv2d input gradient': ({ x, w, dy }) => grad(x.conv2d(w, { padding: 'same' }).mul(dy).sum(), [x]),
  'conv2d filter gradient': ({ x, w, dy }) => grad(x.conv2d(w, { padding: 'same' }).mul(dy).sum(), [w]),
  softmax: ({ x }) => [x.softmax()],
  'layer norm': ({ x, scale, shift }) => [layerNorm(x, { scale: scale, shift: shift })],
  elementwise: ({ x, a, b, c }) => [x.mul(a).add(b).relu().mul(c.sigmoid())],
  sum: ({ x }) => [x.sum()],
  lstm: ({ x, kernel, recurrent, bias }) => [lstm(x, kernel, recurrent, bias).sequence],
  'lstm gradient': ({ x, kernel, recurrent, bias, dy }) =>
    grad(lstm(x, kernel, recurrent, bias).sequence.mul(dy).sum(), [x, kernel, recurrent, bias]),
};

/** Tessera on the best adapter, or on its float64 reference device, whose results are what engines are checked by. */
export async function startTessera(choice: 'gpu' | 'reference'): Promise<Engine> {
  const device = await openDevice({ device: choice });
  setDefaultDevice(device);
  const memory = {
    read: async (value: Tensor) => ({ shape: value.shape, data: Float32Array.from(await value.data()) }),
    release: (value: Tensor) => value.dispose(),
    wait: () => device.idle(),
  };
  const job = (graph: Graph, inputs: Inputs): Job<Tensor> => {
    const held = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, upload(input)]));
    return {
      held: Object.values(held),
      async run() {
        const results = graph(held);
        await evaluate(...results);
        return results;
      },
    };
  };
  return {
    async prepare(kind, inputs) {
      if (kind === 'training step') return preparedSteps(trainer(inputs));
      if (kind === 'GPT training step')
        return preparedSteps(gptTrainer(gptOf(weightsOf(inputs)), { tokens: inputs.tokens, targets: inputs.targets }));
      if (kind === 'GPT token') return preparedSteps(gptReader(gptOf(weightsOf(inputs))));
      return preparedJob(job(graphs[kind], inputs), memory);
    },
  };
}

export const start = (): Promise<Engine> => startTessera('gpu');

const upload = ({ data, shape }: HostTensor): Tensor => tensor(data, shape);

/** The weights among the inputs of a model, whose names have a dot. */
const weightsOf = (inputs: Inputs): Map<string, HostTensor> =>
  new Map(Object.entries(inputs).filter(([name]) => name.includes('.')));

function trainer({ tokens, images, labels, ...weights }: Inputs): () => Promise<number> {
  const model = new TextImageClassifier();
  model.loadState(new Map(Object.entries(weights as Record<string, HostTensor & { data: Float32Array }>)));
  const optimizer = new Adam(model.parameters());
  const batches = Array.from({ length: BATCHES }, (_, index) => {
    const part = (whole: HostTensor) => upload(partOfRows(whole, index, BATCHES));
    return { inputs: { tokens: part(tokens), images: part(images) }, labels: part(labels) };
  });
  return async () => {
    const batch = batches[optimizer.steps % BATCHES];
    const loss = crossEntropy(model.forward(batch.inputs), batch.labels);
    await optimizer.step(loss);
    return loss.item();
  };
}
