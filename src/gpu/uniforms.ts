import { defined } from './errors.js';
import type { Kernel, Values } from './kernel.js';
import type { UniformField } from './wgsl.js';

/** The location of a uniform struct of a dispatch in the arena. */
export interface UniformBlock {
  readonly offset: number;
  readonly bytes: number;
}

/**
 * The uniforms of all dispatches of a plan in one block of host memory, which one `writeBuffer` uploads. `dirty` is
 * true while the copy on the device is out of date.
 */
export class UniformArena {
  readonly #view: DataView;
  readonly #fields: Map<string, { at: number; type: UniformField['type'] }>[] = [];
  /** The uniform structs of each dispatch. */
  readonly blocks: UniformBlock[][] = [];
  dirty = true;

  constructor(dispatches: readonly { kernel: Kernel; uniforms: Values }[], alignment: number) {
    let end = 0;
    for (const { kernel } of dispatches) {
      const fields = new Map<string, { at: number; type: UniformField['type'] }>();
      this.blocks.push(
        kernel.uniforms.map((struct) => {
          const offset = end;
          struct.forEach(({ name, type }, position) => {
            fields.set(name, { at: offset + 4 * position, type });
          });
          end = offset + Math.ceil((4 * struct.length) / alignment) * alignment;
          return { offset, bytes: end - offset };
        }),
      );
      this.#fields.push(fields);
    }
    this.#view = new DataView(new ArrayBuffer(end));
    dispatches.forEach(({ uniforms }, dispatch) => {
      for (const name of this.#fields[dispatch].keys()) this.set(dispatch, name, uniforms[name]);
    });
  }

  get bytes(): ArrayBuffer {
    return this.#view.buffer as ArrayBuffer;
  }

  /** Sets one number; the arena becomes dirty only if the number changes. */
  set(dispatch: number, name: string, value: number): void {
    const { at, type } = defined(this.#fields[dispatch].get(name));
    const before = this.#view.getUint32(at, true);
    if (type === 'f32') this.#view.setFloat32(at, value, true);
    else if (type === 'i32') this.#view.setInt32(at, value, true);
    else this.#view.setUint32(at, value, true);
    if (this.#view.getUint32(at, true) !== before) this.dirty = true;
  }
}
