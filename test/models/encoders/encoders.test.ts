import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CategoryEmbedding,
  type Encoder,
  type FieldInputs,
  ImageConv,
  ImageResidual,
  ImageViT,
  PiecewiseLinear,
  SequenceLSTM,
  SequenceTransformer,
  SoundConv,
  SoundCRNN,
  SoundTransformer,
  SoundWaveCNN,
  TextBag,
  TextCNN,
  TextGRU,
  TextLSTM,
  TextTransformer,
  ValuesMLP,
} from '../../../src/models/index.js';
import { crossEntropy, Linear, Sequential } from '../../../src/nn/index.js';
import { Generator, ones, setDefaultDevice, tensor, zeros } from '../../../src/tensor/index.js';
import { gpu, reference } from '../../support/devices.js';
import { expectClose, integers, normals } from '../../support/numbers.js';
import { expectGradients, trained } from '../../support/training.js';

beforeAll(() => setDefaultDevice(reference));
afterAll(() => setDefaultDevice(undefined));

const ROWS = 8;
const [words, pixels, values] = [integers(ROWS * 5, 9, 1), normals(ROWS * 4 * 3 * 2, 2), normals(ROWS * 3, 3)];
const mask = tensor(
  Float32Array.from(words, (_, index) => Number(index % 5 < 1 + (Math.floor(index / 5) % 5))),
  [ROWS, 5],
);
const text = { tokens: tensor(words, [ROWS, 5]), mask };
const image = { pixels: tensor(pixels, [ROWS, 4, 3, 2]) };
const numbers = { values: tensor(values, [ROWS, 3]), present: ones([ROWS]) };
const sounds = {
  samples: tensor(normals(ROWS * 64, 4), [ROWS, 64]),
  seconds: tensor(Float32Array.from({ length: ROWS }, (_, row) => (row + 1) / 100)),
};
const events = {
  gaps: tensor(normals(ROWS * 5 * 2, 6), [ROWS, 5, 2]).abs(),
  values: tensor(normals(ROWS * 5 * 3, 7), [ROWS, 5, 3]),
  known: ones([ROWS, 5, 3]),
  ids: tensor(integers(ROWS * 5 * 2, 4, 8), [ROWS, 5, 2]),
  mask,
};
const categories = { ids: tensor(Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7)) };

interface Case {
  readonly make: (options: { seed?: number; dropout?: number }) => Encoder;
  readonly inputs: FieldInputs;
  readonly width: number;
  /** The shape of the tokens; undefined where there are none. */
  readonly tokens?: readonly number[];
}

const cases: Readonly<Record<string, Case>> = {
  TextLSTM: {
    make: (options) => new TextLSTM({ vocabulary: 9, embedding: 6, width: 4, ...options }),
    inputs: text,
    width: 4,
    tokens: [ROWS, 5, 4],
  },
  TextGRU: {
    make: (options) => new TextGRU({ vocabulary: 9, embedding: 6, width: 4, ...options }),
    inputs: text,
    width: 4,
    tokens: [ROWS, 5, 4],
  },
  TextCNN: {
    make: (options) => new TextCNN({ vocabulary: 9, embedding: 6, width: 8, kernelSizes: [2, 3, 4], ...options }),
    inputs: text,
    width: 8,
    tokens: [ROWS, 5, 8],
  },
  TextTransformer: {
    make: (options) => new TextTransformer({ vocabulary: 9, width: 4, depth: 1, heads: 2, ...options }),
    inputs: text,
    width: 4,
    tokens: [ROWS, 5, 4],
  },
  'TextTransformer, learned positions': {
    make: (options) => new TextTransformer({ vocabulary: 9, width: 4, depth: 1, heads: 2, length: 7, ...options }),
    inputs: text,
    width: 4,
    tokens: [ROWS, 5, 4],
  },
  TextBag: {
    make: (options) => new TextBag({ vocabulary: 9, width: 6, ...options }),
    inputs: text,
    width: 6,
    tokens: [ROWS, 5, 6],
  },
  ImageConv: {
    make: (options) => new ImageConv({ image: [4, 3, 2], filters: 4, ...options }),
    inputs: image,
    width: 8,
  },
  ImageViT: {
    make: (options) => new ImageViT({ image: [4, 2, 3], patch: 2, width: 4, depth: 1, heads: 2, ...options }),
    inputs: { pixels: image.pixels.reshape([ROWS, 4, 2, 3]) },
    width: 4,
    tokens: [ROWS, 2, 4],
  },
  ImageResidual: {
    make: (options) => new ImageResidual({ channels: 2, width: 8, ...options }),
    inputs: image,
    width: 8,
    tokens: [ROWS, 1, 8],
  },
  'ImageResidual, batch normalization': {
    make: (options) => new ImageResidual({ channels: 2, width: 8, normalization: 'batch', ...options }),
    inputs: image,
    width: 8,
    tokens: [ROWS, 1, 8],
  },
  SoundConv: {
    make: (options) => new SoundConv({ sampleRate: 800, bands: 8, width: 8, masked: 0, ...options }),
    inputs: sounds,
    width: 8,
    tokens: [ROWS, 2, 8],
  },
  SoundCRNN: {
    make: (options) => new SoundCRNN({ sampleRate: 800, bands: 8, width: 8, masked: 0, ...options }),
    inputs: sounds,
    width: 8,
    tokens: [ROWS, 3, 8],
  },
  SoundWaveCNN: {
    make: (options) => new SoundWaveCNN({ sampleRate: 800, width: 8, ...options }),
    inputs: sounds,
    width: 8,
    tokens: [ROWS, 1, 8],
  },
  SoundTransformer: {
    make: (options) =>
      new SoundTransformer({ sampleRate: 800, bands: 8, width: 8, depth: 1, heads: 2, masked: 0, ...options }),
    inputs: sounds,
    width: 8,
    tokens: [ROWS, 3, 8],
  },
  SequenceLSTM: {
    make: (options) => new SequenceLSTM({ numbers: 3, categories: [4, 6], width: 4, ...options }),
    inputs: events,
    width: 4,
    tokens: [ROWS, 5, 4],
  },
  SequenceTransformer: {
    make: (options) =>
      new SequenceTransformer({ numbers: 3, categories: [4, 6], width: 4, depth: 1, heads: 2, ...options }),
    inputs: events,
    width: 4,
    tokens: [ROWS, 5, 4],
  },
  ValuesMLP: {
    make: (options) => new ValuesMLP({ inputs: 3, width: 8, ...options }),
    inputs: numbers,
    width: 8,
  },
  CategoryEmbedding: {
    make: (options) => new CategoryEmbedding({ categories: 8, width: 8, ...options }),
    inputs: categories,
    width: 8,
  },
};

describe.each(Object.entries(cases))('%s', (name, { make, inputs, width, tokens }) => {
  test('gives features of its width', () => {
    const encoder = make({});
    const features = encoder.forward(inputs);
    expect(encoder.width).toBe(width);
    expect(features.pooled.shape).toEqual([ROWS, width]);
    expect(features.tokens?.shape).toEqual(tokens);
    if (features.mask !== undefined) expect(features.mask.shape).toEqual(tokens?.slice(0, 2));
  });

  test('a seed gives the same features again, dropout included', async () => {
    const [a, b, c] = [1, 1, 2].map((seed) => make({ seed, dropout: 0.3 }).forward(inputs).pooled);
    expectClose(await a.data(), await b.data());
    expect(await a.data()).not.toEqual(await c.data());
  });

  test('gradients reach every parameter', async () => {
    const encoder = make({ seed: 1 });
    const weights = tensor(normals(ROWS * width, 5), [ROWS, width]);
    await expectGradients(encoder, encoder.forward(inputs).pooled.mul(weights).sum());
  });

  test('learns 8 rows', async () => {
    const encoder = make({ seed: 1 });
    const head = new Linear({ inputs: width, outputs: 3, generator: new Generator(1) });
    const labels = integers(ROWS, 3, 7);
    const model = new Sequential();
    Object.assign(model, { encoder, head });
    const [first, last] = await trained(model, () =>
      crossEntropy(head.forward(encoder.forward(inputs).pooled), tensor(labels)),
    );
    expect(last).toBeLessThan(0.3 * first);
  });

  test('dropout is the identity at inference', async () => {
    const [with_, without] = [0.5, 0].map((dropout) => make({ seed: 1, dropout }).eval().forward(inputs).pooled);
    expectClose(await with_.data(), await without.data());
  });

  test('wrong options and inputs are errors under its name', () => {
    const type = name.split(',')[0];
    expect(() => make({ size: 3 } as never)).toThrow(`${type}: there is no option 'size'`);
    expect(() => make({ dropout: 1 })).toThrow(`${type}: dropout must be a number within [0, 1), got 1`);
    expect(() => make({}).forward({})).toThrow(
      new RegExp(`^${type}: expected \\w+ of (f32|i32) \\[batch.*got nothing`),
    );
    expect(() => make({}).forward(undefined as never)).toThrow(`${type}: expected an object of tensors by name`);
    const wrong = Object.fromEntries(Object.keys(inputs).map((key) => [key, zeros([ROWS, 2, 2, 2, 2])]));
    expect(() => make({}).forward(wrong)).toThrow(`got f32 [${ROWS}, 2, 2, 2, 2]`);
  });
});

test.each([
  'TextLSTM',
  'ImageResidual',
  'SoundConv',
  'SoundCRNN',
  'SoundWaveCNN',
  'SoundTransformer',
  'SequenceLSTM',
  'SequenceTransformer',
])('%s: the adapter gives what the reference device gives', async (name) => {
  const { make, inputs } = cases[name];
  const compute = () => make({ seed: 1 }).forward(inputs).pooled.data();
  const expected = await compute();
  setDefaultDevice(gpu);
  const actual = await compute();
  setDefaultDevice(reference);
  expectClose(actual, expected, { absolute: 1e-4, relative: 1e-4 });
});

test('SoundCRNN: a subsampling of 8 halves the tokens and their mask', () => {
  const make = (subsampling: 4 | 8) =>
    new SoundCRNN({ sampleRate: 800, bands: 8, width: 8, subsampling, seed: 1 }).forward(sounds);
  const [quarters, eighths] = [make(4), make(8)];
  expect(quarters.tokens?.shape).toEqual([ROWS, 3, 8]);
  expect(eighths.tokens?.shape).toEqual([ROWS, 2, 8]);
  expect(eighths.mask?.shape).toEqual([ROWS, 2]);
});

test.each(Object.entries(cases).filter(([, { inputs }]) => inputs === text))(
  '%s: padding does not change the features of a text',
  async (_, { make }) => {
    const encoder = make({ seed: 1 });
    const short = encoder.forward({ tokens: tensor([[3, 5, 1]], [1, 3], 'i32'), mask: ones([1, 3]) });
    const long = encoder.forward({
      tokens: tensor([[3, 5, 1, 0, 0, 0, 0]], [1, 7], 'i32'),
      mask: tensor([[1, 1, 1, 0, 0, 0, 0]]),
    });
    expectClose(await long.pooled.data(), await short.pooled.data());
    const empty = encoder.forward({ tokens: zeros([1, 3], 'i32'), mask: zeros([1, 3]) });
    expect((await empty.pooled.data()).every(Number.isFinite)).toBe(true);
  },
);

test.each(Object.entries(cases).filter(([, { inputs }]) => inputs === events))(
  '%s: what stands in padding does not change the features of events, and no event gives finite ones',
  async (_, { make }) => {
    const encoder = make({ seed: 1 });
    const ofLength = (time: number, padding: number) => {
      const filled = (width: number, seed: number) =>
        tensor(
          Float32Array.from({ length: time * width }, (_, at) => (at < 3 * width ? Math.sin(at + seed) : padding)),
          [1, time, width],
        );
      return encoder.forward({
        gaps: filled(2, 1),
        values: filled(3, 2),
        known: filled(3, 3),
        ids: tensor(
          Int32Array.from({ length: time * 2 }, (_, at) => (at < 6 ? at % 4 : 3)),
          [1, time, 2],
        ),
        mask: tensor(
          Float32Array.from({ length: time }, (_, at) => Number(at < 3)),
          [1, time],
        ),
      });
    };
    const [short, long] = [ofLength(3, 0), ofLength(8, 77)];
    expectClose(await long.pooled.data(), await short.pooled.data());
    expectClose(await long.tokens!.slice([0, 0, 0], [1, 3, 4]).data(), await short.tokens!.data());
    const empty = encoder.forward({ ...events, mask: zeros([ROWS, 5]) });
    expect((await empty.pooled.data()).every(Number.isFinite)).toBe(true);
  },
);

test('events have the numbers, categories and gaps that their encoder was made for', () => {
  const encoder = new SequenceLSTM({ numbers: 3, categories: [4, 6], width: 4 });
  expect(() => encoder.forward({ ...events, ids: undefined })).toThrow(
    `SequenceLSTM: expected ids of i32 [${ROWS}, 5, 2], got nothing`,
  );
  expect(() => encoder.forward({ ...events, known: undefined })).toThrow('SequenceLSTM: expected known of f32');
  expect(() => encoder.forward({ ...events, ids: tensor(integers(ROWS * 10, 9, 8), [ROWS, 5, 2]) })).toThrow(
    'SequenceLSTM: ids 7 at position 4 is out of range',
  );
  const times = new SequenceTransformer({ width: 4, heads: 2 });
  expect(times.forward({ gaps: events.gaps }).pooled.shape).toEqual([ROWS, 4]);
  expect(() => new SequenceTransformer({ width: 6 })).toThrow('SequenceTransformer: width must be a multiple of heads');
});

test.each(Object.entries(cases).filter(([, { inputs }]) => inputs === sounds))(
  '%s: silence behind a sound does not change its features, and is masked',
  async (_, { make, width }) => {
    const encoder = make({ seed: 1 });
    const [row, seconds] = [normals(256, 6), tensor([0.15, 0.32])];
    // The last frames of a sound see what follows it, and at the end of the tensor that is its mirror image.
    const ofLength = (length: number) =>
      encoder.forward({
        samples: tensor(
          Float32Array.from({ length: 2 * length }, (_, at) => {
            const sample = at % length;
            return sample < (at < length ? 120 : 256) ? row[sample] : 0;
          }),
          [2, length],
        ),
        seconds,
      });
    const [short, long] = [ofLength(300), ofLength(701)];
    expectClose(await long.pooled.data(), await short.pooled.data(), { absolute: 1e-6, relative: 1e-6 });
    const [mask, longMask] = [(await short.mask!.toArray()) as number[][], (await long.mask!.toArray()) as number[][]];
    const [tokens, longTokens] = [await short.tokens!.toArray(), await long.tokens!.toArray()] as number[][][][];
    for (const sound of [0, 1]) {
      const count = mask[sound].lastIndexOf(1) + 1;
      expect(longMask[sound].lastIndexOf(1) + 1).toBe(count);
      expect(longMask[sound].slice(0, count)).toEqual(new Array(count).fill(1));
      expectClose(longTokens[sound].slice(0, count).flat(), tokens[sound].slice(0, count).flat(), {
        absolute: 1e-6,
        relative: 1e-6,
      });
    }
    expect(mask[0].lastIndexOf(1)).toBeLessThan(mask[1].lastIndexOf(1));
    const none = encoder.forward({ samples: zeros([2, 300]), seconds: zeros([2]) });
    expect(await none.mask!.sum().item()).toBe(0);
    expect(Array.from(await none.pooled.data())).toEqual(new Array(2 * width).fill(0));
  },
);

test('an id out of range is an error under the name of the encoder', () => {
  const tokens = tensor([[1, 9]], [1, 2], 'i32');
  expect(() => new TextBag({ vocabulary: 9 }).forward({ tokens })).toThrow('TextBag: tokens 9 at position 1');
  const ids = tensor([9], [1], 'i32');
  expect(() => new CategoryEmbedding({ categories: 9 }).forward({ ids })).toThrow('CategoryEmbedding: ids 9 at');
});

test('sizes that do not fit each other are errors', () => {
  expect(() => new ImageResidual({ width: 6 })).toThrow('ImageResidual: width must be a positive multiple of 4, got 6');
  expect(() => new SoundWaveCNN({ sampleRate: 800, width: 6 })).toThrow(
    'width must be a positive multiple of 4, got 6',
  );
  expect(() => new SoundCRNN({ sampleRate: 800, width: 5 })).toThrow('width must be a positive multiple of 2, got 5');
  expect(() => new SoundCRNN({ sampleRate: 800, subsampling: 6 as 4 })).toThrow('subsampling must be 4 or 8, got 6');
  expect(() => new SoundTransformer({ sampleRate: 800, width: 6 })).toThrow('width must be a multiple of heads, got');
  expect(() => new ImageConv({ image: [2, 5, 1] })).toThrow('ImageConv: expected images of at least 3 x 3 pixels');
  expect(() => new ImageViT({ image: [8, 6, 1], patch: 4 })).toThrow(
    "ImageViT: the image's width must be a multiple of patch, got the image's width 6 and patch 4",
  );
  expect(() => new TextTransformer({ vocabulary: 9, width: 6 })).toThrow(
    'TextTransformer: width must be a multiple of heads, got width 6 and heads 4',
  );
  expect(() => new TextTransformer({ vocabulary: 9, width: 5, heads: 1 })).toThrow(
    'TextTransformer: sinusoidal positions need an even width, got 5; or give a length',
  );
  const learned = new TextTransformer({ vocabulary: 9, width: 4, depth: 1, length: 4 });
  expect(() => learned.forward(text)).toThrow('TextTransformer: expected texts of at most 4 words, got 5');
  expect(() => new TextCNN({ vocabulary: 9, width: 2 })).toThrow('TextCNN: expected a width of at least 3');
});

/** The values of an encoder's parameters by name, nested as their shapes. */
async function parametersOf<Values>(encoder: Encoder): Promise<Record<string, Values>> {
  const named = [...encoder.namedParameters()];
  return Object.fromEntries(
    await Promise.all(named.map(async ([name, value]) => [name, (await value.toArray()) as Values] as const)),
  );
}

/** The words of each row of the text. */
const wordsOf = Array.from({ length: ROWS }, (_, row) => Array.from(words.subarray(5 * row, 5 * row + 1 + (row % 5))));

test('a piecewise linear encoding is the number, and how far it is through each bin', async () => {
  const encoder = new PiecewiseLinear({ edges: [-1, 0, 0.5, 2.5] });
  const x = tensor(Float32Array.of(-7, -1, -0.25, 0.5, 1, 1e6), [6, 1]);
  expectClose(await encoder.forward({ values: x }).pooled.data(), [
    ...[-7, 0, 0, 0, -1, 0, 0, 0, -0.25, 0.75, 0, 0],
    ...[0.5, 1, 1, 0, 1, 1, 1, 0.25, 1e6, 1, 1, 1],
  ]);
  const plain = new PiecewiseLinear();
  expect([plain.width, await plain.forward({ values: x }).pooled.data()]).toEqual([1, await x.data()]);
  for (const edges of [
    [0, 0],
    [1, 0],
    [0, Number.NaN],
    [1, 1 + 1e-12],
  ])
    expect(() => new PiecewiseLinear({ edges })).toThrow('edges must be numbers in ascending order');
  expect(() => plain.forward({} as never)).toThrow('PiecewiseLinear: expected values of f32 [batch, 1], got nothing');
  expect(() => new PiecewiseLinear({ edges: [1] })).toThrow('expected two or more edges, or none, got 1');
});

test('a bag of words is the mean of the vectors of the words', async () => {
  const encoder = new TextBag({ vocabulary: 9, width: 3, seed: 1 });
  const { 'embedding.words.table': table } = await parametersOf<number[][]>(encoder);
  const expected = wordsOf.flatMap((ids) =>
    [0, 1, 2].map((at) => ids.reduce((sum, id) => sum + table[id][at], 0) / ids.length),
  );
  expectClose(await encoder.forward(text).pooled.data(), expected);
});

test('a word is its vector and the sum of those of its n-grams, over the square root of their number', async () => {
  const encoder = new TextBag({ vocabulary: 9, subwords: 6, width: 3, seed: 1 });
  const ngrams = [
    [1, 5, 0],
    [2, 0, 0],
    [0, 0, 0],
    [3, 3, 4],
  ];
  const inputs = {
    tokens: tensor(Int32Array.of(1, 1, 4, 5), [2, 2]),
    subwords: tensor(Int32Array.from(ngrams.flat()), [2, 2, 3]),
  };
  const p = await parametersOf<number[][]>(encoder);
  const word = (token: number, ids: readonly number[]) => (at: number) =>
    p['embedding.words.table'][token][at] +
    ids.reduce((sum, id) => sum + p['embedding.ngrams.table'][id][at], 0) / Math.sqrt(Math.max(ids.length, 1));
  const [a, b, c, d] = [word(1, [1, 5]), word(1, [2]), word(4, []), word(5, [3, 3, 4])];
  const expected = [0, 1, 2].map((at) => (a(at) + b(at)) / 2).concat([0, 1, 2].map((at) => (c(at) + d(at)) / 2));
  expectClose(await encoder.forward(inputs).pooled.data(), expected);
  expect(() => encoder.forward({ tokens: inputs.tokens })).toThrow(
    'TextBag: expected subwords of i32 [2, 2, n-grams], got nothing',
  );
});

test('a text CNN is the maximum over the words of convolutions of 3, 4 and 5 words', async () => {
  const encoder = new TextCNN({ vocabulary: 9, embedding: 2, width: 4, seed: 1 });
  const p = await parametersOf<number[] & number[][] & number[][][]>(encoder);
  const expected = wordsOf.flatMap((ids) =>
    [3, 4, 5].flatMap((size, index) => {
      const [kernel, bias] = [p[`convolutions.${index}.kernel`], p[`convolutions.${index}.bias`]];
      const before = Math.floor((size - 1) / 2);
      return bias.map((b, out) =>
        Math.max(
          ...ids.map((_, at) => {
            let sum = b;
            for (let tap = 0; tap < size; tap++)
              p['embedding.words.table'][ids[at + tap - before]]?.forEach((x, input) => {
                sum += Number(x) * Number(kernel[tap][input][out]);
              });
            return Math.max(sum, 0);
          }),
        ),
      );
    }),
  );
  expect(encoder.convolutions.map(({ bias }) => bias?.size)).toEqual([1, 1, 2]);
  expectClose(await encoder.forward(text).pooled.data(), expected);
});

test.each([
  ['TextLSTM', () => new TextLSTM({ vocabulary: 9, embedding: 6, width: 4, seed: 1 })],
  ['TextGRU', () => new TextGRU({ vocabulary: 9, embedding: 6, width: 4, seed: 1 })],
])('%s: the pooled features are the hidden state after the last word', async (_, make) => {
  const { pooled, tokens } = make().forward(text);
  const states = (await tokens!.toArray()) as number[][][];
  expectClose(
    await pooled.data(),
    wordsOf.flatMap((ids, row) => states[row][ids.length - 1]),
  );
});

test('a values encoder computes its formula', async () => {
  const encoder = new ValuesMLP({ inputs: 2, width: 3, hidden: 4, seed: 3 });
  const [w1, b1, w2, b2] = await Promise.all(encoder.parameters().map((parameter) => parameter.data()));
  const dense = (x: number[], w: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(b, (bias, out) =>
      Math.max(
        0,
        x.reduce((sum, value, i) => sum + value * w[i * b.length + out], bias),
      ),
    );
  const features = encoder.forward({
    values: tensor([
      [0.5, -2],
      [0, 0],
    ]),
    present: tensor([1, 0]),
  });
  const rows = [
    [0.5, -2, 1],
    [0, 0, 0],
  ];
  expectClose(
    await features.pooled.data(),
    rows.flatMap((row) => dense(dense(row, w1, b1), w2, b2)),
  );
});

const golden = JSON.parse(readFileSync(new URL('../../golden/encoders.json', import.meta.url), 'utf8'));

/** Numbers that both PyTorch and this test start from. */
const wave = (size: number, phase: number, scale: number): Float32Array =>
  Float32Array.from({ length: size }, (_, index) => scale * Math.sin(1.1 * index + phase));

/** Sets parameter k, counted from 1, to the values that PyTorch was given. */
function withWaves<E extends Encoder>(encoder: E): E {
  encoder.parameters().forEach((parameter, index) => {
    parameter.set(wave(parameter.size, index + 1, 0.3));
  });
  return encoder;
}

test.each([
  ['group', new ImageResidual({ channels: 2, width: 64 }), [1, 9, 10, 2]],
  ['batch', new ImageResidual({ channels: 2, width: 8, normalization: 'batch' }), [3, 9, 10, 2]],
  ['vit', new ImageViT({ image: [4, 6, 2], patch: 2, width: 8, depth: 2, heads: 2 }), [2, 4, 6, 2]],
] as const)('%s: PyTorch composes the same features of its layers', async (name, encoder, shape) => {
  const size = shape.reduce<number>((product, axis) => product * axis, 1);
  const { pooled } = withWaves(encoder).forward({ pixels: tensor(wave(size, 100, 1), shape) });
  expectClose(await pooled.data(), golden[name], { absolute: 1e-7, relative: 1e-6 });
});

test.each([
  ['lstm', new TextLSTM({ vocabulary: 9, embedding: 6, width: 4 })],
  ['gru', new TextGRU({ vocabulary: 9, embedding: 6, width: 4 })],
  ['cnn', new TextCNN({ vocabulary: 9, embedding: 4, width: 7 })],
  ['sinusoidal', new TextTransformer({ vocabulary: 9, width: 8, depth: 2, heads: 2 })],
  ['learned', new TextTransformer({ vocabulary: 9, width: 8, depth: 2, heads: 2, length: 7 })],
])('%s: PyTorch composes the same features of its layers', async (name, encoder) => {
  const tokens = tensor(
    Int32Array.from({ length: 15 }, (_, index) => (5 * index) % 9),
    [3, 5],
  );
  const mask = tensor([5, 3, 1].map((length) => [0, 1, 2, 3, 4].map((time) => Number(time < length))));
  const { pooled } = withWaves(encoder).forward({ tokens, mask });
  expectClose(await pooled.data(), golden[name], { absolute: 1e-7, relative: 1e-6 });
});

test.each([
  ['conv', new SoundConv({ sampleRate: 800, bands: 8, width: 8, masked: 0 })],
  ['crnn', new SoundCRNN({ sampleRate: 800, bands: 8, width: 8, masked: 0 })],
  ['wave', new SoundWaveCNN({ sampleRate: 800, width: 8 })],
  ['frames', new SoundTransformer({ sampleRate: 800, bands: 8, width: 8, depth: 2, heads: 2, masked: 0 })],
])('%s: PyTorch composes the same features of its layers', async (name, encoder) => {
  const lengths = [80, 150, 256];
  const samples = lengths.map((length, n) =>
    Array.from({ length: 300 }, (_, i) => (i < length ? Math.sin(0.002 * i * i + n) : 0)),
  );
  const { pooled } = withWaves(encoder).forward({
    samples: tensor(samples),
    seconds: tensor(lengths.map((length) => length / 800)),
  });
  expectClose(await pooled.data(), golden[name], { absolute: 1e-6, relative: 1e-5 });
});

test.each([
  ['events', new SequenceLSTM({ numbers: 1, categories: [9], width: 4 })],
  ['attended events', new SequenceTransformer({ numbers: 1, categories: [9], width: 8, depth: 2, heads: 2 })],
])('%s: PyTorch composes the same features of its layers', async (name, encoder) => {
  const known = Float32Array.from({ length: 15 }, (_, index) => Number(index % 3 !== 2));
  const { pooled } = withWaves(encoder).forward({
    gaps: tensor(wave(30, 101, 1), [3, 5, 2]),
    values: tensor(
      wave(15, 100, 1).map((value, index) => value * known[index]),
      [3, 5, 1],
    ),
    known: tensor(known, [3, 5, 1]),
    ids: tensor(
      Int32Array.from({ length: 15 }, (_, index) => (5 * index) % 9),
      [3, 5, 1],
    ),
    mask: tensor([5, 3, 1].map((length) => [0, 1, 2, 3, 4].map((time) => Number(time < length)))),
  });
  expectClose(await pooled.data(), golden[name], { absolute: 1e-7, relative: 1e-6 });
});
