import { type Device, exceedsBinding } from '../../gpu/device.js';
import { defined, TesseraError } from '../../gpu/errors.js';
import type { Expression } from '../../kernels/elementwise/expression.js';
import { canVectorize, expressionName, expressionValues } from '../../kernels/elementwise/expression-wgsl.js';
import { type Fusion, fuse as fuseKernel, takesVec4 } from '../../kernels/elementwise/fusion.js';
import { identity } from '../../kernels/elementwise/table.js';
import { type Chooser, chooseBy, chooserOf } from '../../launch/choice.js';
import { elementwiseKernel } from '../../launch/elementwise.js';
import type { Launch, Value } from '../../launch/launch.js';
import { mapValues } from '../../launch/map-values.js';
import { type Shape, sizeOf } from '../../launch/shape.js';
import {
  assignedBy,
  type DispatchContext,
  type DType,
  type Node,
  type NumberLeaf,
  type OpNode,
  type TensorType,
  type VariableMemory,
} from '../graph/graph.js';
import { formatShape } from '../graph/shape.js';
import { identityOf, type Trace } from '../graph/trace.js';
import { fuse, type Group, isNode, type Unit } from './fuse.js';
import { lastReader, rootOf, updatesInPlace } from './in-place.js';
import { express } from './lower.js';
import { assignWorkspace, type Bound, memoryFor, Storage } from './memory.js';
import { type NumberSource, type PlannedDispatch, type PlannedLaunch, splitLarge } from './split.js';

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

const stored = ({ shape, dtype }: TensorType, storage: Storage): Stored => ({
  shape,
  dtype,
  length: sizeOf(shape),
  storage,
});
const boundTo = ({ storage, dtype, length, first = 0 }: Stored): Bound => ({ storage, type: dtype, first, length });

const memoryOf = ({ shape, dtype }: TensorType): number => memoryFor({ type: dtype, length: sizeOf(shape) });

/** Turns a trace into a plan for a device. */
export function plan(trace: Trace, device: Device, chooser = chooserOf(device.choices)): Plan {
  return new Planner(trace, device, chooser).plan();
}

class Planner {
  readonly #launches: PlannedLaunch[] = [];
  readonly #inPlace: ReadonlySet<Unit>;
  readonly #units: readonly Unit[];
  readonly #storages = new Map<object, Storage[]>();
  readonly #slots: Storage[];
  readonly #variables: Storage[];
  readonly #choose: DispatchContext['choose'];

  constructor(
    private readonly trace: Trace,
    private readonly device: Device,
    chooser: Chooser,
  ) {
    this.#units = fuse(trace, device.limits.storageBuffers);
    this.#inPlace = new Set(this.#units.filter((unit) => updatesInPlace(trace, unit)));
    this.#choose = chooseBy(chooser);
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
    const units = this.#units;
    const assigned = new Set(trace.targets.map(assignedBy));
    const late = new Map([...this.#inPlace].map((unit) => [unit, lastReader(unit, units)]));
    const copies = this.#protectOldValues(assigned);
    units.forEach((unit, position) => {
      if (!late.has(unit)) this.#addUnit(unit);
      for (const [update, after] of late) if (after === position) this.#addUnit(update);
    });
    const targets = trace.targets.map((target) => {
      const variable = assignedBy(target);
      const storage = copies.get(target) ?? this.#storageOf(variable === undefined ? target : nodeOf(target).inputs[0]);
      if (variable !== undefined && storage.kind === 'variable' && storage === this.#variableStorage(variable))
        return undefined;
      return storage;
    });
    const dispatches = splitLarge(this.#launches, this.device);
    return {
      dispatches,
      targets,
      slots: this.#slots,
      variables: this.#variables,
      workspace: assignWorkspace(dispatches, new Set(targets)),
    };
  }

  /** A target that is the old value of a variable that is being assigned is copied before anything overwrites it. */
  #protectOldValues(assigned: ReadonlySet<VariableMemory | undefined>): Map<Node, Storage> {
    const copies = new Map<Node, Storage>();
    for (const target of this.trace.targets) {
      const value = assignedBy(target) === undefined ? target : nodeOf(target).inputs[0];
      const root = rootOf(value);
      const leaf = this.trace.variables.find((variable) => variable === root);
      if (leaf === undefined || !assigned.has(leaf.variable)) continue;
      const { storage } = this.#workspace(value, leaf.variable.name);
      this.#addCopy(stored(value, defined(this.#storages.get(leaf))[0]), storage);
      copies.set(target, storage);
    }
    return copies;
  }

  #variableStorage(variable: VariableMemory): Storage | undefined {
    return this.#variables.find((storage) => this.trace.variables[storage.position].variable === variable);
  }

  #addUnit(unit: Unit): void {
    const { op } = unit;
    if (op === undefined) {
      this.#addElementwise(defined(unit.elementwise));
    } else if (op.op.assigns) {
      // Nothing to compute: the targets say where the value goes.
    } else if (op.op.alias) {
      this.#storages.set(op, [this.#storageOf(op.inputs[0])]);
    } else {
      this.#addOp(unit, op);
    }
  }

  #addElementwise(group: Group): void {
    const type = group.root.outputs[0];
    const { expression, inputs, numbers } = express(group);
    const label = `${expressionName(expression)} ${formatShape(type.shape)}`;
    const y = this.#workspace(type, label);
    const bound = this.#boundInputs('in', inputs);
    this.#storages.set(group.root, [y.storage]);
    this.#addExpression(expression, bound, numbers, y, label);
  }

  #addExpression(
    given: Expression,
    inputs: PlannedLaunch['bound'],
    numbers: readonly NumberLeaf[],
    y: Stored,
    label: string,
  ): void {
    const bound = { ...inputs, y: boundTo(y) };
    const expression = { ...given, isPart: this.#isLarge(bound.y) };
    this.#launches.push({
      kernel: elementwiseKernel(expression, this.device),
      bound,
      uniforms: { count: y.length, ...expressionValues(expression, '', canVectorize(expression)) },
      numbers: this.#numbersOf(numbers, 'n'),
      label,
    });
  }

  #addOp(unit: Unit, node: OpNode): void {
    const { op } = node;
    const inputs = node.inputs.map((input, index) =>
      stored(input, this.#storageOf(index === 0 && unit.prologue ? unit.prologue.carrier : input)),
    );
    const root = unit.epilogue?.group.root ?? node;
    const outputs = node.outputs.map((type, index) => {
      const over = op.inPlace?.[index];
      if (over !== undefined && this.#inPlace.has(unit)) return stored(type, inputs[over].storage);
      // Output 0 is stored as the result of the epilogue, which may have another type.
      const kept = index === 0 ? root.outputs[0] : type;
      const { storage } = this.#workspace(kept, `${op.name} ${formatShape(type.shape)}`);
      if (over !== undefined) this.#addCopy(inputs[over], storage);
      return stored(type, storage);
    });
    this.#storages.set(
      root,
      outputs.map((output) => output.storage),
    );
    const launches = defined(op.dispatch)(inputs, outputs, {
      attributes: node.attributes,
      device: this.device,
      temporary: (shape: Shape, dtype: DType = 'f32') => this.#workspace({ shape, dtype }, `${op.name}, temporary`),
      choose: this.#choose,
    });
    if (unit.prologue !== undefined && launches.every((one) => bindingOf(one, inputs[0]) === undefined))
      throw new TesseraError(
        `plan: no kernel of '${op.name}' reads its input as a whole; this is a defect of the planner`,
      );
    const label = `${op.name} ${node.inputs.map((input) => formatShape(input.shape)).join(' x ')}`;
    for (const launch of launches) this.#addLaunch(unit, node, launch, inputs[0], outputs[0], label);
  }

  #addLaunch(unit: Unit, node: OpNode, launch: Launch, input: Stored, output: Stored, label: string): void {
    const bound = mapValues(launch.bindings, (value) => boundTo(value as Stored));
    const uniforms = { ...launch.uniforms };
    const isPart = Object.values(bound).some(this.#isLarge);
    const numbers: NumberSource[] = [];
    const fusions: Fusion[] = [];
    for (const hook of ['prologue', 'epilogue'] as const) {
      const value = hook === 'prologue' ? input : output;
      const on = bindingOf(launch, value);
      const fused = unit[hook];
      if (fused === undefined || on === undefined) continue;
      const { expression: whole, inputs, numbers: leaves } = express(fused.group, fused.carrier);
      const expression = { ...whole, isPart };
      fusions.push({ hook, on, count: value.length, expression });
      Object.assign(bound, this.#boundInputs(`${hook}_in`, inputs));
      Object.assign(uniforms, expressionValues(expression, `${hook}_`, takesVec4(launch.kernel, hook)));
      numbers.push(...this.#numbersOf(leaves, `${hook}_n`));
      if (hook === 'epilogue') bound[on] = { ...bound[on], type: unit.root.outputs[0].dtype };
    }
    // Uniforms named as numbers of the op are these numbers.
    for (const { name } of launch.kernel.uniforms.flat()) {
      if (!(name in node.numbers)) continue;
      const position = this.trace.nodes.indexOf(node);
      numbers.push({ field: name, of: ({ nodes }) => nodes[position].numbers[name] });
    }
    const kernel = fusions.length > 0 ? fuseKernel(launch.kernel, fusions) : launch.kernel;
    this.#launches.push({ kernel, bound, uniforms, numbers, label });
  }

  #addCopy(from: Stored, to: Storage): void {
    const expression = {
      inputs: [{ type: from.dtype, layout: 'same' as const }],
      numbers: [],
      steps: [{ fn: identity, operands: [{ kind: 'input' as const, index: 0 }], type: from.dtype }],
    };
    const y = { ...from, storage: to };
    this.#addExpression(expression, { in0: boundTo(from) }, [], y, `copy ${from.storage.owner}`);
  }

  /** Writes a number to memory, for a kernel that reads it from there. */
  #addNumber(leaf: NumberLeaf, type: TensorType): Storage {
    const y = this.#workspace(type, `number ${type.dtype}`);
    const expression = {
      inputs: [],
      numbers: [type.dtype],
      steps: [{ fn: identity, operands: [{ kind: 'number' as const, index: 0 }], type: type.dtype }],
    };
    this.#storages.set(leaf, [y.storage]);
    this.#addExpression(expression, {}, [leaf], y, 'number');
    return y.storage;
  }

  /** True for what the device does not bind at once: it may be split. */
  readonly #isLarge = ({ type, length }: Bound): boolean => exceedsBinding(type, length, this.device.limits);

  #numbersOf(leaves: readonly NumberLeaf[], field: string): NumberSource[] {
    return leaves.map((leaf, index) => {
      const position = this.trace.numbers.indexOf(leaf);
      return { field: `${field}${index}`, of: ({ numbers }) => numbers[position].value };
    });
  }

  #boundInputs(prefix: string, inputs: readonly Node[]): Record<string, Bound> {
    const bound = inputs.map((input) => boundTo(stored(input, this.#storageOf(input))));
    return Object.fromEntries(bound.map((one, index) => [`${prefix}${index}`, one]));
  }

  /** A value that lives for some dispatches. */
  #workspace(type: TensorType, owner: string): Stored {
    return stored(type, new Storage('workspace', memoryOf(type), owner));
  }

  #storageOf(tensor: Node): Storage {
    const known = this.#storages.get(identityOf(tensor));
    if (known !== undefined) return known[isNode(tensor) ? tensor.index : 0];
    if (tensor.source.kind === 'number') return this.#addNumber(tensor.source, tensor);
    throw new TesseraError(`plan: ${tensor.describe()} has no memory; this is a defect of the planner`);
  }
}

const nodeOf = (tensor: Node): OpNode => tensor.source as OpNode;
const bindingOf = ({ bindings }: Launch, value: Value): string | undefined =>
  Object.keys(bindings).find((name) => bindings[name] === value);
