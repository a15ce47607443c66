import { afterAll, describe, expect, test } from 'vitest';
import {
  Adam,
  type Callbacks,
  earlyStopping,
  input,
  layers,
  type Metric,
  Model,
  metrics,
  progress,
  SGD,
} from '../../../src/nn/index.js';
import { oneHot, setDefaultDevice, type Tensor, tensor, type Variable, zeros } from '../../../src/tensor/index.js';
import { gpu, reference } from '../../support/devices.js';
import { expectClose } from '../../support/numbers.js';

afterAll(() => setDefaultDevice(undefined));

/** Changes nothing that is seen, so that a history shows the loss of the weights at the start. */
const still = (parameters: readonly Variable[]) => new SGD(parameters, { learningRate: 1e-30 });
const zeroed = { kernelInitializer: 'zeros' } as const;
/** One number from `size` numbers, from weights of zero. */
function line(size = 1): Model {
  const x = input({ shape: [size] });
  return new Model({ inputs: x, outputs: layers.dense({ units: 1, ...zeroed })(x) });
}

describe.each([
  ['the adapter', gpu],
  ['the reference', reference],
] as const)('on %s', (_, device) => {
  test('early stopping forgets an earlier training', async () => {
    setDefaultDevice(device);
    const stop = earlyStopping({ monitor: 'loss', restoreBestWeights: true });
    const first = line().compile({ optimizer: still, loss: 'meanSquaredError' });
    await first.fit([[1]], [[0]], { callbacks: [stop] });
    const second = line().compile({ optimizer: (p) => new SGD(p, { learningRate: 0.1 }), loss: 'meanSquaredError' });
    const { loss } = await second.fit([[1]], [[5]], { epochs: 3, callbacks: [stop] });
    expect(loss).toHaveLength(3);
    const [bias] = (await second.state()).values();
    expect(bias.data[0]).not.toBe(0);
  });

  test('rows may be arrays, typed arrays, and tensors that are still to be computed', async () => {
    setDefaultDevice(device);
    const x = input({ shape: [2] });
    const outputs = layers.dense({ units: 2, activation: 'softmax', ...zeroed })(x);
    const model = new Model({ inputs: x, outputs }).compile({ optimizer: still, loss: 'categoricalCrossentropy' });
    const labels = oneHot(tensor(Int32Array.of(0, 1)), 2);
    const plain = [
      [1, 2],
      [3, 4],
    ];
    for (const [rows, targets] of [
      [plain, labels],
      [[plain], [plain.map(([a]) => [Number(a === 1), Number(a !== 1)])]],
      [zeros([2, 2]), labels],
      [[tensor(plain).mul(2)], labels],
    ] as const)
      expectClose((await model.fit(rows, targets)).loss, [Math.log(2)]);
    const resident = await tensor(plain).add(1).evaluate();
    expectClose([(await model.evaluate(resident, labels)).loss], [Math.log(2)]);
    expect((await model.predict(plain)).shape).toEqual([2, 2]);
    const sparse = new Model({ inputs: x, outputs }).compile({
      optimizer: still,
      loss: 'sparseCategoricalCrossentropy',
    });
    for (const targets of [[0, 1], [[0], [1]], Int32Array.of(0, 1), Float32Array.of(1, 0)])
      expectClose((await sparse.fit(plain, targets)).loss, [Math.log(2)]);
    const column = line(2).compile({ optimizer: still, loss: 'meanSquaredError' });
    for (const targets of [[1, 3], [[1], [3]], Float32Array.of(1, 3), tensor([1, 3])])
      expectClose((await column.fit(plain, targets)).loss, [5]);
  });

  test('classWeight weights a binary column, and steps', async () => {
    setDefaultDevice(device);
    const x = input({ shape: [1] });
    const outputs = layers.dense({ units: 1, activation: 'sigmoid', ...zeroed })(x);
    const model = new Model({ inputs: x, outputs }).compile({ optimizer: still, loss: 'binaryCrossentropy' });
    const weighted = await model.fit([[1], [2]], [[1], [1]], { classWeight: { 0: 1, 1: 4 } });
    expectClose(weighted.loss, [4 * Math.log(2)]);
    const steps = input({ shape: [3, 1] });
    const tagged = new Model({
      inputs: steps,
      outputs: layers.dense({ units: 2, activation: 'softmax', ...zeroed })(steps),
    });
    tagged.compile({ optimizer: still, loss: 'sparseCategoricalCrossentropy' });
    const { loss } = await tagged.fit([[[1], [2], [3]]], [[0, 1, 1]], { classWeight: { 1: 4 } });
    expectClose(loss, [3 * Math.log(2)]);
    await expect(tagged.fit([[[1], [2], [3]]], [[0, 1, 1]], { classWeight: { 2: 4 } })).rejects.toThrow(
      'fit: classWeight has a weight of class 2; expected classes from 0 to 1',
    );
  });

  test('padded steps count neither in the loss nor in metrics, whatever lies between', async () => {
    setDefaultDevice(device);
    const ids = input({ shape: [4], dtype: 'i32' });
    const extra = input({ shape: [4, 2] });
    const words = layers.embedding({ inputDim: 5, outputDim: 2, maskZero: true })(ids);
    const both = layers.add([extra, layers.multiply([words, extra])]);
    const outputs = layers.dense({ units: 2, activation: 'softmax', ...zeroed })(layers.concatenate([extra, both]));
    expect(outputs.mask?.shape).toEqual([4]);
    const model = new Model({ inputs: [ids, extra], outputs });
    const among: readonly ('accuracy' | 'precision' | 'f1Score')[] = ['accuracy', 'precision', 'f1Score'];
    model.compile({ optimizer: still, loss: 'sparseCategoricalCrossentropy', metrics: among });
    // The largest of equal outputs is class 0: of the three steps that count two are right.
    const rows = [
      [
        [3, 1, 0, 0],
        [2, 0, 0, 0],
      ],
      zeros([2, 4, 2]),
    ];
    const logs = await model.evaluate(rows, [
      [0, 1, 1, 1],
      [0, 1, 1, 1],
    ]);
    expectClose([logs.loss, logs.accuracy], [Math.log(2), 2 / 3]);
    expectClose([logs.f1Score], [(0.8 + 0) / 2]);
    const squared = new Model({ inputs: [ids, extra], outputs: both }).compile({
      optimizer: still,
      loss: 'meanSquaredError',
      metrics: ['meanAbsoluteError'],
    });
    const targets = [
      [
        [2, 2],
        [2, 2],
        [9, 9],
        [9, 9],
      ],
      [
        [2, 2],
        [9, 9],
        [9, 9],
        [9, 9],
      ],
    ];
    const { loss } = await squared.fit(rows, targets);
    expectClose(loss, [4]);
    expectClose([(await squared.evaluate(rows, targets)).meanAbsoluteError], [2]);
  });

  test('a confident wrong prediction keeps its loss and its gradient', async () => {
    setDefaultDevice(device);
    const start = async (model: Model, kernel: number[]) => {
      const state = await model.state();
      const [name, stored] = [...state].find(([, { shape }]) => shape.length === 2) ?? [];
      if (name === undefined || stored === undefined) throw new Error('there is no kernel');
      model.loadState(new Map([...state, [name, { ...stored, data: Float32Array.from(kernel) }]]));
    };
    const x = input({ shape: [1] });
    for (const [loss, target] of [
      ['categoricalCrossentropy', [[0, 1]]],
      ['sparseCategoricalCrossentropy', [1]],
    ] as const) {
      const model = new Model({ inputs: x, outputs: layers.dense({ units: 2, activation: 'softmax' })(x) });
      model.compile({ optimizer: (p) => new SGD(p, { learningRate: 1 }), loss });
      await start(model, [100, 0]);
      const { loss: history } = await model.fit([[1]], target, { epochs: 2 });
      // Kernel and bias each move by 1 towards the target, so the distance of the logits falls by 4.
      expectClose(history, [100, 96]);
    }
    const yes = new Model({ inputs: x, outputs: layers.dense({ units: 1, activation: 'sigmoid' })(x) });
    yes.compile({ optimizer: (p) => new SGD(p, { learningRate: 1 }), loss: 'binaryCrossentropy' });
    await start(yes, [-100]);
    expectClose((await yes.fit([[1]], [[1]], { epochs: 2 })).loss, [100, 98]);
  });

  test('the metrics of a single column are binary', async () => {
    setDefaultDevice(device);
    const said = tensor([[0.9], [0.8], [0.2], [0.1]]);
    const f1 = async (targets: Tensor) =>
      metrics.f1Score.value(Array.from(await metrics.f1Score.sums(said, targets).data(), Number), 4);
    expect(await f1(tensor([[1], [0], [1], [0]]))).toBeCloseTo(0.5, 6);
    expect(await f1(tensor([[0], [0], [1], [1]]))).toBe(0);
    expect(await f1(tensor(Int32Array.of(1, 1, 0, 0)))).toBe(1);
    const right = await metrics.accuracy.sums(said, tensor(Int32Array.of(1, 0, 1, 0))).data();
    expect(metrics.accuracy.value(Array.from(right, Number), 4)).toBe(0.5);
    const few = await metrics.topKCategoricalAccuracy.sums(tensor([[0.1, 0.9]]), tensor(Int32Array.of(0))).data();
    expect(metrics.topKCategoricalAccuracy.value(Array.from(few, Number), 1)).toBe(1);
  });

  test('a target out of range is an error', async () => {
    setDefaultDevice(device);
    const x = input({ shape: [1] });
    const model = new Model({ inputs: x, outputs: layers.dense({ units: 4, activation: 'softmax' })(x) });
    model.compile({ loss: 'sparseCategoricalCrossentropy' });
    for (const label of [4, -1])
      await expect(model.fit([[1]], [label])).rejects.toThrow(`label ${label} at position 0 is out of range`);
    await expect(model.fit([[1]], [0.5])).rejects.toThrow("'dense' must be integers, got 0.5");
    const steps = input({ shape: [2, 1] });
    const tagged = new Model({ inputs: steps, outputs: layers.dense({ units: 4, activation: 'softmax' })(steps) });
    tagged.compile({ loss: 'sparseCategoricalCrossentropy' });
    await expect(tagged.fit([[[1], [2]]], [[0, 7]])).rejects.toThrow('label 7 at position 1 is out of range');
  });
});

test('an optimizer, a class and a foreign one', async () => {
  const model = line();
  const adam = new Adam(model.parameters());
  expect(model.compile({ optimizer: adam, loss: 'meanSquaredError' }).optimizer).toBe(adam);
  await model.fit([[1]], [[2]]);
  expect(adam.steps).toBe(1);
  expect(() => line().compile({ optimizer: adam, loss: 'huber' })).toThrow('is not a parameter of this model');
  expect(() => line().compile({ optimizer: Adam as never, loss: 'huber' })).toThrow('new Adam(model.parameters())');
  expect(() => line().compile({ optimizer: {} as never, loss: 'huber' })).toThrow('optimizer must be a name');
});

test('metrics have names of their own', async () => {
  const model = line();
  const count: Metric = { name: 'rows', sums: (output) => zeros([1]).add(output.shape[0]), value: ([sum]) => sum };
  const largest: Metric = { sums: (output) => output.max().reshape([1]), value: ([sum]) => sum };
  model.compile({
    loss: 'meanSquaredError',
    metrics: [(x) => x.sum(-1), (x) => x.sum(-1).mul(0).add(7), metrics.meanAbsoluteError, largest, count],
  });
  const logs = await model.evaluate([[1], [2], [3]], [[1], [1], [1]], { batchSize: 2 });
  expect(Object.keys(logs)).toEqual(['loss', 'metric', 'metric_1', 'meanAbsoluteError', 'metric_2', 'rows']);
  expectClose([logs.metric, logs.metric_1, logs.meanAbsoluteError, logs.rows], [0, 7, 1, 3]);
  const compile = (name: string) => () => model.compile({ loss: 'huber', metrics: [{ ...count, name }] });
  expect(compile('loss')).toThrow("the name 'loss' is already taken in the logs");
  expect(compile('val_loss')).toThrow("the name 'val_loss' is already taken");
  expect(() => model.compile({ loss: 'huber', metrics: [3 as never] })).toThrow('a metric must be a name');
});

test('callbacks are awaited in order, and get the model with its optimizer', async () => {
  const told: string[] = [];
  let running = 0;
  const later = async (what: string) => {
    expect(running++).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running--;
    told.push(what);
  };
  const callback: Callbacks = {
    onTrainBegin: (_, { epochs, batches }) => later(`begin ${epochs} ${batches}`),
    onBatchEnd: ({ batch }) => later(`batch ${batch}`),
    onEpochEnd: async (epoch, _, { optimizer }) => {
      optimizer.learningRate = 0.5;
      await later(`epoch ${epoch}`);
      return undefined;
    },
    onTrainEnd: () => later('end'),
  };
  const model = line().compile({ loss: 'meanSquaredError' });
  await model.fit([[1], [2]], [[1], [2]], { batchSize: 1, callbacks: [callback] });
  expect(told).toEqual(['begin 1 2', 'batch 0', 'batch 1', 'epoch 0', 'end']);
  expect(model.optimizer.learningRate).toBe(0.5);
});

test('fit, evaluate and predict restore the mode of each module', async () => {
  const x = input({ shape: [1] });
  const outputs = layers.dense({ units: 1 })(layers.dropout({ rate: 0.5 })(x));
  const model = new Model({ inputs: x, outputs }).compile({ loss: 'meanSquaredError' });
  const modes = () => [...model.modules()].map(({ training }) => training);
  const runAll = async () => {
    await model.fit([[1], [2]], [[1], [2]], { validationSplit: 0.5 });
    await model.evaluate([[1]], [[1]]);
    await model.predict([[1]]);
    await expect(model.predict([[1, 2]])).rejects.toThrow();
  };
  await runAll();
  expect(modes()).toEqual([true, true, true]);
  model.layers[0].eval();
  await runAll();
  expect(modes()).toEqual([true, false, true]);
  model.eval();
  await runAll();
  expect(modes()).toEqual([false, false, false]);
});

test('a split of few rows holds one out, and a class that is only held out is a warning', async () => {
  const warnings: string[] = [];
  const callbacks = [
    { onWarning: (message: string) => void warnings.push(message) },
    progress((line) => warnings.push(line)),
  ];
  const model = line().compile({ optimizer: still, loss: 'meanSquaredError' });
  const few = await model.fit([[1], [2], [3]], [[0], [0], [5]], { validationSplit: 0.2 });
  expectClose([few.loss[0], few.val_loss[0]], [0, 25]);
  await expect(model.fit([[1]], [[0]], { validationSplit: 0.2 })).rejects.toThrow('leaves none to train on');
  expect(await model.fit(zeros([10, 1]), zeros([10, 1]), { validationSplit: 0.9 })).toHaveProperty('val_loss');
  await model.fit([[1], [2]], [[0], [0]], { validationSplit: 0.5, callbacks: callbacks.slice(0, 1) });
  expect(warnings).toEqual([]);
  const both = { validationSplit: 0.5, validationData: [[[1]], [[0]]] } as const;
  await expect(model.fit([[1], [2]], [[0], [0]], both)).rejects.toThrow('exclude each other');
  const x = input({ shape: [1] });
  const sorted = new Model({ inputs: x, outputs: layers.dense({ units: 3, activation: 'softmax' })(x) });
  sorted.compile({ loss: 'sparseCategoricalCrossentropy' });
  await sorted.fit(zeros([5, 1]), [0, 0, 1, 1, 2], { validationSplit: 0.2, callbacks });
  const warning = expect.stringMatching(/^fit: no row to train on has class 2: /);
  expect(warnings.slice(0, 2)).toEqual([warning, expect.stringMatching(/^warning: fit: no row /)]);
});

test('unknown options are errors under the name that was called', async () => {
  const model = line();
  const compiled = model.compile({ loss: 'huber' });
  const options = (given: object) => given as never;
  expect(() => model.compile(options({ loss: 'huber', optimzer: 'sgd' }))).toThrow(
    "compile: there is no option 'optimzer' (did you mean 'optimizer'?)",
  );
  await expect(compiled.fit([[1]], [[1]], options({ epoch: 3 }))).rejects.toThrow(
    "fit: there is no option 'epoch' (did you mean 'epochs'?)",
  );
  await expect(compiled.fit([[1]], [[1]], options({ epochs: '3' }))).rejects.toThrow(
    "fit: epochs must be a positive integer, got '3'",
  );
  await expect(compiled.evaluate([[1]], [[1]], options({ batchsize: 3 }))).rejects.toThrow(
    'evaluate: there is no option',
  );
  await expect(compiled.predict([[1]], options({ verbose: 1 }))).rejects.toThrow(
    "predict: there is no option 'verbose'",
  );
  await expect(compiled.fit(undefined as never, [[1]])).rejects.toThrow(
    "'input' must be a tensor or an array, got undefined",
  );
  await expect(compiled.fit([[1]], [[1]], { classWeight: options({ a: 1 }) })).rejects.toThrow(
    'fit: classWeight must be',
  );
  const monitor = earlyStopping({ monitor: 'val_los' });
  await expect(compiled.fit([[1]], [[1]], { validationSplit: 0, callbacks: [monitor] })).rejects.toThrow(
    "earlyStopping: there is no number in the logs 'val_los'",
  );
  await expect(compiled.fit([[1]], [[1]], { callbacks: [options({ onEpochEnds: () => undefined })] })).rejects.toThrow(
    "there is no option 'onEpochEnds' (did you mean 'onEpochEnd'?)",
  );
  await expect(compiled.fit([[1]], [[1]], { callbacks: [earlyStopping as never] })).rejects.toThrow(
    'fit: callbacks must be a list of objects',
  );
  expect(() => model.compile(options({ loss: { line: 'huber' } }))).toThrow('compile: the loss must be a name, got an');
  expect(() => model.compile(undefined as never)).toThrow('compile: expected an object of options');
  expect(() => earlyStopping(options({ patience: -1 }))).toThrow(
    'earlyStopping: patience must be a non-negative integer',
  );
  expect(() => input(options({ shape: 3 }))).toThrow('input: shape must be an array of positive integers');
  expect(() => layers.dense(options({ units: 3, activaton: 'relu' }))).toThrow(
    "dense: there is no option 'activaton' (did you mean 'activation'?)",
  );
  expect(() => layers.lstm(options({ units: 3, returnSequence: true }))).toThrow("(did you mean 'returnSequences'?)");
  expect(() => layers.maxPooling2d(options({ size: 3 }))).toThrow("maxPooling2d: there is no option 'size'");
  expect(() => new Model(options({ input: [], outputs: [] }))).toThrow("(did you mean 'inputs'?)");
  expect(() => layers.dense({ units: 1 })(tensor([[1]]) as never)).toThrow('expected symbols');
});
