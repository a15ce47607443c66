import * as ort from 'onnxruntime-node';
import type { Engine } from '../engine.js';
import type { HostTensor } from '../workloads.js';
import { onnxEngine } from './onnx.js';

/** ONNX Runtime on the CPU, with as many threads as it takes by itself. */
export const start = async (): Promise<Engine> =>
  onnxEngine<ort.Tensor>({
    memory: {
      read: async (value) => ({ shape: value.dims, data: value.data as Float32Array }),
      release() {},
      async wait() {},
    },
    async open(model) {
      const session = await ort.InferenceSession.create(model);
      return { run: async (feeds) => (await session.run(feeds)).y!, release: () => session.release() };
    },
    upload: ({ data, shape }: HostTensor) => new ort.Tensor('float32', data as Float32Array, shape),
  });
