import { describe, expect, test } from 'vitest';
import { openDevice, ops, type Tensor, tensor, tune, variable, zeros } from '../../src/index.js';

const x = tensor(new Float32Array(16), [1, 4, 4, 1]);
const steps = x.reshape([1, 4, 4]);
const kernel = tensor(new Float32Array(4), [2, 2, 1, 1]);
const [wide, square] = [tensor(new Float32Array(16), [4, 4]), tensor(new Float32Array(4), [1, 4])];
const bias = tensor(new Float32Array(4));
const gates = [[4, 3], [1, 3], [3], [3]].map((shape) => zeros(shape)) as [Tensor, Tensor, Tensor, Tensor];

/** Calls with options of any kind, as JavaScript allows them. */
const CALLS: Readonly<Record<string, (options: never) => unknown>> = {
  ...Object.fromEntries(
    (['sum', 'prod', 'mean', 'max', 'min', 'variance', 'std', 'logSumExp', 'norm'] as const).map((name) => [
      name,
      (options: never) => ops[name](x, -1, options),
    ]),
  ),
  any: (options) => ops.any(x.greater(0), -1, options),
  all: (options) => ops.all(x.greater(0), -1, options),
  argmax: (options) => x.argmax(-1, options),
  argmin: (options) => x.argmin(-1, options),
  sort: (options) => ops.sort(x, -1, options),
  argsort: (options) => ops.argsort(x, -1, options),
  conv1d: (options) => ops.conv1d(steps, tensor(new Float32Array(8), [2, 4, 1]), options),
  conv2d: (options) => x.conv2d(kernel, options),
  conv2dTranspose: (options) => ops.conv2dTranspose(x, kernel, options),
  maxPool2d: (options) => x.maxPool2d(options),
  averagePool2d: (options) => ops.averagePool2d(x, options),
  layerNorm: (options) => ops.layerNorm(x, options),
  rmsNorm: (options) => ops.rmsNorm(x, options),
  groupNorm: (options) => ops.groupNorm(x, 1, options),
  instanceNorm: (options) => ops.instanceNorm(x, options),
  batchNorm: (options) => ops.batchNorm(x, options),
  attention: (options) => ops.attention(x, x, x, options),
  lstm: (options) => ops.lstm(steps, wide, square, bias, options),
  gru: (options) => ops.gru(steps, ...gates, options),
};

test.each(Object.entries(CALLS))('%s refuses an option that it does not have', (name, call) => {
  call({} as never);
  expect(() => call({ frobnicate: 1 } as never)).toThrow(`${name}: there is no option 'frobnicate'`);
});

describe('a value that an option cannot have is refused', () => {
  test.each([
    ['sum', { keepdims: true }, "sum: there is no option 'keepdims' (did you mean 'keepDims'?)"],
    ['mean', { keepDims: 1 }, 'mean: keepDims must be true or false, got 1'],
    ['conv2d', { stride: 'a' }, "conv2d: stride must be a positive integer or [height, width], got 'a'"],
    ['conv1d', { dilation: 0 }, 'conv1d: dilation must be a positive integer, got 0'],
    ['conv2dTranspose', { padding: 'full' }, "conv2dTranspose: padding must be 'valid' or 'same', got 'full'"],
    ['layerNorm', { epsilon: -1 }, 'layerNorm: epsilon must be a finite number of 0 or above, got -1'],
    ['sort', { descending: 'yes' }, "sort: descending must be true or false, got 'yes'"],
  ])('%s %j', (name, options, message) => {
    expect(() => CALLS[name](options as never)).toThrow(message);
  });

  test('random keys', () => {
    expect(() => ops.randomNormal([2], { seed: -1 })).toThrow(
      'randomNormal: seed must be a non-negative integer, got -1',
    );
    expect(() => ops.randomUniform([2], { sead: 1 } as never)).toThrow("randomUniform: there is no option 'sead'");
  });

  test('variables', () => {
    expect(() => variable([1], { nam: 'w' } as never)).toThrow(
      "variable: there is no option 'nam' (did you mean 'name'?)",
    );
    expect(() => variable([1], { name: 5 } as never)).toThrow('variable: name must be a string, got 5');
    expect(variable([1, 2], { name: 'w', shape: [2, 1], dtype: 'i32' }).describe()).toBe('i32 [2, 1]');
  });

  test('devices and tuning', async () => {
    await expect(openDevice({ device: 'gpuu' } as never)).rejects.toThrow(
      'openDevice: device must be one of auto, gpu',
    );
    await expect(openDevice({ devise: 'gpu' } as never)).rejects.toThrow(
      "openDevice: there is no option 'devise' (did you mean 'device'?)",
    );
    await expect(openDevice('gpu' as never)).rejects.toThrow('openDevice: expected an object of options { device,');
    await expect(tune([], { seconds: 1 } as never)).rejects.toThrow("tune: there is no option 'seconds'");
  });
});
