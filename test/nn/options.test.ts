import { expect, test } from 'vitest';
import { SigmaFusion } from '../../src/models/index.js';
import {
  Adam,
  ConfusionMatrix,
  Conv2D,
  cosineDecay,
  crossEntropy,
  Dropout,
  GroupNorm,
  huber,
  infoNCE,
  type Layer,
  LayerNorm,
  Linear,
  LSTM,
  MaxPool2D,
  oneCycle,
  RMSprop,
  randomNormal,
  Sequential,
  SGD,
  varianceScaling,
} from '../../src/nn/index.js';
import { TesseraError, tensor, Variable } from '../../src/tensor/index.js';
import { expectOptions, lookUp } from '../../src/tensor/options.js';

const w = () => [new Variable(Float32Array.of(1), [1], 'w')];

test('an unknown option is an error with the nearest name', () => {
  const known = ['learningRate', 'momentum'];
  expect(() => expectOptions('SGD', { learningrate: 1 }, known)).toThrow(
    "SGD: there is no option 'learningrate' (did you mean 'learningRate'?); there are learningRate, momentum",
  );
  expect(() => expectOptions('SGD', { lr: 1 }, known)).toThrow("SGD: there is no option 'lr'; there are");
  expect(() => expectOptions('SGD', 3 as never, known)).toThrow('SGD: options must be an object, got 3');
  expectOptions('SGD', { momentum: 0.9 }, known);
});

test('an unknown name in a table is an error with the nearest one', () => {
  expect(lookUp('compile', 'optimizer', { adam: 1, sgd: 2 }, 'sgd')).toBe(2);
  expect(() => lookUp('compile', 'optimizer', { adam: 1, sgd: 2 }, 'adm')).toThrow(
    "compile: there is no optimizer 'adm' (did you mean 'adam'?); there are adam, sgd",
  );
  expect(() => lookUp('compile', 'optimizer', { adam: 1 }, 'toString')).toThrow("there is no optimizer 'toString'");
});

test.each<[string, () => unknown, string]>([
  [
    'a misspelt name',
    () => new Dropout({ rat: 0.5 } as unknown as { rate: number }),
    "no option 'rat' (did you mean 'rate'?)",
  ],
  [
    'a string',
    () => new Linear({ inputs: '3' as unknown as number, outputs: 2 }),
    "Linear: inputs must be a positive integer, got '3'",
  ],
  [
    'a missing option',
    () => new LSTM({ inputs: 3 } as { inputs: number; outputs: number }),
    'LSTM: outputs must be a positive integer, got undefined',
  ],
  [
    'a number for the options',
    () => new Dropout(0.5 as unknown as { rate: number }),
    'Dropout: expected an object of options { rate, seed }, got 0.5',
  ],
  [
    'a fractional size',
    () => new Conv2D({ inputs: 1, outputs: 1, kernelSize: 1.5 }),
    'kernelSize must be a positive integer or [height, width], got 1.5',
  ],
  [
    'an unknown padding',
    () => new MaxPool2D({ padding: 'full' as 'same' }),
    "MaxPool2D: padding must be 'valid' or 'same', got 'full'",
  ],
  [
    'a negative epsilon',
    () => new LayerNorm({ features: 2, epsilon: -1 }),
    'LayerNorm: epsilon must be a finite number of 0 or above, got -1',
  ],
  ['groups that do not divide', () => new GroupNorm({ features: 6 }), '32 groups do not divide 6 features'],
  ['no layer', () => new Sequential([] as unknown as Layer), 'Sequential: layer 0 must be a Layer, got an array'],
  ['beta1 = 2', () => new Adam(w(), { beta1: 2 }), 'Adam: beta1 must be a number within [0, 1), got 2'],
  [
    'epsilon -1',
    () => new RMSprop(w(), { epsilon: -1 }),
    'RMSprop: epsilon must be a finite number of 0 or above, got -1',
  ],
  [
    'an infinite rate',
    () => new SGD(w(), { learningRate: Infinity }),
    'SGD: learningRate must be a finite number of 0 or above, or a schedule, got Infinity',
  ],
  ['an option of another optimizer', () => new SGD(w(), { beta1: 0.9 } as object), "SGD: there is no option 'beta1'"],
  ['nesterov alone', () => new SGD(w(), { nesterov: true }), 'nesterov needs a momentum'],
  ['a variable for a list', () => new Adam(w()[0] as unknown as Variable[]), 'expected an array of variables'],
  ['a parameter twice', () => new Adam(w().flatMap((one) => [one, one])), "Adam: 'w' is given twice"],
  [
    'huber of -1',
    () => huber(tensor([1]), tensor([2]), { delta: -1 }),
    'huber: delta must be a finite number above 0, got -1',
  ],
  ['a batch of one', () => infoNCE(tensor([[1]]), tensor([[1]])), 'at least two pairs'],
  [
    'a smoothing of 1',
    () => crossEntropy(tensor([[1, 2]]), tensor([[1, 0]]), { labelSmoothing: 1 }),
    'labelSmoothing must be a number within [0, 1), got 1',
  ],
  ['a billion classes', () => new ConfusionMatrix({ classes: 1e9 }), 'classes must be a positive integer up to 4096'],
  [
    'a loss scale in a string',
    () => new SGD(w(), { lossScale: '5' as unknown as number }),
    "expected 'dynamic' or a number above 0",
  ],
  [
    'an unknown distribution',
    () => varianceScaling({ mode: 'fan' as 'fanIn' }),
    "varianceScaling: mode must be 'fanIn' or",
  ],
  ['a deviation of NaN', () => randomNormal(0, Number.NaN), 'randomNormal: deviation must be a finite number'],
  ['a decay of 0 steps', () => cosineDecay(1, 0), 'cosineDecay: steps must be a positive integer, got 0'],
  ['a cycle of NaN', () => oneCycle(Number.NaN, 5), 'oneCycle: rate must be a finite number of 0 or above, got NaN'],
  [
    'a model of a misspelt size',
    () => new SigmaFusion({ inputs: [1, 2], clases: 3 } as unknown as { inputs: [1, 2]; classes: 3 }),
    "did you mean 'classes'?",
  ],
])('%s is refused', (_, make, message) => {
  expect(make).toThrow(TesseraError);
  expect(make).toThrow(message);
});

test('a rate of 0 is a rate, also set later; a schedule that gives none is refused at its step', async () => {
  const [variable] = w();
  const optimizer = new SGD([variable], { learningRate: 0 });
  await optimizer.step(variable.sum());
  expect(await variable.item()).toBe(1);
  expect(() => {
    optimizer.learningRate = Number.NaN;
  }).toThrow('learningRate must be');
  optimizer.learningRate = () => Number.NaN;
  await expect(optimizer.step(variable.sum())).rejects.toThrow("the schedule's learning rate at step 1");
  expect(optimizer.steps).toBe(1);
});
