import { type Engine, preparedJob, preparedSteps, Unable } from '../../bench/peers/engine.js';
import type { HostTensor } from '../../bench/peers/workloads.js';

/** An engine that does one workload, and fails at the others each in its own way. */
export async function start(): Promise<Engine> {
  const alive = new Set<HostTensor>();
  const memory = {
    read: async (value: HostTensor) => value,
    release: (value: HostTensor) => void alive.delete(value),
    wait: async () => {},
  };
  let losses = 3;
  return {
    async prepare(kind, { x }) {
      if (kind === 'softmax') throw new Unable('it has no softmax');
      if (kind === 'layer norm') throw new Error('no memory left');
      if (kind === 'lstm') process.exit(7);
      if (kind === 'conv2d') await new Promise(() => {});
      if (kind === 'training step') return preparedSteps(async () => losses--);
      return preparedJob(
        {
          held: [x],
          run() {
            const doubled = { shape: x.shape, data: x.data.map((value) => 2 * value) };
            alive.add(doubled);
            if (alive.size > 1) throw new Error('results of the run before were not released');
            return [doubled];
          },
          order: [1, 0],
        },
        memory,
      );
    },
  };
}

/** One that does not start, as where a package is missing; it says in which process. */
const SOURCE = 'export const start = () => { throw new Error("no adapter in process " + process.pid) }';
export const broken = new URL(`data:text/javascript,${encodeURIComponent(SOURCE)}`);
