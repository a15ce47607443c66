import { KernelError } from './errors.js';
import type { Kernel } from './kernel.js';
import type { Access } from './wgsl.js';

export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const BUFFER_TYPE: Record<Access, GPUBufferBindingType> = {
  read: 'read-only-storage',
  read_write: 'storage',
  uniform: 'uniform',
};

/** A cache of compute pipelines by WGSL source; kernels with the same source share a pipeline. */
export class PipelineCache {
  readonly #pipelines = new Map<string, Promise<Pipeline>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  /** The pipelines in compilation. */
  readonly compiling = new Set<Promise<Pipeline>>();

  constructor(
    private readonly device: GPUDevice,
    private readonly created: () => void,
  ) {}

  /**
   * Returns the pipeline of a kernel, compiled on first use.
   * @throws KernelError with the name of the kernel and the messages of the compiler.
   */
  get(kernel: Kernel, label: string): Promise<Pipeline> {
    const known = this.#pipelines.get(kernel.source);
    if (known !== undefined) return known;
    const made = this.#compile(kernel, label);
    this.#pipelines.set(kernel.source, made);
    this.compiling.add(made);
    const done = () => this.compiling.delete(made);
    made.then(done, done);
    return made;
  }

  async #compile(kernel: Kernel, label: string): Promise<Pipeline> {
    this.created();
    const layout = this.#layout(kernel);
    // The scope captures the errors of createShaderModule, which would otherwise be reported a second time, uncaptured.
    this.device.pushErrorScope('validation');
    const module = this.device.createShaderModule({ label: kernel.name, code: kernel.source });
    const scope = this.device.popErrorScope();
    try {
      const pipeline = await this.device.createComputePipelineAsync({
        label: kernel.name,
        layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: 'main' },
      });
      await scope;
      return { pipeline, layout };
    } catch (error) {
      const { messages } = await module.getCompilationInfo();
      const said = messages.map((m) => `  line ${m.lineNum}, column ${m.linePos}: ${m.message}`).join('\n');
      throw new KernelError(
        `kernel '${kernel.name}' (${label}) does not compile on this device:\n${said || (error as Error).message}`,
        { cause: error },
      );
    }
  }

  #layout(kernel: Kernel): GPUBindGroupLayout {
    const label = kernel.bindings.map(({ access }) => access).join();
    let layout = this.#layouts.get(label);
    if (layout === undefined) {
      layout = this.device.createBindGroupLayout({
        label,
        entries: kernel.bindings.map(({ access }, binding) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: BUFFER_TYPE[access] },
        })),
      });
      this.#layouts.set(label, layout);
    }
    return layout;
  }
}
