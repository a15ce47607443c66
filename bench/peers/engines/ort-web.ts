import type * as Ort from 'onnxruntime-web/webgpu';
import type { Engine } from '../engine.js';
import type { HostTensor } from '../workloads.js';
import { pretendToBeABrowser } from './browser.js';
import { onnxEngine } from './onnx.js';

/** ONNX Runtime's WebGPU provider, compiled to WebAssembly; arrays stay on the device from run to run. */
export async function start(): Promise<Engine> {
  pretendToBeABrowser();
  copySharedWrites();
  // By its path: the package's own entry for Node has no WebGPU.
  const path = new URL('../node_modules/onnxruntime-web/dist/ort.webgpu.min.mjs', import.meta.url);
  const ort = (await import(path.href)) as typeof Ort;
  ort.env.wasm.numThreads = 1;
  let device: GPUDevice;
  return onnxEngine<Ort.Tensor>({
    memory: {
      read: async (value) => ({ shape: value.dims, data: (await value.getData()) as Float32Array }),
      release: (value) => value.dispose(),
      wait: () => device.queue.onSubmittedWorkDone().then(() => {}),
    },
    async open(model) {
      const session = await ort.InferenceSession.create(model, {
        executionProviders: ['webgpu'],
        preferredOutputLocation: 'gpu-buffer',
        // Else it would quietly compute on the CPU what the provider lacks.
        extra: { session: { disable_cpu_ep_fallback: '1' } },
      });
      device = await ort.env.webgpu.device;
      return { run: async (feeds) => (await session.run(feeds)).y!, release: () => session.release() };
    },
    upload({ data, shape }: HostTensor) {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      const buffer = device.createBuffer({ size: Math.max(16, data.byteLength), usage });
      device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
      return ort.Tensor.fromGpuBuffer(buffer, {
        dataType: 'float32',
        dims: shape,
        dispose: () => buffer.destroy(),
      });
    },
  });
}

/** Dawn refuses views on shared memory, which is what WebAssembly's memory is here. */
function copySharedWrites(): void {
  const { prototype } = GPUQueue;
  const { writeBuffer } = prototype;
  prototype.writeBuffer = function (this: GPUQueue, buffer, offset, data, from = 0, size) {
    const view = ArrayBuffer.isView(data) ? data : new Uint8Array(data as ArrayBuffer);
    const unit = 'BYTES_PER_ELEMENT' in view ? (view.BYTES_PER_ELEMENT as number) : 1;
    const bytes = size === undefined ? view.byteLength - from * unit : size * unit;
    const copy = new Uint8Array(bytes);
    copy.set(new Uint8Array(view.buffer, view.byteOffset + from * unit, bytes));
    return writeBuffer.call(this, buffer, offset, copy);
  };
}
