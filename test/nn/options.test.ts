import { expect, test } from 'vitest';
import { expectOptions, lookUp } from '../../src/nn/options.js';

test('an unknown option is refused, with the nearest name', () => {
  const known = ['learningRate', 'momentum'];
  expect(() => expectOptions('SGD', { learningrate: 1 }, known)).toThrow(
    "SGD: there is no option 'learningrate' (did you mean 'learningRate'?); there are learningRate, momentum",
  );
  expect(() => expectOptions('SGD', { lr: 1 }, known)).toThrow("SGD: there is no option 'lr'; there are");
  expect(() => expectOptions('SGD', 3 as never, known)).toThrow('SGD: options must be an object, got 3');
  expectOptions('SGD', { momentum: 0.9 }, known);
});

test('a name that a table has not is refused, with the nearest one', () => {
  expect(lookUp('compile', 'optimizer', { adam: 1, sgd: 2 }, 'sgd')).toBe(2);
  expect(() => lookUp('compile', 'optimizer', { adam: 1, sgd: 2 }, 'adm')).toThrow(
    "compile: there is no optimizer 'adm' (did you mean 'adam'?); there are adam, sgd",
  );
  expect(() => lookUp('compile', 'optimizer', { adam: 1 }, 'toString')).toThrow("there is no optimizer 'toString'");
});
