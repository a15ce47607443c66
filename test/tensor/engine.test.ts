import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBack } from '../../src/tensor/evaluate.js';
import {
  checkFinite,
  type Device,
  evaluate,
  explain,
  grad,
  ones,
  openDevice,
  ops,
  randomUniform,
  setDefaultDevice,
  type Tensor,
  tensor,
  Variable,
  where,
  zeros,
} from '../../src/tensor/index.js';
import { trackedAssigns } from '../../src/tensor/ops/track.js';
import { gpu, reference } from '../support/devices.js';
import { expectClose, normals, toList } from '../support/numbers.js';

const variable = (values: number[], name = 'w') => new Variable(Float32Array.from(values), [values.length], name);

describe.each([
  ['gpu', gpu],
  ['reference', reference],
] as [string, Device][])('on the %s device', (_, device) => {
  beforeAll(() => setDefaultDevice(device));
  afterAll(() => setDefaultDevice(undefined));

  test('broadcasts in every pattern', async () => {
    const a = normals(2 * 3 * 4, 1);
    for (const shape of [[], [4], [3, 1], [2, 1, 4], [1, 3, 4], [2, 1, 1], [3, 4]]) {
      const size = shape.reduce((x, y) => x * y, 1);
      const b = normals(size, 2);
      const padded = [1, 1, 1, ...shape].slice(-3);
      const expected = Array.from(a, (value, index) => {
        const at = [Math.floor(index / 12), Math.floor(index / 4) % 3, index % 4].map((i, axis) =>
          padded[axis] === 1 ? 0 : i,
        );
        return value - b[(at[0] * padded[1] + at[1]) * padded[2] + at[2]];
      });
      expectClose(await tensor(a, [2, 3, 4]).sub(tensor(b, shape)).data(), expected);
    }
  });

  test('computes with integers and bools', async () => {
    const i = tensor(Int32Array.of(7, -7, 3));
    expect(toList(await i.div(2).data())).toEqual([3, -3, 1]);
    expect(toList(await i.mul(2).add(1).data())).toEqual([15, -13, 7]);
    const b = tensor([true, false, true]);
    expect(toList(await b.and(b.not()).or(i.greater(0)).data())).toEqual([1, 0, 1]);
    expect(toList(await where(b, i, 0).data())).toEqual([7, 0, 3]);
    expect(toList(await tensor([1.9, -1.9, 0]).cast('i32').data())).toEqual([1, -1, 0]);
    expect(toList(await tensor([0.5, 0]).cast('bool').data())).toEqual([1, 0]);
  });

  test('takes empty tensors', async () => {
    const empty = tensor(new Float32Array(0), [0, 3]);
    expect((await empty.mul(2).data()).length).toBe(0);
    expect(toList(await empty.sum(0).data())).toEqual([0, 0, 0]);
    expect((await empty.matmul(ones([3, 2])).data()).length).toBe(0);
    expect(
      toList(
        await ones([2, 0])
          .matmul(ones([0, 2]))
          .data(),
      ),
    ).toEqual([0, 0, 0, 0]);
  });

  test('moves elements', async () => {
    const x = tensor(
      Float32Array.from({ length: 24 }, (__, index) => index),
      [2, 3, 4],
    );
    expect(toList(await x.permute([2, 0, 1]).slice([1, 0, 0], [4, 1, 3], [2, 1, 2]).data())).toEqual([1, 9, 3, 11]);
    expect(toList(await x.slice([-1, -2]).sum([0, 2]).data())).toEqual([16 + 17 + 18 + 19, 20 + 21 + 22 + 23]);
    expect(
      toList(
        await tensor([[1, 2]])
          .pad(
            [
              [1, 0],
              [0, 1],
            ],
            9,
          )
          .data(),
      ),
    ).toEqual([9, 9, 9, 1, 2, 9]);
    expect(toList(await x.reshape([-1, 8]).max(0).data())).toEqual([16, 17, 18, 19, 20, 21, 22, 23]);
  });

  test('moves elements of any number of axes', async () => {
    const shape = [2, 2, 2, 2, 2, 2, 2];
    const bits = Array.from({ length: 2 ** 7 }, (__, index) => index);
    const x = tensor(bits, shape);
    const reversed = (index: number) => shape.reduce((sum, __, bit) => sum + (((index >> bit) & 1) << (6 - bit)), 0);
    const turned = x.permute([6, 5, 4, 3, 2, 1, 0]);
    expect(toList(await turned.data())).toEqual(bits.map(reversed));
    expect(toList(await turned.slice([1, 0, 1, 0, 1, 0, 1]).sum([1, 3, 5]).data())).toEqual([
      bits.filter((index) => (index & 0b1010101) === 0b1010101).reduce((sum, index) => sum + index, 0),
    ]);
    expect(toList(await ops.flip(x, [0, 2, 4, 6]).data())).toEqual(bits.map((index) => index ^ 0b1010101));
    const padded = x.pad(
      shape.map(() => [0, 1]),
      -1,
    );
    expect(toList(await padded.slice([], shape).data())).toEqual(bits);
    expect(await padded.equal(-1).cast('f32').sum().item()).toBe(3 ** 7 - 2 ** 7);
    expect(toList(await ops.concat([turned, x], 3).slice([0, 0, 0, 2]).data())).toEqual(bits);
    expect(toList(await grad(turned.mul(x).sum(), [x])[0].data())).toEqual(bits.map((index) => 2 * reversed(index)));
  });

  test('evaluates several targets at once, each thing once', async () => {
    const x = tensor([1, 2]);
    const y = x.mul(3);
    const z = y.add(1);
    await readBack([y, z]);
    expect([toList(await y.data()), toList(await z.data())]).toEqual([
      [3, 6],
      [4, 7],
    ]);
  });

  test('keeps a value on the device until it is disposed of, and uses it in later graphs', async () => {
    const x = await tensor([1, 2]).mul(3).evaluate();
    expect(x.resident).toBeDefined();
    expect(toList(await x.add(1).data())).toEqual([4, 7]);
    x.dispose();
    expect(x.resident).toBeUndefined();
    expect(toList(await x.data())).toEqual([3, 6]); // computed again
  });

  test('a detached value stands for itself, whoever else held it', async () => {
    const x = tensor([1, 2]);
    for (const keepOnDevice of [true, false]) {
      const y = x.mul(3);
      const detached = y.detach();
      if (keepOnDevice) await y.evaluate();
      else await y.data();
      expect(toList(await detached.add(1).data())).toEqual([4, 7]);
      expect(detached.source.kind).toBe('detached');
      expect(() => grad(detached.sum(), [x])).toThrow('does not depend on');
      y.dispose();
      expect(toList(await detached.sub(1).data())).toEqual([2, 5]);
      expect(toList(await y.add(2).data())).toEqual([5, 8]);
      detached.dispose();
      if (keepOnDevice)
        await expect(detached.mul(2).data()).rejects.toThrow('detached tensor (f32 [2]) was disposed of');
      else expect(toList(await detached.mul(2).data())).toEqual([6, 12]);
    }
    const itself = await x.add(1).detach().evaluate();
    expect([itself.source.kind, toList(await itself.data())]).toEqual(['detached', [2, 3]]);
  });

  test('large values are written where they are kept, and no later replay touches them', async () => {
    const size = 2 ** 15;
    const x = new Variable(new Float32Array(size).fill(1), [size], 'x');
    const make = () => {
      const doubled = x.mul(2);
      return [doubled, doubled.reshape([2, size / 2]), doubled.add(1).sum()] as const;
    };
    const first = make();
    await evaluate(...first);
    await evaluate(x.assign(x.add(1)));
    const later = make();
    await evaluate(...later);
    expect((await readAll(later))[2]).toEqual([5 * size]);
    const host = make();
    await readBack(host);
    for (const [targets, value] of [
      [first, 2],
      [later, 4],
      [host, 4],
    ] as const) {
      const [whole, reshaped, sum] = await readAll(targets);
      expect(whole.every((one) => one === value) && reshaped.every((one) => one === value)).toBe(true);
      expect(sum).toEqual([size * (value + 1)]);
    }
    for (const target of [...first, ...later]) target.dispose();
  });

  test('elementwise chains of any length are split into kernels of some steps', async () => {
    const x = tensor([1, 2]);
    let y = x;
    for (let step = 0; step < 3000; step++) y = step % 2 === 0 ? y.add(0.5) : y.sub(0.25);
    const [gradient] = grad(y.square().sum(), [x]);
    await readBack([y, gradient]);
    expect([toList(await y.data()), toList(await gradient.data())]).toEqual([
      [376, 377],
      [752, 754],
    ]);
    expect((await explain(y.mul(1).add(x))).dispatches).toHaveLength(1);
  });

  test('an assign comes after all reads of the old value, in place or not', async () => {
    const w = variable([1, 2]);
    const old = w.mul(10);
    const again = w.add(0);
    await evaluate(w.assign(w.add(5)), old, again);
    expect(toList(await w.data())).toEqual([6, 7]);
    expect(toList(await old.data())).toEqual([10, 20]);
    expect(toList(await again.data())).toEqual([1, 2]);
  });

  test('a slice is written into a variable in place, and what reads the new value comes behind it', async () => {
    const make = () =>
      new Variable(
        Float32Array.from({ length: 12 }, (_, at) => at),
        [1, 1, 6, 2],
        'cache',
      );
    const rows = tensor([70, 71], [1, 1, 1, 2]);
    const written = [0, 1, 2, 3, 70, 71, 6, 7, 8, 9, 10, 11];
    const cache = make();
    const next = ops.sliceUpdate(cache, rows, tensor(Int32Array.of(2)));
    const sum = next.mul(2).sum();
    const { dispatches } = await explain(cache.assign(next), sum);
    expect(dispatches.filter(({ buffers }) => Object.values(buffers).includes('cache'))).toHaveLength(2);
    expect(dispatches.filter(({ op }) => op.startsWith('copy'))).toEqual([]);
    await readBack([cache.assign(next), sum]);
    expect(toList(await cache.data())).toEqual(written);
    expect(await sum.item()).toBe(2 * (66 - 9 + 141));

    // Where something else reads the old value, the new one is a copy.
    const other = make();
    const both = ops.sliceUpdate(other, rows, tensor(Int32Array.of(2)));
    const [difference, old] = [both.sub(other).sum(), other.add(0)];
    await readBack([other.assign(both), difference, old]);
    expect([toList(await other.data()), await difference.item()]).toEqual([written, 141 - 9]);
    expect(toList(await old.data())).toEqual(Array.from({ length: 12 }, (_, at) => at));
    const third = make();
    const kept = ops.sliceUpdate(third, rows, tensor(Int32Array.of(2)));
    await readBack([kept, third.assign(kept)]);
    expect([toList(await third.data()), toList(await kept.data())]).toEqual([written, written]);
  });

  test('one value is assigned to a variable in one evaluation, and the assign has none of its own', async () => {
    const [w, x] = [variable([1, 2]), tensor([3, 4])];
    const twice = [w.assign(x), w.assign(x.mul(2))];
    await expect(evaluate(...twice)).rejects.toThrow("assign: two values are assigned to 'w' in one evaluation");
    expect(() => w.assign(x).mul(2)).toThrow("multiply: an assign to 'w' has no value to compute with");
    await expect(w.assign(x).data()).rejects.toThrow("data: an assign has no value; evaluate it, then read 'w'");
    const same = w.assign(x.add(1));
    await evaluate(same, same);
    expect([toList(await w.data()), w.version]).toEqual([[4, 5], 1]);
  });

  test('updates of one variable that are tracked in several places follow each other', async () => {
    const mean = variable([0], 'mean');
    const add = (x: Tensor, by: number) => ops.track(x, [[mean, (old) => old.mul(0.5).add(by)]]);
    const y = add(add(tensor([1]), 8).mul(2), 2);
    await readBack([y, ...trackedAssigns([y])]);
    expect([await y.item(), await mean.item()]).toEqual([2, (0 * 0.5 + 8) * 0.5 + 2]);
  });

  test('variables can swap their values', async () => {
    const [a, b] = [variable([1], 'a'), variable([2], 'b')];
    await evaluate(a.assign(b.mul(1)), b.assign(a.mul(1)));
    expect([await a.item(), await b.item()]).toEqual([2, 1]);
    await evaluate(a.assign(b), b.assign(a));
    expect([await a.item(), await b.item()]).toEqual([1, 2]);
  });

  test('a graph on an old value of a variable is refused, unless its value is known', async () => {
    const w = variable([1, 2], 'layer.kernel');
    const stale = w.mul(2).exp();
    const known = w.mul(3);
    await known.data();
    await evaluate(w.assign(w.add(1)));
    await expect(stale.data()).rejects.toThrow(
      /earlier value of 'layer\.kernel', which has changed once since.*also: \[tensor\]/,
    );
    await evaluate(w.assign(w.add(1)));
    await expect(stale.data()).rejects.toThrow("'layer.kernel', which has changed 2 times since");
    expect(toList(await known.add(0).data())).toEqual([3, 6]);
  });

  /** Lets `count` promises settle: an evaluation goes on from one of its waits to the next. */
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn++) await Promise.resolve();
  };
  const moments = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 25, 30];

  test.each(moments)('a variable that is set after %i turns of an evaluation is not seen by it', async (count) => {
    for (const change of [(w: Variable) => w.set(Float32Array.of(9, 9)), (w: Variable) => w.dispose()]) {
      const w = variable([1, 2]);
      await w.add(0).data();
      // A plan of its own, which has to be prepared.
      const y = w
        .mul(2)
        .reshape([1, 2])
        .tile([1, count + 1])
        .sum();
      const reading = y.item().catch((error: unknown) => error);
      await turns(count);
      change(w);
      const found = await reading;
      if (typeof found === 'number') expect(found).toBe(6 * (count + 1));
      else expect(`${found}`).toMatch(/TesseraError: .*earlier value of 'w'/);
    }
  });

  test.each(moments)('a value disposed of after %i turns of an evaluation is computed again', async (count) => {
    const x = await tensor([1, 2]).mul(3).evaluate();
    const reading = x
      .reshape([1, 2])
      .tile([1, count + 2])
      .sum()
      .item();
    await turns(count);
    x.dispose();
    expect(await reading).toBe(9 * (count + 2));
  });

  test('what a caller does to an array after handing it in does not show', async () => {
    const values = Float32Array.of(1, 2);
    const x = tensor(values).mul(2);
    values.fill(9);
    expect(toList(await x.data())).toEqual([2, 4]);
  });

  test('numbers are data: another number is the same plan', async () => {
    const x = tensor([1, 2]);
    const counts = [];
    for (const factor of [2, 3, 4]) {
      expect(
        toList(
          await x
            .mul(factor)
            .sub(factor / 2)
            .data(),
        ),
      ).toEqual([factor / 2, 1.5 * factor]);
      counts.push(
        device.counters.buffersCreated + device.counters.pipelinesCreated + device.counters.bindGroupsCreated,
      );
    }
    expect(counts[1]).toBe(counts[2]);
  });

  test('same seed, same random numbers; another draw, others', async () => {
    const draw = async (seed: number, draw: number) => toList(await randomUniform([5], { seed, draw }).data());
    expect(await draw(1, 0)).toEqual(await draw(1, 0));
    expect(await draw(1, 0)).not.toEqual(await draw(1, 1));
    expect(await draw(1, 0)).not.toEqual(await draw(2, 0));
  });

  test('names the first op that makes a number that is none', async () => {
    const x = tensor([1, 0]);
    const bad = x.add(1).sub(1).log().exp().mul(2);
    await expect(checkFinite(bad)).rejects.toThrow(/'log' gave -Infinity at index 1 of f32 \[2\]/);
    await checkFinite(x.exp());
  });

  test('finds it also in what is assigned, and does not assign', async () => {
    const w = variable([1, 0]);
    await expect(checkFinite(w.assign(w.log()))).rejects.toThrow("'log' gave -Infinity at index 1");
    await checkFinite(w.assign(w.add(1)));
    expect(toList(await w.data())).toEqual([1, 0]);
  });
});

test('at the ends of their domains functions give infinities and NaN, on both devices', async () => {
  for (const device of [gpu, reference]) {
    setDefaultDevice(device);
    const x = tensor([0, -1, 1000, -1000]);
    expect(toList(await x.log().data()).slice(0, 2)).toEqual([-Infinity, Number.NaN]);
    expect(toList(await x.sqrt().data()).slice(0, 2)).toEqual([0, Number.NaN]);
    expect(toList(await x.div(tensor([0, 0, 0, 0])).data())).toEqual([Number.NaN, -Infinity, Infinity, -Infinity]);
    expect(toList(await x.sigmoid().data()).slice(2)).toEqual([1, 0]);
    expect(toList(await x.tanh().data()).slice(2)).toEqual([1, -1]);
    expect(toList(await x.softmax().data())).toEqual([0, 0, 1, 0]);
  }
  setDefaultDevice(undefined);
});

test('the devices draw the same random numbers', async () => {
  const values = [];
  for (const device of [gpu, reference]) {
    setDefaultDevice(device);
    values.push(toList(await randomUniform([1000], { seed: 7, draw: 3 }).data()));
  }
  setDefaultDevice(undefined);
  expect(values[0]).toEqual(values[1]);
});

const readAll = (tensors: readonly Tensor[]) =>
  Promise.all(tensors.map(async (tensor) => Array.from(await tensor.data())));

describe('gradients', () => {
  test('of a tensor that is used twice add up', async () => {
    const x = tensor([3]);
    const loss = x.mul(x).add(x).sum();
    const [gradient] = grad(loss, [x]);
    await readBack([loss, gradient]);
    expect([await loss.item(), await gradient.item()]).toEqual([12, 7]);
  });

  test('do not flow through stopGradient', async () => {
    const x = tensor([3]);
    const [gradient] = grad(x.mul(x.stopGradient()).sum(), [x]);
    expect(await gradient.item()).toBe(3);
  });

  test('say what is wrong', () => {
    const x = tensor([1, 2]);
    const unused = new Variable(Float32Array.of(1), [1], 'head.bias');
    expect(() => grad(x.mul(2), [x])).toThrow('expected a loss of one f32 element, got f32 [2]');
    expect(() => grad(x.sum(), [unused])).toThrow("does not depend on 'head.bias'");
    expect(() => grad(x.argmax().cast('f32'), [x])).toThrow('does not depend on');
  });
});

describe('plans', () => {
  beforeAll(() => setDefaultDevice(gpu));
  afterAll(() => setDefaultDevice(undefined));

  const names = async (...targets: Tensor[]) =>
    (await explain(...targets)).dispatches.map(({ kernel }) => kernel.replace(/matmul_\w+/, 'matmul'));

  test('σ(Wx+b) is one dispatch', async () => {
    const w = new Variable(normals(20), [4, 5], 'w');
    const b = variable([1, 2, 3, 4, 5], 'b');
    const y = tensor(normals(12), [3, 4]).matmul(w).add(b).sigmoid();
    expect(await names(y)).toEqual(['matmul+add+sigmoid']);
  });

  test('σ(Wx+b) of rows in a batch of sequences is one dispatch', async () => {
    const [w, b] = [new Variable(normals(20), [4, 5], 'w'), variable([1, 2, 3, 4, 5], 'b')];
    const x = tensor(normals(24), [2, 3, 4]);
    const linear = x.matmul(w);
    expect(await names(linear.add(b).sigmoid())).toEqual(['matmul+add+sigmoid']);
    expect(await names(linear.add(b).sigmoid().reshape([6, 5]).mul(2))).toHaveLength(2);
    // Another reader of the product, reshaped or not, needs it stored.
    expect(await names(linear.add(b), linear.reshape([6, 5]).sum(0))).toHaveLength(3);
    expect(await names(linear.add(b), linear)).toHaveLength(2);
    // Not only reshapes share memory.
    expect(await names(linear.stopGradient().add(b))).toEqual(['matmul+add']);
    const rows = tensor(await x.reshape([6, 4]).data(), [6, 4]);
    expectClose(await linear.add(b).sigmoid().data(), await rows.matmul(w).add(b).sigmoid().data());
  });

  test('a diamond of elementwise ops is one dispatch', async () => {
    const x = tensor(normals(12), [3, 4]);
    expect(await names(x.mul(x.sigmoid()).add(x.tanh()))).toHaveLength(1);
  });

  test('elementwise work in front of a reduction and behind it joins it', async () => {
    const x = tensor(normals(12), [3, 4]);
    expect(await names(x.sub(1).square().mean())).toEqual(['subtract+multiply→sum_columns+multiply']);
  });

  test('a value with several consumers is computed once and stored', async () => {
    const x = tensor(normals(12), [3, 4]);
    const y = x.exp();
    expect(await names(y.sum(0), y.sum(1))).toHaveLength(3);
  });

  test('a value that is asked for is stored', async () => {
    const x = tensor(normals(12), [3, 4]);
    const y = x.exp();
    const z = y.add(1);
    expect(await names(y, z)).toHaveLength(2);
  });

  test('random numbers are drawn where they are used', async () => {
    const x = tensor(normals(12), [3, 4]);
    expect(await names(x.mul(randomUniform([3, 4], { seed: 1 })))).toHaveLength(1);
  });

  test('workspace is shared by liveness', async () => {
    let x = tensor(normals(64 * 64), [64, 64]);
    for (let step = 0; step < 10; step++) x = x.matmul(ones([64, 64]));
    const { buffers, peakBytes } = await explain(x);
    expect(buffers).toBeLessThanOrEqual(5); // x, the ones, and two matrices in turn
    expect(peakBytes).toBeLessThan(6 * 4 * 64 * 64);
  });

  test('groups stay within the bindings that a device has', async () => {
    const inputs = Array.from({ length: 40 }, (_, index) => tensor(normals(5, index + 1)));
    const sum = inputs.reduce((total, input) => total.add(input));
    const expected = Array.from({ length: 5 }, (_, at) =>
      inputs.reduce((total, __, index) => total + normals(5, index + 1)[at], 0),
    );
    for (const device of [gpu, reference]) {
      setDefaultDevice(device);
      expectClose(await sum.add(0).data(), expected);
      for (const { buffers } of (await explain(sum.mul(2))).dispatches) {
        expect(Object.keys(buffers).length).toBeLessThanOrEqual(device.limits.storageBuffers);
      }
    }
    setDefaultDevice(gpu);
  });
});

describe('errors come at the call and say what to do', () => {
  const x = zeros([2, 3]);
  test.each([
    ['matmul: inner dimensions differ: [2, 3] x [2, 3] (3 vs 2)', () => x.matmul(x)],
    ['add: shapes do not broadcast: [2, 3] and [2]', () => x.add(zeros([2]))],
    ['add: dtypes differ: i32 and f32; convert one with cast()', () => tensor(Int32Array.of(1)).add(x)],
    ['exp: expected f32, got i32 [1]', () => tensor(Int32Array.of(1)).exp()],
    ['reshape: [2, 3] has 6 elements, [4] needs 4', () => x.reshape([4])],
    ['permute: expected each axis', () => x.permute([0, 0])],
    ['sum: axis 2 is out of range: expected -2 to 1 for rank 2', () => x.sum(2)],
    ['slice: expected integer indices and steps other than 0', () => x.slice([0], [1], [0])],
    [
      'concat: tensors must agree in dtype and all axes except 0',
      () => x.gather(tensor(Int32Array.of(0))) && ops.concat([x, zeros([1, 2])], 0),
    ],
    [
      'gather: index 2 at position 1 is out of range: expected 0 to 1 (2 rows)',
      () => x.gather(tensor(Int32Array.of(1, 2))),
    ],
    [
      'crossEntropyRows: label 3 at position 0 is out of range',
      () => ops.crossEntropyRows(x, tensor(Int32Array.of(3, 0))),
    ],
    ['conv2d: channels differ', () => zeros([1, 4, 4, 2]).conv2d(zeros([3, 3, 1, 4]))],
    ['conv2d: a window of [5, 5] is larger', () => zeros([1, 4, 4, 1]).conv2d(zeros([5, 5, 1, 4]))],
    ['tensor: shape [2, 2] needs 4 values, got 3', () => tensor([1, 2, 3], [2, 2])],
    ['tensor: the list is ragged', () => tensor([[1, 2], [3]])],
    ['max: [2, 0] has no elements along', () => zeros([2, 0]).max(1)],
    ['dropout: rate must be a number within [0, 1), got 1', () => ops.dropout(x, 1, { seed: 0 })],
  ])('%s', (message, call) => {
    expect(call).toThrow(message);
  });

  test('a closed device', async () => {
    const device = await openDevice({ device: 'reference' });
    setDefaultDevice(device);
    device.close();
    await expect(tensor([1]).add(1).data()).rejects.toThrow('was closed');
    setDefaultDevice(undefined);
  });
});
