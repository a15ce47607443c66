import { Generator as RandomGenerator } from '../tensor/generator.js';
import { readBack, type Tensor, TesseraError, Variable } from '../tensor/index.js';
import { Parameter } from './initializers.js';
import type { StoredTensor } from './safetensors.js';

/**
 * What the products of dense, convolutional and recurrent layers take: f32; or, 'mixed', f16 activations and weights,
 * summed as f32. Parameters, and all that is no such product, are f32 in both.
 */
export type Precision = 'f32' | 'mixed';

/**
 * A part of a model: its fields hold parameters (`Variable`), further modules, or lists of modules. Fields are what
 * makes names: `encoder.layers.0.kernel` is field `kernel` of element 0 of field `layers` of field `encoder`.
 */
export abstract class Module {
  #training = true;
  readonly #penalties: (() => Tensor)[] = [];
  #precision: Precision = 'f32';

  /** True while it trains: dropout is active. */
  get training(): boolean {
    return this.#training;
  }

  /** Switches it and all its parts to training. */
  train(): this {
    return this.#setTraining(true);
  }

  /** Switches it and all its parts to use: dropout passes its input on. */
  eval(): this {
    return this.#setTraining(false);
  }

  #setTraining(training: boolean): this {
    this.#training = training;
    for (const [, module] of this.children()) module.#setTraining(training);
    return this;
  }

  /** What its products take. */
  get precision(): Precision {
    return this.#precision;
  }

  /** Switches it and all its parts to a precision. 'mixed' needs a device with `shader-f16`. */
  usePrecision(precision: Precision): this {
    this.#precision = precision;
    for (const [, module] of this.children()) module.usePrecision(precision);
    return this;
  }

  /** An operand of a product: in mixed precision as f16. */
  protected operand(x: Tensor): Tensor {
    return this.#precision === 'mixed' ? x.cast('f16') : x;
  }

  /** The modules in its fields, with their names. */
  *children(): Generator<[name: string, module: Module]> {
    for (const [name, field] of Object.entries(this)) {
      if (field instanceof Module) yield [name, field];
      if (!Array.isArray(field)) continue;
      for (const [index, element] of field.entries())
        if (element instanceof Module) yield [`${name}.${index}`, element];
    }
  }

  /** Its variables and those of its parts by dotted names, in the order of the fields: parameters and running statistics. */
  namedVariables(): Map<string, Variable> {
    const found = new Map<string, Variable>();
    for (const [name, field] of Object.entries(this)) if (field instanceof Variable) found.set(name, field);
    for (const [name, module] of this.children()) {
      for (const [inner, variable] of module.namedVariables()) found.set(`${name}.${inner}`, variable);
    }
    for (const [name, variable] of found) variable.name = name;
    return found;
  }

  /** What an optimizer is to change: the variables that are trainable. */
  namedParameters(): Map<string, Variable> {
    return new Map([...this.namedVariables()].filter(([, variable]) => variable.trainable));
  }

  /** Its parameters and those of its parts. */
  parameters(): Variable[] {
    return [...new Set(this.namedParameters().values())];
  }

  /** Takes its parameters from what optimizers change, from the next optimizer on. */
  freeze(): this {
    for (const parameter of this.parameters()) parameter.trainable = false;
    return this;
  }

  /**
   * Draws the first values of all parameters whose layers were given no generator, each from a stream of its own: by the
   * seed and its dotted name. Those that this has drawn before stay. A `Model` does it when it is made.
   */
  initialize(seed = 0): this {
    const generator = new RandomGenerator(seed);
    for (const [name, variable] of this.namedVariables())
      if (variable instanceof Parameter) variable.drawFrom(generator.fork(name));
    return this;
  }

  /** Adds a term to `penalty`: made anew for each step, of the parameters of that moment. */
  protected addPenalty(term: () => Tensor): void {
    this.#penalties.push(term);
  }

  /** What regularizers ask of it and its parts: a scalar to be added to the loss; undefined where none does. */
  penalty(): Tensor | undefined {
    const terms = [...this.modules()].flatMap((module) => module.#penalties.map((term) => term()));
    return terms.length === 0 ? undefined : terms.reduce((sum, term) => sum.add(term));
  }

  /** Itself and all modules below it, each once. */
  modules(found = new Set<Module>()): Set<Module> {
    if (found.has(this)) return found;
    found.add(this);
    for (const [, module] of this.children()) module.modules(found);
    return found;
  }

  /** A table of its parts that have parameters: name, kind, shapes, count; and the total. */
  summary(): string {
    const rows: string[][] = [['parameter', 'shape', 'count']];
    let total = 0;
    for (const [name, { shape, size }] of this.namedVariables()) {
      rows.push([name, `[${shape.join(', ')}]`, size.toLocaleString('en-US')]);
      total += size;
    }
    rows.push(['total', '', total.toLocaleString('en-US')]);
    return [`${this.constructor.name}`, ...aligned(rows)].join('\n');
  }

  /** The values of all variables, by name: what `encodeSafetensors` writes and `loadState` takes. */
  state(): Promise<Map<string, StoredTensor>> {
    return valuesOf(this.namedVariables());
  }

  /**
   * Takes over values by name, as they come from a file.
   * @throws TesseraError if a name is missing or left over, or a shape differs; then nothing has changed.
   */
  loadState(values: ReadonlyMap<string, StoredTensor>): void {
    const parameters = this.namedVariables();
    const missing = [...parameters.keys()].filter((name) => !values.has(name));
    const unknown = [...values.keys()].filter((name) => !parameters.has(name));
    if (missing.length > 0 || unknown.length > 0) {
      const list = (names: string[]) => names.slice(0, 5).join(', ') || 'none';
      throw new TesseraError(
        `loadState: the file is not of this model: missing ${list(missing)}; unknown ${list(unknown)}`,
      );
    }
    for (const [name, parameter] of parameters) {
      const { shape } = values.get(name)!;
      if (shape.join() !== parameter.shape.join()) {
        throw new TesseraError(
          `loadState: '${name}' has shape [${shape.join(', ')}] in the file, the model needs [${parameter.shape.join(', ')}]`,
        );
      }
    }
    for (const [name, parameter] of parameters) parameter.set(values.get(name)!.data);
  }
}

/** The values of variables, by name, read in one submission. */
export async function valuesOf(variables: ReadonlyMap<string, Variable>): Promise<Map<string, StoredTensor>> {
  const current = [...variables].map(([name, variable]) => [name, variable.current()] as const);
  await readBack(current.map(([, tensor]) => tensor));
  const values = new Map<string, StoredTensor>();
  for (const [name, tensor] of current) {
    const data = await tensor.data();
    values.set(name, {
      shape: tensor.shape,
      data: tensor.dtype === 'i32' ? Int32Array.from(data) : Float32Array.from(data),
    });
  }
  return values;
}

/** Rows of cells as lines of aligned columns; the last stands on the right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const last = rows[0].length - 1;
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const pad = (cell: string, column: number) =>
    column === last ? cell.padStart(widths[column]) : cell.padEnd(widths[column]);
  return rows.map((row) => row.map(pad).join('  ').trimEnd());
}

/** A module that maps one tensor to one. */
export abstract class Layer extends Module {
  /** y of x. */
  abstract forward(x: Tensor): Tensor;
}
