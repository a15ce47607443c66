import { expect, test } from 'vitest';
import * as data from '../../src/data/index.js';
import * as files from '../../src/data/node/index.js';
import * as tensors from '../../src/index.js';
import * as models from '../../src/models/index.js';
import * as nn from '../../src/nn/index.js';

/*
 * Every public function and class checks its arguments: whatever it is given, it throws no error but a TesseraError.
 */
const { TesseraError } = tensors;
const { initializers, losses, metrics, optimizers, activations, ...rest } = nn;
const tables = { initializers, losses, optimizers, activations };
const sums = Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, metric.sums]));
const named: Readonly<Record<string, unknown>> = {
  ...{ ...tensors, ...tensors.ops, ...models, ...data, ...files, ...rest },
  ...Object.assign({}, ...Object.values(tables), nn.layers, sums),
};
/** Errors, which take what they are made of; and functions that would change the device, or take no arguments. */
const LEFT_OUT = /Error$|^(setDefaultDevice|openDevice|diagnose|emojiData|writeEmojiTable)$/;
const callables = Object.entries(named).filter(([name, value]) => typeof value === 'function' && !LEFT_OUT.test(name));

const odd: readonly unknown[] = [
  ...[undefined, null, 5, -1, 1.5, Number.NaN, 7n, true, Symbol('s'), () => 5],
  ...['', [], [1], [null], {}, { a: null }, Object.create(null), new Date(0), new Float32Array(3)],
];

const isClass = (value: unknown): value is new (...given: unknown[]) => unknown =>
  /^class\b/.test(Function.prototype.toString.call(value));

test('there are many', () => {
  expect(callables.length).toBeGreaterThan(250);
});

test.each(callables)('%s throws no untyped error', async (_, value) => {
  const throws = async (...given: readonly unknown[]): Promise<boolean> => {
    try {
      await (isClass(value) ? new value(...given) : (value as (...given: readonly unknown[]) => unknown)(...given));
      return false;
    } catch (error) {
      if (!(error instanceof TesseraError)) expect.fail(`${given.map(typeName).join(', ')}: ${error}`);
      return true;
    }
  };
  // What is made of one argument, such as a model of the default size, is made once.
  for (const first of odd)
    if ((await throws(first)) || (value as { readonly length: number }).length > 1)
      for (const second of odd) await throws(first, second);
});

const typeName = (value: unknown): string => (Array.isArray(value) ? `array of ${value.length}` : typeof value);
