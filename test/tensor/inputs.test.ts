import { expect, test } from 'vitest';
import {
  full,
  ones,
  onesLike,
  ops,
  scalar,
  Tensor,
  tensor,
  variable,
  zeros,
  zerosLike,
} from '../../src/tensor/index.js';

/*
 * Every input of an op is checked at the call: its shape, its dtype and that it is a tensor, under the op's and the
 * input's name.
 */
type Inputs = Readonly<Record<string, Tensor>>;

const floats = (...shape: number[]): Tensor => zeros(shape);
const integers = (...shape: number[]): Tensor => zeros(shape, 'i32');
const bools = (...shape: number[]): Tensor => zeros(shape).cast('bool');

const numbers = { rate: 0.1, decay: 0, limit: 1, beta1: 0.9, beta2: 0.9, epsilon: 1, correction1: 1, correction2: 1 };
const [x, kernel4, recurrent4] = [floats(2, 3, 5), floats(5, 16), floats(4, 16)];

/** Inputs that fit, by the names that errors call them, and the op that takes them. */
const calls: Readonly<Record<string, readonly [Inputs, (given: Inputs) => unknown]>> = {
  lstm: [
    {
      x,
      kernel: kernel4,
      recurrent: recurrent4,
      bias: floats(16),
      mask: floats(2, 3),
      'initial.hidden': floats(2, 4),
      'initial.cell': floats(2, 4),
    },
    ({ x, kernel, recurrent, bias, mask, 'initial.hidden': hidden, 'initial.cell': cell }) =>
      ops.lstm(x, kernel, recurrent, bias, { mask, initial: { hidden, cell } }),
  ],
  gru: [
    {
      x,
      kernel: floats(5, 12),
      recurrent: floats(4, 12),
      bias: floats(12),
      recurrentBias: floats(12),
      mask: floats(2, 3),
      initial: floats(2, 4),
    },
    ({ x, kernel, recurrent, bias, recurrentBias, mask, initial }) =>
      ops.gru(x, kernel, recurrent, bias, recurrentBias, { mask, initial }),
  ],
  layerNorm: [
    { x: floats(3, 5), scale: floats(5), shift: floats(5) },
    ({ x, ...options }) => ops.layerNorm(x, options),
  ],
  rmsNorm: [{ x: floats(3, 5), scale: floats(5) }, ({ x, scale }) => ops.rmsNorm(x, { scale })],
  groupNorm: [
    { x: floats(3, 2, 6), scale: floats(6), shift: floats(6) },
    ({ x, ...options }) => ops.groupNorm(x, 2, options),
  ],
  instanceNorm: [
    { x: floats(3, 2, 6), scale: floats(6), shift: floats(6) },
    ({ x, ...options }) => ops.instanceNorm(x, options),
  ],
  batchNorm: [
    { x: floats(3, 6), scale: floats(6), shift: floats(6), mean: floats(6), variance: floats(6) },
    ({ x, scale, shift, mean, variance }) => ops.batchNorm(x, { scale, shift, statistics: { mean, variance } }),
  ],
  attention: [
    { q: floats(2, 1, 3, 4), k: floats(2, 1, 5, 4), v: floats(2, 1, 5, 6), mask: bools(3, 5) },
    ({ q, k, v, mask }) => ops.attention(q, k, v, { mask }),
  ],
  crossEntropyRows: [
    { logits: floats(3, 4), labels: integers(3) },
    ({ logits, labels }) => ops.crossEntropyRows(logits, labels),
  ],
  gather: [{ table: floats(3, 4), indices: integers(3) }, ({ table, indices }) => ops.gather(table, indices)],
  scatterAdd: [
    { values: floats(3, 4), indices: integers(3) },
    ({ values, indices }) => ops.scatterAdd(values, indices, 7),
  ],
  take: [{ x: floats(3, 4), indices: integers(3) }, ({ x, indices }) => ops.take(x, indices)],
  linear: [{ x: floats(2, 3), w: floats(3, 4), b: floats(4) }, ({ x, w, b }) => ops.linear(x, w, b)],
  conv2d: [{ x: floats(1, 4, 4, 3), kernel: floats(2, 2, 3, 5) }, ({ x, kernel }) => ops.conv2d(x, kernel)],
  conv1d: [{ x: floats(1, 4, 3), kernel: floats(2, 3, 5) }, ({ x, kernel }) => ops.conv1d(x, kernel)],
  conv2dTranspose: [
    { x: floats(1, 4, 4, 3), kernel: floats(2, 2, 5, 3) },
    ({ x, kernel }) => ops.conv2dTranspose(x, kernel),
  ],
  matmul: [{ a: floats(2, 3), b: floats(3, 4) }, ({ a, b }) => ops.matmul(a, b)],
  outer: [{ a: floats(2), b: floats(3) }, ({ a, b }) => ops.outer(a, b)],
  takeAlongAxis: [{ x: floats(2, 3), indices: integers(2, 1) }, ({ x, indices }) => ops.takeAlongAxis(x, indices)],
  sgdUpdate: [
    { scale: floats(1), parameter: floats(3), gradient: floats(3) },
    ({ scale, parameter, gradient }) => ops.sgdUpdate(scale, parameter, gradient, numbers),
  ],
  ...Object.fromEntries(
    (['momentumUpdate', 'nesterovUpdate', 'rmspropUpdate', 'adagradUpdate'] as const).map((name) => [
      name,
      [
        { scale: floats(1), parameter: floats(3), gradient: floats(3), moment: floats(3) },
        ({ scale, parameter, gradient, moment }: Inputs) =>
          ops[name](scale, parameter, gradient, moment, { ...numbers, momentum: 0.9, rho: 0.9 }),
      ],
    ]),
  ),
  adamUpdate: [
    { scale: floats(1), parameter: floats(3), gradient: floats(3), m: floats(3), v: floats(3) },
    ({ scale, parameter, gradient, m, v }) => ops.adamUpdate(scale, parameter, gradient, m, v, numbers),
  ],
};

const inputs = Object.entries(calls).flatMap(([op, [given]]) => Object.keys(given).map((name) => [op, name] as const));

test.each(inputs)('%s checks its %s', (op, name) => {
  const [given, call] = calls[op];
  expect(() => call(given)).not.toThrow();
  const own = given[name];
  const others: Tensor[] = [zeros(own.shape, own.dtype === 'i32' ? 'f32' : 'i32')];
  // Of ops that take indices of any shape, only the dtype can be wrong; a longer batch fits every x.
  if (
    !['gather indices', 'take indices', 'take x', 'takeAlongAxis x', 'gather table', 'attention mask'].includes(
      `${op} ${name}`,
    )
  )
    others.push(zeros([7, 7, ...own.shape, 7], own.dtype === 'bool' ? 'f32' : own.dtype));
  for (const other of others) expect(() => call({ ...given, [name]: other })).toThrow(`${op}: `);
});

test('what is no tensor is an error', () => {
  const no = undefined as never;
  expect(() => ops.gru(x, kernel4, no, no, no)).toThrow('gru: recurrent must be a tensor, got undefined');
  expect(() => ops.gather(no, integers(3))).toThrow('gather: table must be a tensor, got undefined');
  expect(() => ops.scatterAdd(floats(3, 4), integers(3), -1)).toThrow('rows must be a non-negative integer, got -1');
});

/* Ops are composed of others, whose names mean nothing to who called this one. */
const functions = { ...ops, full, ones, onesLike, scalar, tensor, variable, zeros, zerosLike };
const misfits: readonly (readonly unknown[])[] = [
  [],
  [undefined, undefined],
  [null, {}],
  ['x', 'y', 'z'],
  [-1, -1, -1],
  [[1, 2], 'x'],
  [floats(2, 3)],
  [floats(2, 3), floats(5, 7)],
  [floats(2, 3), floats(2, 3), floats(9)],
  [floats(2, 3), 9, 9],
  [floats(2, 3), -9, { seed: 0 }],
  [floats(2, 3), 'x', 'y'],
  [floats(2, 3), { axis: 5 }],
  [floats(2, 3), [7, 7], 'x'],
  [floats(2, 3), [[1, 2]], null],
  [integers(0), floats(3, 1)],
  [integers(2, 3), 0.5, 0.5],
  [integers(2, 3), integers(2, 4)],
  [bools(2, 3), bools(5), bools(7)],
  [bools(2), floats(2), 'x'],
  [bools(2), integers(2), floats(3)],
  [floats(2, 3, 4), floats(2), floats(2), floats(3), floats(1)],
  [floats(2, 3, 4, 1), floats(2, 2, 2, 2), { stride: -1 }],
  [floats(2, 3, 4, 1), 0.5, 'x'],
  [[floats(2), 3], 7],
  [[floats(2, 3), integers(2)], -7],
  [zeros([2, 3], 'f16'), zeros([2, 3], 'f16'), 3],
  ['ij,jk->ik', floats(2, 3), floats(2, 3)],
  [5, floats(2)],
];

test.each(Object.entries(functions))('an error of %s begins with its name', (name, call) => {
  for (const given of misfits) {
    try {
      (call as (...given: readonly unknown[]) => unknown)(...given);
    } catch (error) {
      expect(String(error)).toMatch(new RegExp(`^TesseraError: ${name}: `));
    }
  }
});

/** The methods that are aliases, by the name that their errors begin with. */
const ALIASES: Readonly<Record<string, string>> = {
  sub: 'subtract',
  mul: 'multiply',
  div: 'divide',
  neg: 'negative',
  and: 'logicalAnd',
  or: 'logicalOr',
  not: 'logicalNot',
  xor: 'logicalXor',
  detach: 'stopGradient',
};
const methods = Object.entries(Object.getOwnPropertyDescriptors(Tensor.prototype)).filter(
  ([name, { value }]) => typeof value === 'function' && name in ops,
);

test('methods have the names of the ops', () => {
  expect(methods.length).toBeGreaterThan(75);
  for (const [alias, name] of Object.entries(ALIASES)) {
    expect(Tensor.prototype).toHaveProperty(alias);
    expect(ops).toHaveProperty(name);
    expect(ops).not.toHaveProperty(alias);
  }
});

test.each([...methods.map(([name]) => [name, name]), ...Object.entries(ALIASES)])(
  'an error of the method %s begins with %s',
  (method, name) => {
    for (const [x, ...given] of misfits) {
      if (!(x instanceof Tensor)) continue;
      try {
        (x as unknown as Record<string, (...given: readonly unknown[]) => unknown>)[method](...given);
      } catch (error) {
        expect(String(error)).toMatch(new RegExp(`^TesseraError: ${name}: `));
      }
    }
  },
);
