import { readBack } from '../tensor/evaluate.js';
import { Generator as RandomGenerator } from '../tensor/generator.js';
import { formatShape, sameShape } from '../tensor/graph/shape.js';
import { type Tensor, TesseraError, Variable } from '../tensor/index.js';
import { boolean, checkOptions, expectValue, oneOf, optional } from '../tensor/options.js';
import { Parameter } from './initializers.js';
import type { StoredTensor } from './safetensors.js';

/**
 * The precision of the matrix products and convolutions in layers. 'f32' computes all of them in f32; 'mixed' casts
 * activations and weights to f16 and accumulates in f32. Parameters and all other operations are f32 in both.
 */
export type Precision = 'f32' | 'mixed';

/**
 * A counter on the host that is part of a module's state, such as how often dropout has drawn: `state` saves it and
 * `loadState` restores it.
 */
export class Counter {
  /** The current count. */
  value = 0;

  /** The count as a tensor of two f32, its lowest 24 bits and the rest, which together hold every safe integer. */
  stored(): StoredTensor {
    return { shape: [2], data: Float32Array.of(this.value % 2 ** 24, Math.floor(this.value / 2 ** 24)) };
  }

  /**
   * Decodes the count in a stored tensor.
   * @throws TesseraError if the tensor does not hold a count.
   */
  static parse(name: string, { data }: StoredTensor): number {
    const value = data[0] + data[1] * 2 ** 24;
    if (
      data.length !== 2 ||
      !Array.from(data).every((word) => word >= 0 && Number.isSafeInteger(word)) ||
      !Number.isSafeInteger(value)
    )
      throw new TesseraError(
        `loadState: '${name}' must be a count stored as two numbers, got [${Array.from(data).join(', ')}]`,
      );
    return value;
  }
}

/** The names in which a loaded state and a model differ. */
export interface LoadReport {
  /** Names that the model has and the state lacks. */
  readonly missing: readonly string[];
  /** Names that the state has and the model lacks. */
  readonly unexpected: readonly string[];
}

/** A value in a module's fields that has a name in its state or holds such values. */
type Member = Variable | Module | Counter;

/**
 * The base class of layers and models. Its public fields hold parameters (`Variable`), submodules, and arrays, Maps,
 * Sets and plain objects of these, nested to any depth. The fields give the names: `encoder.layers.0.kernel` is the
 * field `kernel` of element 0 of the field `layers` of the field `encoder`. Values in `#private` fields are not found,
 * and so are neither trained nor saved.
 */
export abstract class Module {
  #training = true;
  readonly #penalties: (() => Tensor)[] = [];
  #precision: Precision = 'f32';

  /** Whether the module is in training mode, in which dropout is active and BatchNorm uses the batch's statistics. */
  get training(): boolean {
    return this.#training;
  }

  /** Sets the module and all its submodules to training mode. */
  train(): this {
    return this.#setTraining(true);
  }

  /** Sets the module and all its submodules to inference mode, in which dropout is the identity. */
  eval(): this {
    return this.#setTraining(false);
  }

  #setTraining(training: boolean): this {
    for (const module of this.modules()) module.#training = training;
    return this;
  }

  /** The precision of the module's matrix products and convolutions. */
  get precision(): Precision {
    return this.#precision;
  }

  /** Sets the precision of the module and all its submodules. 'mixed' needs a device with `shader-f16`. */
  usePrecision(precision: Precision): this {
    expectValue('usePrecision', 'the precision', precision, oneOf('f32', 'mixed'));
    for (const module of this.modules()) module.#precision = precision;
    return this;
  }

  /** Casts an operand of a product to f16 in mixed precision; in f32 it is returned unchanged. */
  protected operand(x: Tensor): Tensor {
    return this.#precision === 'mixed' ? x.cast('f16') : x;
  }

  /** Yields the direct submodules with their names. */
  *children(): Generator<[name: string, module: Module]> {
    for (const [name, member] of membersOf(this)) if (member instanceof Module) yield [name, member];
  }

  /** Collects all members of one kind in the module and its submodules by dotted name, in the order of the fields. */
  #collect<Kind extends Member>(
    isKind: (member: Member) => member is Kind,
    within: readonly Module[] = [],
  ): Map<string, Kind> {
    const found = new Map<string, Kind>();
    const members = [...membersOf(this)];
    for (const [name, member] of members) if (isKind(member)) found.set(name, member);
    for (const [name, member] of members) {
      // A submodule that refers back to one of its ancestors is not entered again.
      if (!(member instanceof Module) || member === this || within.includes(member)) continue;
      for (const [inner, value] of member.#collect(isKind, [...within, this])) found.set(`${name}.${inner}`, value);
    }
    return found;
  }

  /**
   * All variables of the module and its submodules (parameters and running statistics) by dotted name, in the order of
   * the fields. A variable that two fields share appears under both names.
   */
  namedVariables(): Map<string, Variable> {
    const found = this.#collect((member) => member instanceof Variable);
    const named = new Set<Variable>();
    for (const [name, variable] of found) {
      // A variable keeps its name in the complete model when a submodule lists it.
      if (!named.has(variable) && !variable.name.endsWith(`.${name}`)) variable.name = name;
      named.add(variable);
    }
    return found;
  }

  /** The trainable variables of the module and its submodules by dotted name. */
  namedParameters(): Map<string, Variable> {
    return new Map([...this.namedVariables()].filter(([, variable]) => variable.trainable));
  }

  /** The trainable variables of the module and its submodules, each once: what an optimizer takes. */
  parameters(): Variable[] {
    return [...new Set(this.namedParameters().values())];
  }

  /** Makes all parameters non-trainable: an optimizer created afterwards does not change them. */
  freeze(): this {
    for (const parameter of this.parameters()) {
      parameter.trainable = false;
      frozen.add(parameter);
    }
    return this;
  }

  /** Undoes `freeze`. Running statistics, which were never trainable, stay so. */
  unfreeze(): this {
    for (const variable of this.namedVariables().values()) if (frozen.delete(variable)) variable.trainable = true;
    return this;
  }

  /**
   * Draws the initial values of all parameters whose layers were given no generator, and the seeds of all dropouts
   * that were given none. Each draws from its own random stream, determined by the seed and its dotted name. Parameters
   * that an earlier call has drawn keep their values. The constructor of `Model` calls this.
   */
  initialize(seed = 0): this {
    const generator = new RandomGenerator(seed);
    for (const [name, variable] of this.namedVariables())
      if (variable instanceof Parameter) variable.drawFrom(generator.fork(name));
    for (const [name, module] of this.#collect((member) => member instanceof Module))
      module.drawFrom(generator.fork(name));
    return this;
  }

  /** Draws random state other than parameters, such as a dropout's seed; see `initialize`. */
  protected drawFrom(_generator: RandomGenerator): void {}

  /** Adds a term to `penalty`. It is built anew in each step, from the parameters' current values. */
  protected addPenalty(term: () => Tensor): void {
    this.#penalties.push(term);
  }

  /**
   * The sum of all regularization terms of the module and its submodules, a scalar to add to the loss; undefined if
   * there are none.
   */
  penalty(): Tensor | undefined {
    const terms = [...this.modules()].flatMap((module) => module.#penalties.map((term) => term()));
    return terms.length === 0 ? undefined : terms.reduce((sum, term) => sum.add(term));
  }

  /** The module itself and all its submodules at any depth, each once. */
  modules(found = new Set<Module>()): Set<Module> {
    if (found.has(this)) return found;
    found.add(this);
    for (const [, module] of this.children()) module.modules(found);
    return found;
  }

  /** A table of the module's variables (name, shape and number of elements), each once, with the total. */
  summary(): string {
    const rows: string[][] = [['parameter', 'shape', 'count']];
    let total = 0;
    const counted = new Set<Variable>();
    for (const [name, variable] of this.namedVariables()) {
      if (counted.has(variable)) continue;
      counted.add(variable);
      const { shape, size } = variable;
      rows.push([name, formatShape(shape), size.toLocaleString('en-US')]);
      total += size;
    }
    rows.push(['total', '', total.toLocaleString('en-US')]);
    return [`${this.constructor.name}`, ...aligned(rows)].join('\n');
  }

  /**
   * The complete state by dotted name: the values of all variables, and counters such as how often dropout has drawn.
   * `encodeSafetensors` writes it and `loadState` restores it.
   */
  async state(): Promise<Map<string, StoredTensor>> {
    const counters = [...this.#collect(isCounter)].map(([name, counter]) => [name, counter.stored()] as const);
    return new Map([...(await valuesOf(this.namedVariables())), ...counters]);
  }

  /**
   * Restores a state, as `state` returns it or a file holds it. Counters that the state lacks keep their values. With
   * `strict: false`, missing and unexpected names are skipped and reported.
   *
   * @throws TesseraError if a name is missing or unexpected, or a value does not fit its shape or the variable's. The
   * module is then unchanged.
   */
  loadState(values: ReadonlyMap<string, StoredTensor>, options: { readonly strict?: boolean } = {}): LoadReport {
    const { strict = true } = checkOptions('loadState', options, { strict: optional(boolean) });
    return applyState(values, this.namedVariables(), this.#collect(isCounter), strict);
  }
}

/** The variables that `freeze` has made non-trainable, which `unfreeze` makes trainable again. */
const frozen = new WeakSet<Variable>();

const isCounter = (member: Member): member is Counter => member instanceof Counter;

/**
 * Yields the modules, variables and counters in a module's fields, also within arrays, Maps, Sets and plain
 * objects, by dotted name.
 */
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
    const entries = value instanceof Map ? value.entries() : Object.entries(value instanceof Set ? [...value] : value);
    for (const [key, element] of entries) yield* membersIn(`${name}.${String(key)}`, element, [...within, value]);
  }
}

function isCollection(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Sets variables and counters to the values under their names, once all of them are checked.
 * @throws TesseraError if names, shapes or lengths do not fit; nothing is changed then.
 */
export function applyState(
  values: ReadonlyMap<string, StoredTensor>,
  variables: ReadonlyMap<string, Variable>,
  counters: ReadonlyMap<string, Counter>,
  strict: boolean,
): LoadReport {
  if (!(values instanceof Map))
    throw new TesseraError('loadState: expected a Map from names to { shape, data }, as `state` returns it');
  const missing = [...variables.keys()].filter((name) => !values.has(name));
  const unexpected = [...values.keys()].filter((name) => !variables.has(name) && !counters.has(name));
  if (strict && (missing.length > 0 || unexpected.length > 0)) {
    const list = (names: string[]) => names.slice(0, 5).join(', ') || 'none';
    throw new TesseraError(
      `loadState: the state does not match the model: missing ${list(missing)}; unexpected ${list(unexpected)}; ` +
        'pass { strict: false } to load only the names that match',
    );
  }
  const changes: (() => void)[] = [];
  for (const [name, variable] of variables) {
    const stored = values.get(name);
    if (stored === undefined) continue;
    const { shape, data } = stored;
    if (!sameShape(shape, variable.shape))
      throw new TesseraError(
        `loadState: '${name}' has shape ${formatShape(shape)} in the state, the model needs ${formatShape(variable.shape)}`,
      );
    if (data.length !== variable.size)
      throw new TesseraError(
        `loadState: '${name}' of shape ${formatShape(shape)} needs ${variable.size} values, got ${data.length}`,
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
  return { missing, unexpected };
}

/** Reads the values of variables by name, in one submission. */
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

/** The names in order, where repeated ones get a suffix: `name`, `name_1`, `name_2`. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  for (const name of names) {
    let unique = name;
    for (let number = 1; taken.has(unique); number++) unique = `${name}_${number}`;
    taken.add(unique);
  }
  return [...taken];
}

/** Formats rows of cells as lines with aligned columns; the last column is right-aligned. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const last = rows[0].length - 1;
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const pad = (cell: string, column: number) =>
    column === last ? cell.padStart(widths[column]) : cell.padEnd(widths[column]);
  return rows.map((row) => row.map(pad).join('  ').trimEnd());
}

/** A module that maps one tensor to one tensor. */
export abstract class Layer extends Module {
  /** Computes the layer's output for the input x. */
  abstract forward(x: Tensor): Tensor;
}
