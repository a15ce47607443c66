import type { Device } from '../gpu/device.js';
import { TesseraError } from '../gpu/errors.js';
import type { Cost, Kernel } from '../gpu/kernel.js';
import { sizeClass } from '../gpu/pool.js';
import {
  canVectorise,
  composeElementwise,
  expressionName,
  expressionValues,
  type Fusion,
  fuse as fuseKernel,
} from '../kernels/compose.js';
import { identity } from '../kernels/elementwise.js';
import { type Expression, layoutOf, type Operand, type Step } from '../kernels/expression.js';
import { fuse, type Group, isNode, isRecomputable, type Unit } from './fuse.js';
import type { DType, Launch, NumberLeaf, OpNode, TensorType, Value } from './graph.js';
import { formatShape, type Shape, sameShape, sizeOf } from './shape.js';
import type { Tensor } from './tensor.js';
import { identityOf, type Trace } from './trace.js';

/** Memory of a plan: a slot for a leaf's values, a variable's own memory, or workspace that lives for some dispatches. */
export class Storage {
  /** The first and the last dispatch that touches it. */
  first = Number.POSITIVE_INFINITY;
  last = -1;
  /** Which of the plan's workspace buffers it was given. */
  workspace = -1;
  constructor(
    readonly kind: 'slot' | 'variable' | 'workspace',
    readonly bytes: number,
    /** What it holds, in words. */
    readonly owner: string,
    /** Position among the trace's slots or variables. */
    readonly position = -1,
  ) {}
}

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
  readonly values: Record<string, number>;
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

const bytesOf = ({ shape }: TensorType): number => Math.max(16, 4 * sizeOf(shape));

/** Turns a trace into a plan for a device. */
export function plan(trace: Trace, device: Device): Plan {
  return new Planner(trace, device).plan();
}

class Planner {
  readonly #dispatches: PlannedDispatch[] = [];
  readonly #storages = new Map<object, Storage[]>();
  readonly #nodePositions: Map<OpNode, number>;
  readonly #numberPositions: Map<object, number>;
  readonly #slots: Storage[];
  readonly #variables: Storage[];

  constructor(
    private readonly trace: Trace,
    private readonly device: Device,
  ) {
    this.#nodePositions = new Map(trace.nodes.map((node, position) => [node, position]));
    this.#numberPositions = new Map(trace.numbers.map((leaf, position) => [leaf, position]));
    this.#slots = trace.slots.map((tensor, position) => {
      const storage = new Storage('slot', bytesOf(tensor), `input ${tensor.describe()}`, position);
      this.#storages.set(identityOf(tensor), [storage]);
      return storage;
    });
    this.#variables = trace.variables.map((leaf, position) => {
      const storage = new Storage('variable', bytesOf(leaf.variable), leaf.variable.name, position);
      this.#storages.set(leaf, [storage]);
      return storage;
    });
  }

  plan(): Plan {
    const { trace } = this;
    const units = fuse(trace, this.device.limits.storageBuffers);
    const assigned = new Set(trace.targets.filter(isAssign).map((target) => variableOf(target)));
    const updates = units.filter((unit) => this.#updatesInPlace(unit));
    const late = new Map(updates.map((unit) => [unit, this.#lastReader(unit, units)]));
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
      workspace: this.#assignWorkspace(),
    };
  }

  // ---- in place --------------------------------------------------------------------------------------------------
  /** True if every output that may be written over an input belongs to a variable that is assigned just that output. */
  #updatesInPlace({ op }: Unit): boolean {
    return (
      op?.op.inPlace !== undefined &&
      Object.entries(op.op.inPlace).every(([output, input]) => {
        const { source } = op.inputs[input]!;
        return source.kind === 'variable' && this.#isAssignedOnly(op, Number(output), source.variable);
      })
    );
  }

  #isAssignedOnly(op: OpNode, output: number, variable: unknown): boolean {
    const users = this.trace.nodes.filter((node) =>
      node.inputs.some((input) => input.source === op && input.index === output && isNode(input)),
    );
    return (
      users.length === 1 &&
      users[0]!.op.name === 'assign' &&
      users[0]!.attributes.variable === variable &&
      !this.trace.targets.some((target) => target.source === op && target.index === output)
    );
  }

  /** The position of the last unit that reads what the update overwrites, or that feeds it. */
  #lastReader(update: Unit, units: readonly Unit[]): number {
    const overwritten = Object.values(update.op!.op.inPlace!).map((input) => identityOf(update.op!.inputs[input]!));
    const read = new Set<object>([
      ...overwritten,
      ...update.op!.inputs.flatMap((input) => [input.source, this.#root(input)]),
    ]);
    let last = units.indexOf(update);
    units.forEach((unit, position) => {
      if (unit === update) return;
      const nodes = [
        unit.op,
        ...(unit.elementwise?.members ?? []),
        ...(unit.epilogue?.members ?? []),
        ...(unit.prologue?.members ?? []),
      ];
      const reads = nodes.some((node) => node?.inputs.some((input) => overwritten.includes(this.#root(input))));
      if (reads || read.has(unit.root)) last = Math.max(last, position);
    });
    return last;
  }

  /** A target that is the old value of a variable that is being assigned is copied before anything overwrites it. */
  #protectOldValues(assigned: ReadonlySet<unknown>): Map<Tensor, Storage> {
    const copies = new Map<Tensor, Storage>();
    for (const target of this.trace.targets) {
      const value = isAssign(target) ? nodeOf(target).inputs[0]! : target;
      const root = this.#root(value);
      const leaf = this.trace.variables.find((variable) => variable === root);
      if (leaf === undefined || !assigned.has(leaf.variable)) continue;
      const storage = new Storage('workspace', bytesOf(value), leaf.variable.name);
      this.#addCopy(this.#storages.get(leaf)![0]!, storage, value);
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
    const { expression, inputs, numbers } = this.#express(group);
    const kernel = composeElementwise(expression);
    const storage = new Storage('workspace', bytesOf(type), `${kernel.name} ${formatShape(type.shape)}`);
    this.#storages.set(group.root, [storage]);
    this.#add({
      kernel,
      storages: {
        ...named(
          'in',
          inputs.map((input) => this.#storageOf(input)),
        ),
        y: storage,
      },
      values: { count: sizeOf(type.shape), ...expressionValues(expression, '', canVectorise(expression)) },
      numbers: numbers.map((leaf, index) => this.#numberOf(leaf, `n${index}`)),
      label: `${kernel.name} ${formatShape(type.shape)}`,
    });
  }

  #addOp(unit: Unit, node: OpNode): void {
    const { op } = node;
    const stored = (type: TensorType, storage: Storage): Stored => ({ ...type, length: sizeOf(type.shape), storage });
    const inputs = node.inputs.map((input) => {
      // The input that a prologue computes is never stored: its place is taken by one of the prologue's own inputs.
      const prologue = unit.prologue !== undefined && input === node.inputs[0];
      return stored(input, prologue ? new Storage('workspace', 0, 'prologue') : this.#storageOf(input));
    });
    const inPlace = this.#updatesInPlace(unit);
    const root = unit.epilogue?.root ?? node;
    const outputs = node.outputs.map((type, index) => {
      const over = op.inPlace?.[index];
      if (over !== undefined && inPlace) return stored(type, inputs[over]!.storage);
      const storage = new Storage('workspace', bytesOf(type), `${op.name} ${formatShape(type.shape)}`);
      if (over !== undefined) this.#addCopy(inputs[over]!.storage, storage, type);
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
        stored({ shape, dtype }, new Storage('workspace', bytesOf({ shape, dtype }), `${op.name}, temporary`)),
    });
    const label = `${op.name} ${node.inputs.map((input) => formatShape(input.shape)).join(' x ')}`;
    for (const launch of launches) this.#addLaunch(unit, node, launch, inputs[0], outputs[0]!, label);
  }

  #addLaunch(unit: Unit, node: OpNode, launch: Launch, first: Stored | undefined, output: Stored, label: string): void {
    const storages: Record<string, Storage> = {};
    for (const [name, value] of Object.entries(launch.values)) storages[name] = (value as Stored).storage;
    const values: Record<string, number> = { ...launch.sizes };
    const numbers: NumberSource[] = [];
    const fusions: Fusion[] = [];
    const attach = (
      hook: Fusion['hook'],
      group: Group,
      on: string,
      count: number,
      replaced: (input: Tensor) => boolean,
    ) => {
      const { expression, inputs, numbers: leaves } = this.#express(group, replaced);
      fusions.push({ hook, on, count, expression });
      Object.assign(
        storages,
        named(
          `${hook}_in`,
          inputs.map((input) => this.#storageOf(input)),
        ),
      );
      Object.assign(values, expressionValues(expression, `${hook}_`, false));
      numbers.push(...leaves.map((leaf, index) => this.#numberOf(leaf, `${hook}_n${index}`)));
    };
    if (unit.prologue !== undefined) {
      const on = bindingOf(launch, first!);
      if (on !== undefined) {
        const group = unit.prologue;
        const own = this.#prologueInput(group);
        storages[on] = this.#storageOf(own);
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
      if (on !== undefined)
        attach('epilogue', unit.epilogue, on, output.length, (input) => input.source === node && isNode(input));
    }
    for (const { name } of launch.kernel.uniforms.flat()) {
      if (name in node.numbers) numbers.push({ field: name, node: this.#nodePositions.get(node)!, name });
    }
    const kernel = fusions.length > 0 ? fuseKernel(launch.kernel, fusions) : launch.kernel;
    this.#add({ kernel, storages, values, numbers, label });
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

  #addCopy(from: Storage, to: Storage, { shape, dtype }: TensorType): void {
    const expression: Expression = {
      inputs: [{ type: dtype, layout: 'same' }],
      numbers: [],
      steps: [{ fn: identity, operands: [{ kind: 'input', index: 0 }], type: dtype }],
    };
    const kernel = composeElementwise(expression);
    this.#add({
      kernel,
      storages: { in0: from, y: to },
      values: { count: sizeOf(shape) },
      numbers: [],
      label: `copy ${from.owner}`,
    });
  }

  #add(dispatch: Omit<PlannedDispatch, 'cost'>): void {
    const position = this.#dispatches.length;
    for (const storage of Object.values(dispatch.storages)) {
      storage.first = Math.min(storage.first, position);
      storage.last = Math.max(storage.last, position);
    }
    this.#dispatches.push({ ...dispatch, cost: dispatch.kernel.cost(dispatch.values) });
  }

  // ---- elementwise groups to expressions -------------------------------------------------------------------------
  /** The expression of a group, with the tensors it loads. `isValue` tells the input that the hook's value stands for. */
  #express(group: Group, isValue: (input: Tensor) => boolean = () => false) {
    const shape = group.root.outputs[0]!.shape;
    const inputs: Tensor[] = [];
    const numbers: NumberLeaf[] = [];
    const numberTypes: DType[] = [];
    const steps: Step[] = [];
    const made = new Map<OpNode, number>();
    const operandOf = (input: Tensor): Operand => {
      if (isValue(input)) return { kind: 'value' };
      const { source } = input;
      if (source.kind === 'number' && !this.#isSlot(input)) {
        let index = numbers.findIndex((leaf, at) => leaf === source && numberTypes[at] === input.dtype);
        if (index < 0) index = numbers.push(source) - 1;
        numberTypes[index] = input.dtype;
        return { kind: 'number', index };
      }
      if (isNode(input)) {
        const node = source as OpNode;
        if (group.members.has(node) || (isRecomputable(node) && sameShape(input.shape, shape)))
          return { kind: 'step', index: emit(node) };
      }
      let index = inputs.findIndex((known) => sameValue(known, input) && sameShape(known.shape, input.shape));
      if (index < 0) index = inputs.push(input) - 1;
      return { kind: 'input', index };
    };
    const emit = (node: OpNode): number => {
      const known = made.get(node);
      if (known !== undefined) return known;
      const operands = node.inputs.map(operandOf);
      const index = steps.push({ fn: node.op.elementwise!, operands, type: node.outputs[0]!.dtype }) - 1;
      made.set(node, index);
      return index;
    };
    emit(group.root);
    const expression: Expression = {
      inputs: inputs.map((input) => ({ type: input.dtype, layout: layoutOf(input.shape, shape) })),
      numbers: numberTypes,
      steps,
    };
    return { expression, inputs, numbers, name: expressionName(expression) };
  }

  #isSlot(tensor: Tensor): boolean {
    return this.#storages.has(identityOf(tensor));
  }

  #numberOf(leaf: NumberLeaf, field: string): NumberSource {
    return { field, leaf: this.#numberPositions.get(leaf)! };
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
    const storage = new Storage('workspace', bytesOf(tensor), `number ${tensor.describe()}`);
    this.#storages.set(leaf, [storage]);
    const steps: Step[] = [{ fn: identity, operands: [{ kind: 'number', index: 0 }], type: tensor.dtype }];
    const kernel = composeElementwise({ inputs: [], numbers: [tensor.dtype], steps });
    this.#add({
      kernel,
      storages: { y: storage },
      values: { count: 1 },
      numbers: [this.#numberOf(leaf, 'n0')],
      label: 'number',
    });
    return storage;
  }

  /** The node or leaf whose memory a tensor is, through reshapes. */
  #root(tensor: Tensor): object {
    let at = tensor;
    while (isNode(at) && (at.source as OpNode).op.alias) at = (at.source as OpNode).inputs[0]!;
    return identityOf(at);
  }

  /** Gives every workspace storage a buffer, reusing those whose last reader has run. Returns the buffers' sizes. */
  #assignWorkspace(): number[] {
    const sizes: number[] = [];
    const free = new Map<number, number[]>();
    const storages = new Set(this.#dispatches.flatMap((dispatch) => Object.values(dispatch.storages)));
    const own = [...storages].filter((storage) => storage.kind === 'workspace').sort((a, b) => a.first - b.first);
    const live: Storage[] = [];
    for (const storage of own) {
      for (let index = live.length - 1; index >= 0; index--) {
        const ended = live[index]!;
        if (ended.last >= storage.first) continue;
        live.splice(index, 1);
        const size = sizes[ended.workspace]!;
        free.set(size, [...(free.get(size) ?? []), ended.workspace]);
      }
      const size = sizeClass(storage.bytes);
      storage.workspace = free.get(size)?.pop() ?? sizes.push(size) - 1;
      live.push(storage);
    }
    return sizes;
  }
}

const isAssign = (tensor: Tensor): boolean => isNode(tensor) && nodeOf(tensor).op.name === 'assign';
const nodeOf = (tensor: Tensor): OpNode => tensor.source as OpNode;
const variableOf = (target: Tensor): unknown => nodeOf(target).attributes.variable;
const sameValue = (a: Tensor, b: Tensor): boolean => identityOf(a) === identityOf(b) && a.index === b.index;
const bindingOf = ({ values }: Launch, value: Value): string | undefined =>
  Object.keys(values).find((name) => values[name] === value);
const named = (prefix: string, storages: readonly Storage[]): Record<string, Storage> =>
  Object.fromEntries(storages.map((storage, index) => [`${prefix}${index}`, storage]));
