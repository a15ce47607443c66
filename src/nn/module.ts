import { readBack } from '../tensor/evaluate.js';
import { Generator as RandomGenerator } from '../tensor/generator.js';
import { type Tensor, TesseraError, Variable } from '../tensor/index.js';
import { Parameter } from './initializers.js';
import { boolean, checkOptions, expectValue, oneOf, optional } from './options.js';
import type { StoredTensor } from './safetensors.js';

/**
 * The operands of the products in dense, convolutional and recurrent layers: f32; or, 'mixed', f16 activations and weights,
 * summed as f32. Parameters, and all that is no such product, are f32 in both.
 */
export type Precision = 'f32' | 'mixed';

/**
 * A count on the host that belongs to a module's state, such as how often dropout has drawn: `state` saves it and
 * `loadState` brings it back.
 */
export class Counter {
  /** The count. */
  value = 0;

  /** As a tensor of two f32, which hold every safe integer: the lowest 24 bits, and the rest. */
  stored(): StoredTensor {
    return { shape: [2], data: Float32Array.of(this.value % 2 ** 24, Math.floor(this.value / 2 ** 24)) };
  }

  /** @throws TesseraError if a stored tensor is no count. */
  static parse(name: string, { data }: StoredTensor): number {
    const value = data[0] + data[1] * 2 ** 24;
    if (
      data.length !== 2 ||
      !Array.from(data).every((word) => word >= 0 && Number.isSafeInteger(word)) ||
      !Number.isSafeInteger(value)
    )
      throw new TesseraError(
        `loadState: '${name}' must be a count in two numbers, got [${Array.from(data).join(', ')}]`,
      );
    return value;
  }
}

/** Names that a state and a model do not share. */
export interface LoadReport {
  /** Names of the model that the state lacks. */
  readonly missing: readonly string[];
  /** Names of the state that the model lacks. */
  readonly unknown: readonly string[];
}

/** What a module consists of. */
type Member = Variable | Module | Counter;

/**
 * A part of a model. Its public fields hold parameters (`Variable`), further modules, and arrays, Maps and plain objects
 * of these, nested as one likes. Fields are what makes names: `encoder.layers.0.kernel` is field `kernel` of element 0 of
 * field `layers` of field `encoder`. What stands in a `#private` field is not found, and so is not trained or saved.
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

  /** Switches it and all its parts to inference: dropout passes its input on. */
  eval(): this {
    return this.#setTraining(false);
  }

  #setTraining(training: boolean): this {
    for (const module of this.modules()) module.#training = training;
    return this;
  }

  /** The precision of its products. */
  get precision(): Precision {
    return this.#precision;
  }

  /** Switches it and all its parts to a precision. 'mixed' needs a device with `shader-f16`. */
  usePrecision(precision: Precision): this {
    expectValue('usePrecision', 'the precision', precision, oneOf('f32', 'mixed'));
    for (const module of this.modules()) module.#precision = precision;
    return this;
  }

  /** An operand of a product: in mixed precision as f16. */
  protected operand(x: Tensor): Tensor {
    return this.#precision === 'mixed' ? x.cast('f16') : x;
  }

  /** The modules in its fields, with their names. */
  *children(): Generator<[name: string, module: Module]> {
    for (const [name, member] of membersOf(this)) if (member instanceof Module) yield [name, member];
  }

  /** Everything of one kind in it and its parts, by dotted names, in the order of the fields. */
  #collect<Kind extends Member>(
    isKind: (member: Member) => member is Kind,
    within: readonly Module[] = [],
  ): Map<string, Kind> {
    const found = new Map<string, Kind>();
    const members = [...membersOf(this)];
    for (const [name, member] of members) if (isKind(member)) found.set(name, member);
    for (const [name, member] of members) {
      // A part that holds what it is a part of ends here.
      if (!(member instanceof Module) || member === this || within.includes(member)) continue;
      for (const [inner, one] of member.#collect(isKind, [...within, this])) found.set(`${name}.${inner}`, one);
    }
    return found;
  }

  /**
   * Its variables and those of its parts by dotted names, in the order of the fields: parameters and running statistics.
   * One that stands in two places has two names here.
   */
  namedVariables(): Map<string, Variable> {
    const found = this.#collect((member) => member instanceof Variable);
    const named = new Set<Variable>();
    for (const [name, variable] of found) {
      // The name in the whole model stays when a part is asked.
      if (!named.has(variable) && !variable.name.endsWith(`.${name}`)) variable.name = name;
      named.add(variable);
    }
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

  /** Excludes its parameters from those that an optimizer made later changes. */
  freeze(): this {
    for (const parameter of this.parameters()) {
      parameter.trainable = false;
      frozen.add(parameter);
    }
    return this;
  }

  /** Undoes `freeze`: running statistics, which were never trained, stay as they are. */
  unfreeze(): this {
    for (const variable of this.namedVariables().values()) if (frozen.delete(variable)) variable.trainable = true;
    return this;
  }

  /**
   * Draws the initial values of all parameters whose layers were given no generator, and the seeds of all dropouts that
   * were given none, each from a stream of its own: by the seed and its dotted name. Parameters that this has drawn
   * before stay. A `Model` does it when it is made.
   */
  initialize(seed = 0): this {
    const generator = new RandomGenerator(seed);
    for (const [name, variable] of this.namedVariables())
      if (variable instanceof Parameter) variable.drawFrom(generator.fork(name));
    for (const [name, module] of this.#collect((member) => member instanceof Module))
      module.drawFrom(generator.fork(name));
    return this;
  }

  /** Draws what it has that is random and no parameter; see `initialize`. */
  protected drawFrom(_generator: RandomGenerator): void {}

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

  /** A table of its variables: name, shape and count, each once; and the total. */
  summary(): string {
    const rows: string[][] = [['parameter', 'shape', 'count']];
    let total = 0;
    const counted = new Set<Variable>();
    for (const [name, variable] of this.namedVariables()) {
      if (counted.has(variable)) continue;
      counted.add(variable);
      const { shape, size } = variable;
      rows.push([name, `[${shape.join(', ')}]`, size.toLocaleString('en-US')]);
      total += size;
    }
    rows.push(['total', '', total.toLocaleString('en-US')]);
    return [`${this.constructor.name}`, ...aligned(rows)].join('\n');
  }

  /**
   * Everything that later steps depend on, by name: the values of all variables, and counts such as how often dropout
   * has drawn. It is what `encodeSafetensors` writes and `loadState` takes.
   */
  async state(): Promise<Map<string, StoredTensor>> {
    const counters = [...this.#collect(isCounter)].map(([name, counter]) => [name, counter.stored()] as const);
    return new Map([...(await valuesOf(this.namedVariables())), ...counters]);
  }

  /**
   * Takes over a state by name, as it comes from `state` or a file. A count may be missing: then it stays.
   * With `strict: false` names that only one side has are passed over and reported.
   *
   * @throws TesseraError if a name is missing or left over, a shape differs, or there are not as many values as a shape
   * says; then nothing has changed.
   */
  loadState(values: ReadonlyMap<string, StoredTensor>, options: { readonly strict?: boolean } = {}): LoadReport {
    const { strict = true } = checkOptions('loadState', options, { strict: optional(boolean) });
    return applyState(values, this.namedVariables(), this.#collect(isCounter), strict);
  }
}

/** What `freeze` froze. */
const frozen = new WeakSet<Variable>();

const isCounter = (member: Member): member is Counter => member instanceof Counter;

/** Modules, variables and counters in a module's fields, and in arrays, Maps and plain objects there, by dotted names. */
function* membersOf(module: Module): Generator<[name: string, member: Member]> {
  for (const [name, field] of Object.entries(module)) yield* membersIn(name, field, []);
}

function* membersIn(
  name: string,
  value: unknown,
  within: readonly unknown[],
): Generator<[name: string, member: Member]> {
  if (value instanceof Variable || value instanceof Module || value instanceof Counter) yield [name, value];
  else if (isCollection(value) && !within.includes(value)) {
    const entries = value instanceof Map ? value.entries() : Object.entries(value);
    for (const [key, element] of entries) yield* membersIn(`${name}.${String(key)}`, element, [...within, value]);
  }
}

function isCollection(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value) || value instanceof Map) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Gives variables and counters the values of their names, after everything was checked.
 * @throws TesseraError if names, shapes or lengths do not fit; then nothing has changed.
 */
export function applyState(
  values: ReadonlyMap<string, StoredTensor>,
  variables: ReadonlyMap<string, Variable>,
  counters: ReadonlyMap<string, Counter>,
  strict: boolean,
): LoadReport {
  if (!(values instanceof Map))
    throw new TesseraError('loadState: expected a Map of names to { shape, data }, as `state` gives it');
  const missing = [...variables.keys()].filter((name) => !values.has(name));
  const unknown = [...values.keys()].filter((name) => !variables.has(name) && !counters.has(name));
  if (strict && (missing.length > 0 || unknown.length > 0)) {
    const list = (names: string[]) => names.slice(0, 5).join(', ') || 'none';
    throw new TesseraError(
      `loadState: the state is not of this model: missing ${list(missing)}; unknown ${list(unknown)}; ` +
        'with { strict: false } only what fits is loaded',
    );
  }
  const changes: (() => void)[] = [];
  for (const [name, variable] of variables) {
    const stored = values.get(name);
    if (stored === undefined) continue;
    const { shape, data } = stored;
    if (shape.join() !== variable.shape.join())
      throw new TesseraError(
        `loadState: '${name}' has shape [${shape.join(', ')}] in the state, the model needs [${variable.shape.join(', ')}]`,
      );
    if (data.length !== variable.size)
      throw new TesseraError(
        `loadState: '${name}' of shape [${shape.join(', ')}] needs ${variable.size} values, got ${data.length}`,
      );
    changes.push(() => variable.set(data));
  }
  for (const [name, counter] of counters) {
    const stored = values.get(name);
    if (stored === undefined) continue;
    const value = Counter.parse(name, stored);
    changes.push(() => {
      counter.value = value;
    });
  }
  for (const change of changes) change();
  return { missing, unknown };
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
