import { afterAll, describe, expect, test } from 'vitest';
import { readBack } from '../../src/tensor/evaluate.js';
import {
  concat,
  Generator,
  oneHot,
  setDefaultDevice,
  stack,
  type Tensor,
  take,
  tensor,
} from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { at, type Naive, naive, reduceNaive, withPosition } from '../support/naive.js';
import { expectClose } from '../support/numbers.js';

/*
 * Ops against arrays computed index by index, over shapes drawn from a seed: ranks 1 to 4, sizes 0 to 7.
 */
const DRAWS = 24;
afterAll(() => setDefaultDevice(undefined));

interface Drawn {
  readonly generator: Generator;
  readonly x: Naive;
  readonly rank: number;
  readonly axis: number;
}

function draw(seed: number, smallest = 0): Drawn {
  const generator = new Generator(seed);
  const rank = 1 + generator.integer(4);
  const shape = Array.from({ length: rank }, () => smallest + generator.integer(8 - smallest));
  // Multiples of 1/4 with repetitions: sums are exact, and there are ties to break.
  const x = naive(shape, () => (generator.integer(41) - 20) / 4);
  return { generator, x, rank, axis: generator.integer(rank) };
}

const toTensor = ({ shape, data }: Naive): Tensor => tensor(Float32Array.from(data), shape);

/** Compares tensors with arrays on both devices. */
async function expectSame(build: () => readonly (readonly [string, Tensor, Naive])[], seed: number): Promise<void> {
  for (const device of [gpu, reference]) {
    setDefaultDevice(device);
    const pairs = build();
    await readBack(pairs.map(([, found]) => found));
    for (const [name, found, wanted] of pairs) {
      expect(found.shape, `${name}, draw ${seed}`).toEqual(wanted.shape);
      const values = Array.from(await found.data(), Number);
      expectClose(values, wanted.data, { absolute: 1e-4, relative: 1e-5 }, `${name} [${wanted.shape}], draw ${seed}`);
    }
  }
}

const seeds = Array.from({ length: DRAWS }, (_, seed) => [seed] as const);

describe('over drawn shapes', () => {
  test.each(seeds)('operands broadcast (draw %i)', async (seed) => {
    const { generator, x } = draw(seed);
    const drop = generator.integer(x.shape.length + 1);
    const other = x.shape.slice(drop).map((size) => (generator.integer(2) === 0 ? 1 : size));
    const y = naive(other, () => (generator.integer(41) - 20) / 4);
    const both = (apply: (a: number, b: number) => number): Naive =>
      naive(x.shape, (index) => apply(at(x, index), at(y, index)));
    await expectSame(() => {
      const [a, b] = [toTensor(x), toTensor(y)];
      return [
        ['add', a.add(b), both((p, q) => p + q)],
        ['subtract, turned', b.sub(a), both((p, q) => q - p)],
        ['multiply', a.mul(b), both((p, q) => p * q)],
        ['maximum', a.maximum(b), both(Math.max)],
        ['greater', a.greater(b), both((p, q) => Number(p > q))],
        ['where', a.less(b).where(a, b), both(Math.min)],
      ] as const;
    }, seed);
  });

  test.each(seeds)('axes are reduced (draw %i)', async (seed) => {
    const { generator, x, rank, axis } = draw(seed, 1);
    const axes = x.shape.map((_, one) => one).filter((one) => one === axis || generator.integer(2) === 0);
    const small: Naive = { ...x, data: x.data.map((value) => Math.sign(value) * (0.75 + Math.abs(value) / 10)) };
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    const mean = (values: number[]) => sum(values) / values.length;
    const variance = (values: number[]) => mean(values.map((value) => (value - mean(values)) ** 2));
    const first = (values: number[], best: number) => values.indexOf(best);
    const without = ({ shape, data }: Naive, gone: readonly number[]): Naive => ({
      shape: shape.filter((_, one) => !gone.includes(one)),
      data,
    });
    const keepDims = { keepDims: true };
    await expectSame(() => {
      const [a, b] = [toTensor(x), toTensor(small)];
      return [
        ['sum', a.sum(axes), without(reduceNaive(x, axes, sum), axes)],
        ['sum of all', a.sum(), { shape: [], data: [sum([...x.data])] }],
        ['mean', a.mean(axes, keepDims), reduceNaive(x, axes, mean)],
        ['max', a.max(axes, keepDims), reduceNaive(x, axes, (values) => Math.max(...values))],
        ['min', a.min(axes, keepDims), reduceNaive(x, axes, (values) => Math.min(...values))],
        ['prod', b.prod(axis, keepDims), reduceNaive(small, [axis], (values) => values.reduce((p, q) => p * q, 1))],
        ['variance', a.variance(axes, keepDims), reduceNaive(x, axes, variance)],
        ['norm', a.norm(axes, keepDims), reduceNaive(x, axes, (values) => Math.hypot(...values))],
        [
          'log-sum-exp',
          a.logSumExp(axes, keepDims),
          reduceNaive(x, axes, (values) => Math.log(sum(values.map(Math.exp)))),
        ],
        ['any', a.greater(4).any(axes, keepDims), reduceNaive(x, axes, (values) => Number(values.some((v) => v > 4)))],
        ['all', a.less(4).all(axes, keepDims), reduceNaive(x, axes, (values) => Number(values.every((v) => v < 4)))],
        [
          'argmax',
          a.argmax(axis),
          without(
            reduceNaive(x, [axis], (values) => first(values, Math.max(...values))),
            [axis],
          ),
        ],
        [
          'argmin',
          a.argmin(axis - rank),
          without(
            reduceNaive(x, [axis], (values) => first(values, Math.min(...values))),
            [axis],
          ),
        ],
        [
          'running sum',
          a.cumsum(axis, { exclusive: true }),
          naive(x.shape, (index) => {
            let total = 0;
            for (let position = 0; position < index[axis]; position++)
              total += exactly(x, withPosition(index, axis, position));
            return total;
          }),
        ],
      ] as const;
    }, seed);
  });

  test.each(seeds)('elements are moved (draw %i)', async (seed) => {
    const { generator, x, axis } = draw(seed, 1);
    const size = x.shape[axis];
    const order = generator.shuffle(x.shape.map((_, one) => one));
    const begin = x.shape.map((one) => generator.integer(one));
    const end = x.shape.map((one, other) => begin[other] + 1 + generator.integer(one - begin[other]));
    const step = x.shape.map(() => 1 + generator.integer(3));
    const shift = generator.integer(15) - 7;
    const counts = x.shape.map(() => 1 + generator.integer(3));
    const widths = x.shape.map((one) => [generator.integer(one), generator.integer(one)] as const);
    const split = generator.integer(size + 1);
    const diagonal = generator.integer(5) - 2;
    const padded = x.shape.map((one, other) => one + widths[other][0] + widths[other][1]);
    const border = (turn: (position: number, size: number) => number) =>
      naive(padded, (index) =>
        exactly(
          x,
          index.map((position, other) => turn(position - widths[other][0], x.shape[other])),
        ),
      );
    const clamp = (position: number, most: number) => Math.min(Math.max(position, 0), most);
    await expectSame(() => {
      const a = toTensor(x);
      const pieces = a.split([split, size - split], axis);
      return [
        [
          'permute',
          a.permute(order),
          naive(
            order.map((one) => x.shape[one]),
            (index) =>
              exactly(
                x,
                order.map((_, one) => index[order.indexOf(one)]),
              ),
          ),
        ],
        [
          'slice',
          a.slice(begin, end, step),
          naive(
            x.shape.map((_, one) => Math.ceil((end[one] - begin[one]) / step[one])),
            (index) =>
              exactly(
                x,
                index.map((position, one) => begin[one] + position * step[one]),
              ),
          ),
        ],
        [
          'flip',
          a.flip(axis),
          naive(x.shape, (index) => exactly(x, withPosition(index, axis, size - 1 - index[axis]))),
        ],
        [
          'roll',
          a.roll(shift, axis),
          naive(x.shape, (index) =>
            exactly(x, withPosition(index, axis, (((index[axis] - shift) % size) + size) % size)),
          ),
        ],
        [
          'tile',
          a.tile(counts),
          naive(
            x.shape.map((one, other) => one * counts[other]),
            (index) =>
              exactly(
                x,
                index.map((position, one) => position % x.shape[one]),
              ),
          ),
        ],
        [
          'pad',
          a.pad(widths, 7),
          naive(padded, (index) => {
            const positions = index.map((position, other) => position - widths[other][0]);
            return positions.every((position, other) => position >= 0 && position < x.shape[other])
              ? exactly(x, positions)
              : 7;
          }),
        ],
        ['pad by edge', a.pad(widths, 'edge'), border((position, most) => clamp(position, most - 1))],
        ['pad by wrap', a.pad(widths, 'wrap'), border((position, most) => (position + most) % most)],
        [
          'pad by reflect',
          a.pad(widths, 'reflect'),
          border((position, most) =>
            position < 0 ? -position : position >= most ? 2 * most - 2 - position : position,
          ),
        ],
        [
          'split and concat',
          concat([pieces[1], pieces[0]], axis),
          naive(x.shape, (index) => exactly(x, withPosition(index, axis, (index[axis] + split) % size))),
        ],
        [
          'stack',
          stack([a, a.neg()], axis),
          naive([...x.shape.slice(0, axis), 2, ...x.shape.slice(axis)], (index) => {
            const value = exactly(
              x,
              index.filter((_, one) => one !== axis),
            );
            return index[axis] === 0 ? value : -value;
          }),
        ],
        ...(x.shape.length < 2
          ? []
          : [
              [
                'lower triangle',
                a.tril(diagonal),
                naive(x.shape, (index) => (index.at(-1)! - index.at(-2)! <= diagonal ? exactly(x, index) : 0)),
              ] as const,
              [
                'upper triangle',
                a.triu(diagonal),
                naive(x.shape, (index) => (index.at(-1)! - index.at(-2)! >= diagonal ? exactly(x, index) : 0)),
              ] as const,
            ]),
      ] as const;
    }, seed);
  });

  test.each(seeds)('elements are taken and sorted (draw %i)', async (seed) => {
    const { generator, x, axis } = draw(seed, 1);
    const size = x.shape[axis];
    const chosen = Array.from({ length: 1 + generator.integer(5) }, () => generator.integer(size));
    const positions = naive(withPosition(x.shape, axis, 3), () => generator.integer(2 * size) - size);
    const line = (index: readonly number[]) =>
      Array.from({ length: size }, (_, position) => ({
        position,
        value: exactly(x, withPosition(index, axis, position)),
      }));
    const ascending = (index: readonly number[]) =>
      line(index).sort((a, b) => a.value - b.value || a.position - b.position);
    const last = x.shape.length - 1;
    const k = generator.integer(x.shape[last] + 1);
    const largest = (index: readonly number[]) =>
      Array.from({ length: x.shape[last] }, (_, position) => ({
        position,
        value: exactly(x, withPosition(index, last, position)),
      })).sort((a, b) => b.value - a.value || a.position - b.position);
    await expectSame(() => {
      const a = toTensor(x);
      const top = a.topK(k);
      return [
        [
          'take',
          take(a, tensor(Int32Array.from(chosen)), axis),
          naive(withPosition(x.shape, axis, chosen.length), (index) =>
            exactly(x, withPosition(index, axis, chosen[index[axis]])),
          ),
        ],
        [
          'take along an axis',
          a.takeAlongAxis(tensor(Int32Array.from(positions.data), positions.shape), axis),
          naive(positions.shape, (index) =>
            exactly(x, withPosition(index, axis, (exactly(positions, index) + size) % size)),
          ),
        ],
        ['sort', a.sort(axis), naive(x.shape, (index) => ascending(index)[index[axis]].value)],
        [
          'sort, descending',
          a.sort(axis, { descending: true }),
          naive(x.shape, (index) => ascending(index)[size - 1 - index[axis]].value),
        ],
        ['argsort', a.argsort(axis), naive(x.shape, (index) => ascending(index)[index[axis]].position)],
        ['top k', top.values, naive(withPosition(x.shape, last, k), (index) => largest(index)[index[last]].value)],
        [
          'top k, indices',
          top.indices,
          naive(withPosition(x.shape, last, k), (index) => largest(index)[index[last]].position),
        ],
        [
          'one-hot',
          oneHot(tensor(Int32Array.from(chosen)), size),
          naive([chosen.length, size], ([row, column]) => Number(chosen[row] === column)),
        ],
      ] as const;
    }, seed);
  });
});

/** The element at an index, without broadcasting. */
function exactly({ shape, data }: Naive, index: readonly number[]): number {
  return data[shape.reduce((flat, size, axis) => flat * size + index[axis], 0)];
}
