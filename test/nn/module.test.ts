import { expect, test } from 'vitest';
import {
  Conv2D,
  Dropout,
  decodeSafetensors,
  Embedding,
  encodeSafetensors,
  Flatten,
  input,
  Linear,
  LSTM,
  layers,
  MaxPool2D,
  Model,
  Module,
  Sequential,
  SGD,
  setSeed,
  TransformerBlock,
} from '../../src/nn/index.js';
import { Generator, ones, type Tensor, tensor, Variable, zeros } from '../../src/tensor/index.js';

class Two extends Module {
  readonly encoder = new Sequential(
    new Linear({ inputs: 3, outputs: 4 }),
    new Dropout({ rate: 0.5 }),
    new Linear({ inputs: 4, outputs: 2, useBias: false }),
  );
  readonly head = new Linear({ inputs: 2, outputs: 1 });
}

test('parameters have the dotted names of their fields', () => {
  expect([...new Two().namedParameters().keys()]).toEqual([
    'encoder.layers.0.kernel',
    'encoder.layers.0.bias',
    'encoder.layers.2.kernel',
    'head.kernel',
    'head.bias',
  ]);
});

test('a parameter used twice is one parameter', () => {
  const shared = new Linear({ inputs: 2, outputs: 2 });
  expect(new Sequential(shared, shared).parameters()).toHaveLength(2);
});

test('train and eval reach every submodule', () => {
  const model = new Two();
  expect(model.eval().encoder.layers.every((layer) => !layer.training)).toBe(true);
  expect(model.train().encoder.layers.every((layer) => layer.training)).toBe(true);
});

test('summary shows names, shapes and counts', () => {
  expect(new Two().summary()).toBe(`Two
parameter                shape   count
encoder.layers.0.kernel  [3, 4]     12
encoder.layers.0.bias    [4]         4
encoder.layers.2.kernel  [4, 2]      8
head.kernel              [2, 1]      2
head.bias                [1]         1
total                               27`);
});

test('layers return the documented shapes', () => {
  const image = zeros([2, 8, 8, 3]);
  expect(new Conv2D({ inputs: 3, outputs: 5, kernelSize: 3, padding: 'same', stride: 2 }).forward(image).shape).toEqual(
    [2, 4, 4, 5],
  );
  expect(new MaxPool2D().forward(image).shape).toEqual([2, 4, 4, 3]);
  expect(new Flatten().forward(image).shape).toEqual([2, 192]);
  expect(new Embedding({ vocabulary: 10, outputs: 4 }).forward(tensor(new Int32Array(6), [2, 3])).shape).toEqual([
    2, 3, 4,
  ]);
  const { sequence, last } = new LSTM({ inputs: 4, outputs: 6 }).run(zeros([2, 3, 4]));
  expect([sequence.shape, last.hidden.shape, last.cell.shape]).toEqual([
    [2, 3, 6],
    [2, 6],
    [2, 6],
  ]);
});

test('invalid inputs of a layer are errors', () => {
  expect(() => new Linear({ inputs: 3, outputs: 4 }).forward(zeros([2, 5]))).toThrow(
    'Linear: expected x of f32 [..., 3], got f32 [2, 5]',
  );
  expect(() => new Embedding({ vocabulary: 10, outputs: 4 }).forward(tensor(Int32Array.of(10)))).toThrow(
    'index 10 at position 0 is out of range',
  );
  expect(() => new Dropout({ rate: 1 })).toThrow('[0, 1)');
});

test('dropout drops elements at its rate in training, keeps the mean, and draws anew each time', async () => {
  const drop = new Dropout({ rate: 0.25, seed: 1 });
  const x = zeros([10_000]).add(1);
  const first = Array.from(await drop.forward(x).data());
  const dropped = first.filter((value) => value === 0).length / first.length;
  expect(Math.abs(dropped - 0.25)).toBeLessThan(0.02);
  expect(Math.max(...first)).toBeCloseTo(4 / 3, 5);
  expect(Array.from(await drop.forward(x).data())).not.toEqual(first);
  expect(drop.eval().forward(x)).toBe(x);
});

test('the same seed gives the same parameters', async () => {
  const make = (seed: number) => new Linear({ inputs: 5, outputs: 7, generator: new Generator(seed) }).kernel.data();
  expect(await make(4)).toEqual(await make(4));
  expect(await make(4)).not.toEqual(await make(5));
});

test('state that is not of the model is refused, and nothing changes', async () => {
  const model = new Linear({ inputs: 1, outputs: 2 });
  const before = await model.kernel.data();
  const state = new Map([['kernel', { shape: [1, 2], data: Float32Array.of(1, 2) }]]);
  expect(() => model.loadState(state)).toThrow('missing bias; unexpected none');
  state.set('bias', { shape: [3], data: new Float32Array(3) });
  expect(() => model.loadState(state)).toThrow("'bias' has shape [3] in the state, the model needs [2]");
  expect(await model.kernel.data()).toEqual(before);
});

test('the state of one model makes another compute the same', async () => {
  const [first, second] = [new Two(), new Two()];
  const file = encodeSafetensors(await first.state());
  second.loadState(decodeSafetensors(file).tensors);
  const x = tensor([[1, -2, 3]]);
  const outputs = [first, second].map((model) => model.eval().head.forward(model.encoder.forward(x)).data());
  expect(await outputs[1]).toEqual(await outputs[0]);
});

const bytesOf = async (x: Tensor): Promise<string> => Array.from(await x.data()).join();

test('layers without a generator start from different values, and the seed gives them again', async () => {
  const make = async () => {
    const body = new Sequential(new Linear({ inputs: 3, outputs: 3 }), new Linear({ inputs: 3, outputs: 3 }));
    const block = new TransformerBlock({ features: 4, heads: 2 });
    const lstm = new LSTM({ inputs: 3, outputs: 3 });
    const drawn = [...body.parameters(), ...block.parameters(), ...lstm.parameters()];
    return Promise.all(drawn.filter(({ name }) => /kernel$/i.test(name)).map(bytesOf));
  };
  setSeed(5);
  const [first, second] = [await make(), await make()];
  expect(new Set([...first, ...second]).size).toBe(first.length + second.length);
  setSeed(5);
  expect(await make()).toEqual(first);
  setSeed(6);
  expect(await make()).not.toEqual(first);
  setSeed(0);
});

test('dropouts without a seed drop different elements, also in a model, reproducibly', async () => {
  const x = ones([64]);
  setSeed(1);
  const [a, b] = [new Dropout({ rate: 0.5 }), new Dropout({ rate: 0.5 })];
  const drops = async (...some: Dropout[]) => Promise.all(some.map((one) => bytesOf(one.forward(x))));
  const [first, second] = await drops(a, b);
  expect(first).not.toBe(second);
  setSeed(1);
  expect(await drops(new Dropout({ rate: 0.5 }), new Dropout({ rate: 0.5 }))).toEqual([first, second]);
  setSeed(0);

  const block = () => new TransformerBlock({ features: 4, heads: 2, dropout: 0.5, generator: new Generator(2) });
  const row = ones([1, 9, 4]).mul(tensor([1, 2, 3, 4]));
  expect(await bytesOf(block().forward(row))).not.toBe(await bytesOf(block().forward(row)));

  const made = (seed: number) => {
    const x = input({ shape: [64] });
    const outputs = [layers.dropout({ rate: 0.5 })(x), layers.dropout({ rate: 0.5 })(x)];
    return new Model({ inputs: x, outputs, seed }).train();
  };
  const outputs = async (seed: number) =>
    Promise.all(
      made(seed)
        .forward(ones([1, 64]))
        .map(bytesOf),
    );
  const [left, right] = await outputs(3);
  expect(left).not.toBe(right);
  expect(await outputs(3)).toEqual([left, right]);
  expect((await outputs(4))[0]).not.toBe(left);
});

test('how often dropout has drawn is part of the state; a state without it is taken too', async () => {
  const model = () => new Sequential(new Linear({ inputs: 8, outputs: 8 }), new Dropout({ rate: 0.5, seed: 3 }));
  const [before, after] = [model(), model()];
  const x = ones([4, 8]);
  for (let draw = 0; draw < 3; draw++) before.forward(x);
  const state = await before.state();
  expect(Array.from(state.get('layers.1.draws')?.data ?? [])).toEqual([3, 0]);
  after.loadState(decodeSafetensors(encodeSafetensors(state)).tensors);
  expect(await bytesOf(after.forward(x))).toBe(await bytesOf(before.forward(x)));
  state.delete('layers.1.draws');
  after.loadState(state);
  expect(await bytesOf(after.forward(x))).toBe(await bytesOf(before.forward(x)));
  state.set('layers.1.draws', { shape: [2], data: Float32Array.of(-1, 0.5) });
  expect(() => after.loadState(state)).toThrow("'layers.1.draws' must be a count");
});

test('data of a wrong length is refused before anything changes', async () => {
  const model = new Linear({ inputs: 1, outputs: 2 });
  const before = await bytesOf(model.kernel);
  const state = new Map([
    ['kernel', { shape: [1, 2], data: Float32Array.of(1, 2) }],
    ['bias', { shape: [2], data: new Float32Array(3) }],
  ]);
  expect(() => model.loadState(state)).toThrow("'bias' of shape [2] needs 2 values, got 3");
  expect(await bytesOf(model.kernel)).toBe(before);
});

test('strict: false loads a part of a state', async () => {
  const model = new Linear({ inputs: 1, outputs: 2 });
  const state = new Map([
    ['kernel', { shape: [1, 2], data: Float32Array.of(1, 2) }],
    ['head', { shape: [1], data: new Float32Array(1) }],
  ]);
  expect(() => model.loadState(state)).toThrow('missing bias; unexpected head');
  expect(model.loadState(state, { strict: false })).toEqual({ missing: ['bias'], unexpected: ['head'] });
  expect(await bytesOf(model.kernel)).toBe('1,2');
  expect(() => model.loadState(state, { strickt: false } as object)).toThrow("did you mean 'strict'?");
});

test('modules and parameters are found in Maps, Sets, plain objects and nested arrays', () => {
  const layer = () => new Linear({ inputs: 1, outputs: 1, useBias: false });
  class Many extends Module {
    readonly byName = new Map([['text', layer()]]);
    readonly heads = { first: layer(), rest: [[layer()], [layer()]] };
    readonly tower = new Set([layer()]);
    readonly weights = [new Variable(Float32Array.of(1), [1])];
    readonly parent: Module = this;
    readonly size = 3;
  }
  const many = new Many();
  expect([...many.namedParameters().keys()]).toEqual([
    'weights.0',
    'byName.text.kernel',
    'heads.first.kernel',
    'heads.rest.0.0.kernel',
    'heads.rest.1.0.kernel',
    'tower.0.kernel',
  ]);
  expect(many.eval().heads.rest[1][0].training).toBe(false);
  class Private extends Module {
    readonly #layer = layer();
    forward = (x: Tensor) => this.#layer.forward(x);
  }
  expect(() => new SGD(new Private().parameters())).toThrow('a module has those of its public fields');
});

test('a variable keeps its name in the complete model when a submodule lists it; tied modules count once', () => {
  class Tied extends Module {
    readonly a = new Linear({ inputs: 2, outputs: 2 });
    readonly b = this.a;
  }
  const tied = new Tied();
  expect(tied.summary()).toMatch(/total +6$/);
  tied.a.summary();
  expect(tied.a.kernel.name).toBe('a.kernel');
});
