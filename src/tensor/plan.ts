import { bytesOf, type Device, type Window } from '../gpu/device.js';
import { TesseraError } from '../gpu/errors.js';
import { type Cost, type Kernel, runLength } from '../gpu/kernel.js';
import { canVectorise, composeElementwise, expressionValues } from '../kernels/compose.js';
import { identity } from '../kernels/elementwise.js';
import type { Expression, Step } from '../kernels/expression.js';
import { type Fusion, fuse as fuseKernel, takesFours } from '../kernels/hooks.js';
import { stridedCopies, stridedCopiesOfHalves } from '../kernels/movement.js';
import { type Chooser, chooseBy, chooserOf } from './choice.js';
import { express, sameValue } from './express.js';
import { fuse, type Group, isNode, isRecomputable, type Unit } from './fuse.js';
import type { DispatchContext, DType, Launch, NumberLeaf, OpNode, TensorType, Value } from './graph.js';
import { lastReader, rootOf, updatesInPlace } from './in-place.js';
import { isAligned, partsOf } from './parts.js';
import { formatShape, type Shape, sameShape, sizeOf } from './shape.js';
import { assignWorkspace, Storage } from './storage.js';
import type { Tensor } from './tensor.js';
import { identityOf, type Trace } from './trace.js';

/** A uniform that is data: at each replay it is read again from the trace. */
export interface NumberSource {
  readonly field: string;
  /** From the trace's number leaf at this position, or from this node's number of that name. */
  readonly leaf?: number;
  readonly node?: number;
  readonly name?: string;
}

export interface PlannedDispatch {
  readonly kernel: Kernel;
  readonly storages: Readonly<Record<string, Storage>>;
  /** Of which storages only a part is bound; undefined where all are bound as they are. */
  readonly windows?: Readonly<Record<string, Window>>;
  readonly values: Readonly<Record<string, number>>;
  readonly numbers: readonly NumberSource[];
  readonly label: string;
  readonly cost: Cost;
}

/** Kernels in order, each with the memory it reads and writes. It serves every trace with its key. */
export interface Plan {
  readonly dispatches: readonly PlannedDispatch[];
  /** The memory of each target; undefined for an assign that is done in place. */
  readonly targets: readonly (Storage | undefined)[];
  readonly slots: readonly Storage[];
  readonly variables: readonly Storage[];
  /** Sizes of the workspace buffers that dispatches share by liveness. */
  readonly workspace: readonly number[];
}

/** A planned value knows its memory. */
interface Stored extends Value {
  readonly storage: Storage;
}

/** What a binding of a dispatch is bound to: elements of a storage. */
interface Bound extends Window {
  readonly storage: Storage;
}

/** A dispatch that may be done in parts. */
interface Addition extends Pick<PlannedDispatch, 'kernel' | 'values' | 'numbers' | 'label'> {
  readonly bound: Readonly<Record<string, Bound>>;
}

const stored = ({ shape, dtype }: TensorType, storage: Storage): Stored => ({
  ...{ shape, dtype, length: sizeOf(shape), storage },
});
const boundTo = ({ storage, dtype, length, first = 0 }: Stored): Bound => ({ storage, type: dtype, first, length });

const memoryOf = ({ shape, dtype }: TensorType): number => memoryFor({ type: dtype, length: sizeOf(shape) });
const memoryFor = ({ type, length }: Pick<Window, 'type' | 'length'>): number => Math.max(16, bytesOf(type, length));

/** Turns a trace into a plan for a device. */
export function plan(trace: Trace, device: Device, chooser = chooserOf(device.choices)): Plan {
  return new Planner(trace, device, chooser).plan();
}

class Planner {
  readonly #dispatches: PlannedDispatch[] = [];
  readonly #storages = new Map<object, Storage[]>();
  readonly #nodePositions: Map<OpNode, number>;
  readonly #numberPositions: Map<object, number>;
  readonly #slots: Storage[];
  readonly #variables: Storage[];
  readonly #choose: DispatchContext['choose'];

  constructor(
    private readonly trace: Trace,
    private readonly device: Device,
    chooser: Chooser,
  ) {
    this.#choose = chooseBy(chooser);
    this.#nodePositions = new Map(trace.nodes.map((node, position) => [node, position]));
    this.#numberPositions = new Map(trace.numbers.map((leaf, position) => [leaf, position]));
    this.#slots = trace.slots.map((tensor, position) => {
      const storage = new Storage('slot', memoryOf(tensor), `input ${tensor.describe()}`, position);
      this.#storages.set(identityOf(tensor), [storage]);
      return storage;
    });
    this.#variables = trace.variables.map((leaf, position) => {
      const storage = new Storage('variable', memoryOf(leaf.variable), leaf.variable.name, position);
      this.#storages.set(leaf, [storage]);
      return storage;
    });
  }

  plan(): Plan {
    const { trace } = this;
    const units = fuse(trace, this.device.limits.storageBuffers);
    const assigned = new Set(trace.targets.filter(isAssign).map((target) => variableOf(target)));
    const updates = units.filter((unit) => updatesInPlace(trace, unit));
    const late = new Map(updates.map((unit) => [unit, lastReader(unit, units)]));
    const copies = this.#protectOldValues(assigned);
    units.forEach((unit, position) => {
      if (!late.has(unit)) this.#addUnit(unit);
      for (const [update, after] of late) if (after === position) this.#addUnit(update);
    });
    const targets = trace.targets.map((target) => {
      const storage = copies.get(target) ?? this.#storageOf(isAssign(target) ? nodeOf(target).inputs[0]! : target);
      if (isAssign(target) && storage.kind === 'variable' && storage === this.#variableStorage(variableOf(target)))
        return undefined;
      storage.last = Number.POSITIVE_INFINITY;
      return storage;
    });
    return {
      dispatches: this.#dispatches,
      targets,
      slots: this.#slots,
      variables: this.#variables,
      workspace: assignWorkspace(new Set(this.#dispatches.flatMap(({ storages }) => Object.values(storages)))),
    };
  }

  // ---- in place --------------------------------------------------------------------------------------------------
  /** A target that is the old value of a variable that is being assigned is copied before anything overwrites it. */
  #protectOldValues(assigned: ReadonlySet<unknown>): Map<Tensor, Storage> {
    const copies = new Map<Tensor, Storage>();
    for (const target of this.trace.targets) {
      const value = isAssign(target) ? nodeOf(target).inputs[0]! : target;
      const root = rootOf(value);
      const leaf = this.trace.variables.find((variable) => variable === root);
      if (leaf === undefined || !assigned.has(leaf.variable)) continue;
      const storage = new Storage('workspace', memoryOf(value), leaf.variable.name);
      this.#addCopy(stored(value, this.#storages.get(leaf)![0]!), storage);
      copies.set(target, storage);
    }
    return copies;
  }

  #variableStorage(variable: unknown): Storage | undefined {
    return this.#variables.find((storage) => this.trace.variables[storage.position]!.variable === variable);
  }

  // ---- units to dispatches ---------------------------------------------------------------------------------------
  #addUnit(unit: Unit): void {
    const { op } = unit;
    if (op === undefined) {
      this.#addElementwise(unit.elementwise!);
    } else if (op.op.name === 'assign') {
      // Nothing to compute: the targets say where the value goes.
    } else if (op.op.alias) {
      this.#storages.set(op, [this.#storageOf(op.inputs[0]!)]);
    } else {
      this.#addOp(unit, op);
    }
  }

  #addElementwise(group: Group): void {
    const type = group.root.outputs[0]!;
    const { expression, inputs, numbers } = express(group, this.#isStored);
    const isPart = this.#isLarge({ type: type.dtype, length: sizeOf(type.shape) });
    const kernel = composeElementwise({ ...expression, isPart }, runLength(this.device));
    const label = `${kernel.name} ${formatShape(type.shape)}`;
    const y = stored(type, new Storage('workspace', memoryOf(type), label));
    this.#storages.set(group.root, [y.storage]);
    this.#add({
      kernel,
      bound: { ...this.#boundInputs('in', inputs), y: boundTo(y) },
      values: { count: y.length, ...expressionValues({ ...expression, isPart }, '', canVectorise(expression)) },
      numbers: numbers.map((leaf, index) => this.#numberOf(leaf, `n${index}`)),
      label,
    });
  }

  #addOp(unit: Unit, node: OpNode): void {
    const { op } = node;
    const inputs = node.inputs.map((input) => {
      // The input that a prologue computes is never stored: its place is taken by one of the prologue's own inputs.
      const prologue = unit.prologue !== undefined && input === node.inputs[0];
      return stored(input, prologue ? new Storage('workspace', 0, 'prologue') : this.#storageOf(input));
    });
    const inPlace = updatesInPlace(this.trace, unit);
    const root = unit.epilogue?.root ?? node;
    const outputs = node.outputs.map((type, index) => {
      const over = op.inPlace?.[index];
      if (over !== undefined && inPlace) return stored(type, inputs[over]!.storage);
      // What is kept of output 0 is what an epilogue makes of it, which may be of another type.
      const kept = index === 0 ? root.outputs[0]! : type;
      const storage = new Storage('workspace', memoryOf(kept), `${op.name} ${formatShape(type.shape)}`);
      if (over !== undefined) this.#addCopy(inputs[over]!, storage);
      return stored(type, storage);
    });
    this.#storages.set(
      root,
      outputs.map((output) => output.storage),
    );
    const launches = op.dispatch!(inputs, outputs, {
      attributes: node.attributes,
      device: this.device,
      temporary: (shape: Shape, dtype: DType = 'f32') =>
        stored({ shape, dtype }, new Storage('workspace', memoryOf({ shape, dtype }), `${op.name}, temporary`)),
      choose: this.#choose,
    });
    const label = `${op.name} ${node.inputs.map((input) => formatShape(input.shape)).join(' x ')}`;
    for (const launch of launches) this.#addLaunch(unit, node, launch, inputs[0], outputs[0]!, label);
  }

  #addLaunch(unit: Unit, node: OpNode, launch: Launch, first: Stored | undefined, output: Stored, label: string): void {
    const bound: Record<string, Bound> = {};
    for (const [name, value] of Object.entries(launch.values)) bound[name] = boundTo(value as Stored);
    const values: Record<string, number> = { ...launch.sizes };
    const isPart = Object.values(bound).some(this.#isLarge);
    const numbers: NumberSource[] = [];
    const fusions: Fusion[] = [];
    const attach = (
      hook: Fusion['hook'],
      group: Group,
      on: string,
      count: number,
      replaced: (input: Tensor) => boolean,
    ) => {
      const { expression: own, inputs, numbers: leaves } = express(group, this.#isStored, replaced);
      const expression = { ...own, isPart };
      fusions.push({ hook, on, count, expression });
      Object.assign(bound, this.#boundInputs(`${hook}_in`, inputs));
      Object.assign(values, expressionValues(expression, `${hook}_`, takesFours(launch.kernel, hook)));
      numbers.push(...leaves.map((leaf, index) => this.#numberOf(leaf, `${hook}_n${index}`)));
    };
    if (unit.prologue !== undefined) {
      const on = bindingOf(launch, first!);
      if (on !== undefined) {
        const group = unit.prologue;
        const own = this.#prologueInput(group);
        bound[on] = this.#boundInput(own);
        attach(
          'prologue',
          group,
          on,
          first!.length,
          (input) => sameValue(input, own) && sameShape(input.shape, own.shape),
        );
      }
    }
    if (unit.epilogue !== undefined) {
      const on = bindingOf(launch, output);
      if (on !== undefined) {
        attach('epilogue', unit.epilogue, on, output.length, (input) => input.source === node && isNode(input));
        bound[on] = { ...bound[on]!, type: unit.root.outputs[0]!.dtype };
      }
    }
    for (const { name } of launch.kernel.uniforms.flat()) {
      if (name in node.numbers) numbers.push({ field: name, node: this.#nodePositions.get(node)!, name });
    }
    const kernel = fusions.length > 0 ? fuseKernel(launch.kernel, fusions) : launch.kernel;
    this.#add({ kernel, bound, values, numbers, label });
  }

  #prologueInput(group: Group): Tensor {
    const { shape } = group.root.outputs[0]!;
    for (const node of group.members) {
      for (const input of node.inputs) {
        const outside = !(
          isNode(input) &&
          (group.members.has(input.source as OpNode) || isRecomputable(input.source as OpNode))
        );
        if (outside && input.source.kind !== 'number' && input.dtype === 'f32' && sameShape(input.shape, shape))
          return input;
      }
    }
    throw new TesseraError(`plan: no input of '${group.root.op.name}' can take the place of the kernel's own`);
  }

  #addCopy(from: Stored, to: Storage): void {
    const expression: Expression = {
      inputs: [{ type: from.dtype, layout: 'same' }],
      numbers: [],
      steps: [{ fn: identity, operands: [{ kind: 'input', index: 0 }], type: from.dtype }],
    };
    const kernel = composeElementwise(expression, runLength(this.device));
    this.#add({
      kernel,
      bound: { in0: boundTo(from), y: boundTo({ ...from, storage: to }) },
      values: { count: from.length },
      numbers: [],
      label: `copy ${from.storage.owner}`,
    });
  }

  /** Adds a launch, in parts where its buffers are larger than what the device binds at once. */
  #add({ bound, values, ...rest }: Addition): void {
    const { kernel, label } = rest;
    const { limits } = this.device;
    const { flops, bytes } = kernel.cost(values);
    for (const { share, windows, ...part } of partsOf(kernel, { values, windows: bound }, limits, label)) {
      const own = mapValues(windows, (window, name): Bound => ({ ...window, storage: bound[name]!.storage }));
      // Where a window begins that the device cannot bind, a copy takes its place.
      const copies = Object.entries(own).flatMap(([name, window]) => {
        if (isAligned(window, limits)) return [];
        const copy = { ...window, first: 0, storage: new Storage('workspace', memoryFor(window), `${label}, a part`) };
        own[name] = copy;
        return [{ window, copy, isWritten: kernel.bindings.some((one) => one.name === name && one.access !== 'read') }];
      });
      for (const { window, copy } of copies) this.#addCopyOf(window, copy, label);
      const cost = { flops: Math.round(share * flops), bytes: Math.round(share * bytes) };
      this.#addDispatch({ ...rest, ...part, cost }, own);
      for (const { window, copy, isWritten } of copies) if (isWritten) this.#addCopyOf(copy, window, label);
    }
  }

  #addDispatch(dispatch: Omit<PlannedDispatch, 'storages' | 'windows'>, bound: Readonly<Record<string, Bound>>): void {
    const position = this.#dispatches.length;
    for (const { storage } of Object.values(bound)) {
      storage.first = Math.min(storage.first, position);
      storage.last = Math.max(storage.last, position);
    }
    const isPart = Object.values(bound).some((one) => one.first > 0 || memoryFor(one) < one.storage.bytes);
    this.#dispatches.push({
      ...dispatch,
      storages: mapValues(bound, ({ storage }) => storage),
      ...(isPart && { windows: bound }),
    });
  }

  /** Adds a copy of some elements. Its kernel begins anywhere, and cuts what it is given where the device can bind. */
  #addCopyOf(from: Bound, to: Bound, label: string): void {
    const { length, type } = from;
    const strides = [0, 1, 2, 3].flatMap((axis) => [
      [`x_stride_${axis}`, 0] as const,
      [`y_stride_${axis}`, 0] as const,
    ]);
    const sizes = { count: length, size_1: 1, size_2: 1, size_3: 1, size_4: length, x_stride_4: 1, y_stride_4: 1 };
    const all = ({ storage }: Bound): Bound => ({
      storage,
      type,
      first: 0,
      length: (2 * storage.bytes) / bytesOf(type, 2),
    });
    this.#add({
      kernel: (type === 'f16' ? stridedCopiesOfHalves : stridedCopies)[runLength(this.device)].ones,
      bound: { x: all(from), y: all(to) },
      values: { ...sizes, ...Object.fromEntries(strides), x_offset: from.first, y_offset: to.first },
      numbers: [],
      label: `${label}, a part`,
    });
  }

  /** True for what the device does not bind at once: the launch is done in parts. */
  readonly #isLarge = ({ type, length }: Pick<Window, 'type' | 'length'>): boolean =>
    bytesOf(type, length) > this.device.limits.bindingBytes;

  readonly #isStored = (tensor: Tensor): boolean => this.#storages.has(identityOf(tensor));

  #numberOf(leaf: NumberLeaf, field: string): NumberSource {
    return { field, leaf: this.#numberPositions.get(leaf)! };
  }

  #boundInput(tensor: Tensor): Bound {
    return boundTo(stored(tensor, this.#storageOf(tensor)));
  }

  #boundInputs(prefix: string, inputs: readonly Tensor[]): Record<string, Bound> {
    return Object.fromEntries(inputs.map((input, index) => [`${prefix}${index}`, this.#boundInput(input)]));
  }

  // ---- memory ----------------------------------------------------------------------------------------------------
  #storageOf(tensor: Tensor): Storage {
    const known = this.#storages.get(identityOf(tensor));
    if (known !== undefined) return known[isNode(tensor) ? tensor.index : 0]!;
    if (tensor.source.kind === 'number') return this.#fill(tensor, tensor.source);
    throw new TesseraError(`plan: ${tensor.describe()} has no memory; this is a defect of the planner`);
  }

  /** A number that a kernel reads from memory. */
  #fill(tensor: Tensor, leaf: NumberLeaf): Storage {
    const storage = new Storage('workspace', memoryOf(tensor), `number ${tensor.describe()}`);
    this.#storages.set(leaf, [storage]);
    const steps: Step[] = [{ fn: identity, operands: [{ kind: 'number', index: 0 }], type: tensor.dtype }];
    const kernel = composeElementwise({ inputs: [], numbers: [tensor.dtype], steps });
    this.#add({
      kernel,
      bound: { y: boundTo(stored({ shape: [], dtype: tensor.dtype }, storage)) },
      values: { count: 1 },
      numbers: [this.#numberOf(leaf, 'n0')],
      label: 'number',
    });
    return storage;
  }
}

const mapValues = <A, B>(record: Readonly<Record<string, A>>, of: (value: A, name: string) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value, name)]));
const isAssign = (tensor: Tensor): boolean => isNode(tensor) && nodeOf(tensor).op.name === 'assign';
const nodeOf = (tensor: Tensor): OpNode => tensor.source as OpNode;
const variableOf = (target: Tensor): unknown => nodeOf(target).attributes.variable;
const bindingOf = ({ values }: Launch, value: Value): string | undefined =>
  Object.keys(values).find((name) => values[name] === value);
