import onnxProto from 'onnx-proto';
import { type Engine, type Job, type Memory, NO_GPT, preparedJob, Unable } from '../engine.js';
import { CHANNELS_FIRST, CHANNELS_LAST, OUT_FIRST, partsAlongLastAxis, permuted } from '../layout.js';
import type { HostTensor, Inputs, WorkloadKind } from '../workloads.js';

/** A workload as an ONNX model; weights are part of it, as in a model that was exported. Channels come first. */
export interface OnnxWorkload {
  readonly model: Uint8Array;
  /** What is fed to it, by name. */
  readonly feeds: Inputs;
  /** Axes' order that brings its output `y` into the contest's layout. */
  readonly order?: readonly number[];
}

type IAttributeProto = onnxProto.onnx.IAttributeProto;
// A CommonJS package: its names are found in what it exports by default.
const { onnx } = onnxProto;

const OPSET = 17;
const { FLOAT } = onnx.TensorProto.DataType;
const { INT, INTS, FLOAT: REAL } = onnx.AttributeProto.AttributeType;

type Node = readonly [opType: string, inputs: string[], outputs: string[], attributes?: IAttributeProto[]];
const integer = (name: string, i: number): IAttributeProto => ({ name, type: INT, i });
const integers = (name: string, ints: number[]): IAttributeProto => ({ name, type: INTS, ints });
const real = (name: string, f: number): IAttributeProto => ({ name, type: REAL, f });

/** @throws Unable for gradients: ONNX describes inference. */
export function onnxWorkload(kind: WorkloadKind, { x, w, ...rest }: Inputs): OnnxWorkload {
  switch (kind) {
    case 'matmul':
      return workload([['MatMul', ['a', 'b'], ['y']]], rest);
    case 'conv2d': {
      const convolve: Node = ['Conv', ['x', 'w'], ['y'], [integers('pads', [1, 1, 1, 1])]];
      const weights = { w: permuted(w!, OUT_FIRST) };
      return { ...workload([convolve], { x: permuted(x!, CHANNELS_FIRST) }, weights), order: CHANNELS_LAST };
    }
    case 'softmax':
      return workload([['Softmax', ['x'], ['y'], [integer('axis', -1)]]], { x: x! });
    case 'layer norm':
      return workload(
        [['LayerNormalization', ['x', 'scale', 'shift'], ['y'], [real('epsilon', 1e-3)]]],
        { x: x! },
        rest,
      );
    case 'elementwise':
      return workload(
        [
          ['Mul', ['x', 'a'], ['xa']],
          ['Add', ['xa', 'b'], ['sum']],
          ['Relu', ['sum'], ['relu']],
          ['Sigmoid', ['c'], ['gate']],
          ['Mul', ['relu', 'gate'], ['y']],
        ],
        { x: x!, ...rest },
      );
    case 'sum':
      return workload([['ReduceSum', ['x'], ['y'], [integer('keepdims', 0)]]], { x: x! });
    case 'lstm':
      return lstm(x!, rest);
    case 'GPT token':
      throw new Unable(NO_GPT);
    default:
      throw new Unable('ONNX Runtime computes no gradients here: ONNX describes inference');
  }
}

/** Gates of ONNX are ordered i, o, f, g, and a gate's weights are rows. Time comes first. */
function lstm(x: HostTensor, { kernel, recurrent, bias }: Inputs): OnnxWorkload {
  const gates = [0, 3, 1, 2];
  const rows = (weights: HostTensor): HostTensor => {
    const { shape, data } = permuted(partsAlongLastAxis(weights, gates), [1, 0]);
    return { shape: [1, ...shape], data };
  };
  const { data } = partsAlongLastAxis(bias!, gates);
  const both = Float32Array.from({ length: 2 * data.length }, (_, at) => data[at] ?? 0);
  const weights = { w: rows(kernel!), r: rows(recurrent!), b: { shape: [1, both.length], data: both } };
  const size = recurrent!.shape[0]!;
  const nodes: Node[] = [['LSTM', ['x', 'w', 'r', 'b'], ['y'], [integer('hidden_size', size)]]];
  // y: (time, direction, batch, hidden)
  return { ...workload(nodes, { x: permuted(x, [1, 0, 2]) }, weights), order: [2, 0, 1, 3] };
}

/** A model of one output, `y`. */
function workload(nodes: readonly Node[], feeds: Inputs, weights: Inputs = {}): OnnxWorkload {
  const graph: onnxProto.onnx.IGraphProto = {
    name: 'workload',
    node: nodes.map(([opType, input, output, attribute = []]) => ({ opType, input, output, attribute })),
    initializer: Object.entries(weights).map(([name, { shape, data }]) => ({
      name,
      dims: [...shape],
      dataType: FLOAT,
      rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    })),
    input: Object.entries(feeds).map(([name, { shape }]) => ({
      name,
      type: { tensorType: { elemType: FLOAT, shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
    })),
    output: [{ name: 'y', type: { tensorType: { elemType: FLOAT } } }],
  };
  const model = { irVersion: 8, opsetImport: [{ domain: '', version: OPSET }], graph };
  return { model: onnx.ModelProto.encode(model).finish(), feeds };
}

/** What ORT-web and ORT-node have in common: a session for a model, fed with its own tensors. */
export interface Runtime<Value> {
  readonly memory: Memory<Value>;
  open(model: Uint8Array): Promise<{ run(feeds: Record<string, Value>): Promise<Value>; release(): Promise<void> }>;
  upload(values: HostTensor): Value;
}

/** ONNX Runtime, on whatever it runs, as an engine. */
export const onnxEngine = <Value>({ memory, open, upload }: Runtime<Value>): Engine => ({
  async prepare(kind, inputs) {
    const { model, feeds, order } = onnxWorkload(kind, inputs);
    const session = await open(model);
    const held = Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, upload(values)]));
    const job: Job<Value> = {
      held: Object.values(held),
      run: async () => [await session.run(held)],
      ...(order === undefined ? {} : { order }),
    };
    const prepared = preparedJob(job, memory);
    return {
      ...prepared,
      release() {
        prepared.release();
        void session.release();
      },
    };
  },
});
