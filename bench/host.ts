import Benchmark from 'benchmark';
import { create, globals } from 'webgpu';
import { batches, toyData } from '../src/data/index.js';
import { GpuDevice } from '../src/gpu/gpu-device.js';
import { TextImageClassifier } from '../src/models/index.js';
import { Adam, crossEntropy } from '../src/nn/index.js';
import { trace } from '../src/tensor/graph/trace.js';
import { evaluate, setDefaultDevice, type Tensor } from '../src/tensor/index.js';
import { plan } from '../src/tensor/runtime/plan.js';
import { type Row, statistics } from './measure.js';

/**
 * Times the host's part of a training step of the classifier: building the graph with its gradients, planning it (once
 * per structure and shapes), and replaying the plan. It uses Dawn's null backend, whose device takes no time.
 */
export async function benchHost(): Promise<Row[]> {
  for (const [name, value] of Object.entries(globals))
    if (!(name in globalThis)) Object.assign(globalThis, { [name]: value });
  const instance = create(['backend=null']);
  const adapter = await instance.requestAdapter();
  if (adapter === null) throw new Error('this build of Dawn has no null backend');
  const device = new GpuDevice(
    "Dawn's null backend",
    true,
    await adapter.requestDevice(),
    {},
    new Map(),
    () => instance,
  );
  setDefaultDevice(device);

  const model = new TextImageClassifier();
  const optimizer = new Adam(model.parameters());
  const [batch] = batches(toyData({ size: 32, pixels: 28, time: 20 }), { size: 32 });
  const graph = (): Tensor[] => {
    const loss = crossEntropy(model.forward(batch), batch.labels);
    return [loss, ...optimizer.assigns(loss)];
  };
  const targets = graph().map((target) => target.current());
  const rows = [
    await time('graph', graph),
    await time('plan', () => plan(trace(targets), device)),
    await time('graph and replay', () => evaluate(...graph())),
  ];
  setDefaultDevice(undefined);
  device.close();
  return rows.map((row) => ({ ...row, adapter: device.name }));
}

function time(name: string, work: () => unknown): Promise<Omit<Row, 'adapter'>> {
  return new Promise((resolve, reject) => {
    new Benchmark({
      defer: true,
      maxTime: 2,
      fn: (deferred: Benchmark.Deferred) => {
        (async () => work())().then(() => deferred.resolve(), reject);
      },
      onComplete({ target }: Benchmark.Event) {
        const seconds = (target as unknown as Benchmark).stats.sample;
        const row = { case: `host: ${name} of a training step`, engine: 'Tessera' };
        resolve({ ...row, ...statistics(seconds.map((second) => 1000 * second)) });
      },
    }).run({ async: true });
  });
}
