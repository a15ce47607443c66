import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  CategoryEmbedding,
  ClassificationTask,
  ConcatenationFusion,
  Multimodal,
  TextLSTM,
  ValuesMLP,
} from '../../src/models/index.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/nn/index.js';
import { grad, ones, setDefaultDevice, type Tensor, tensor, zeros } from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { expectClose, integers, normals } from '../support/numbers.js';
import { expectGradients, trained } from '../support/training.js';

beforeAll(() => setDefaultDevice(reference));
afterAll(() => setDefaultDevice(undefined));

const ROWS = 8;
const make = (options: { seed?: number; modalityDropout?: number } = {}) =>
  new Multimodal({
    encoders: {
      title: new TextLSTM({ vocabulary: 9, embedding: 4, width: 4 }),
      price: new ValuesMLP({ inputs: 1, width: 3 }),
      'brand.name': new CategoryEmbedding({ categories: 5, width: 2 }),
    },
    fusion: new ConcatenationFusion({ inputs: [4, 3, 2], width: 8, activation: 'tanh' }),
    task: new ClassificationTask({ inputs: 8, classes: 3 }),
    ...options,
  });

const PRESENT = [
  [1, 1, 1],
  [1, 0, 1],
  [0, 1, 1],
  [1, 1, 0],
  [0, 0, 0],
  [1, 1, 1],
  [0, 1, 0],
  [1, 1, 1],
];
const column = (field: number): Tensor => tensor(PRESENT.map((row) => row[field]));
const inputs = {
  title: { tokens: tensor(integers(ROWS * 3, 9, 1), [ROWS, 3]), mask: ones([ROWS, 3]), present: column(0) },
  price: { values: tensor(normals(ROWS, 2), [ROWS, 1]), present: column(1) },
  'brand.name': { ids: tensor(integers(ROWS, 5, 3)), present: column(2) },
};
const labels = tensor(integers(ROWS, 3, 4));

test('computes h(g(f1(x1), ..., fn(xn))), with learned vectors for absent fields', async () => {
  const model = make({ seed: 1 }).eval();
  const pooled = await Promise.all(
    Array.from(model.fields, async ([name, { encoder, absent }], field) => {
      const rows = (await encoder.forward(inputs[name as keyof typeof inputs]).pooled.toArray()) as number[][];
      const vector = Array.from(await absent.data());
      return { pooled: tensor(rows.map((row, index) => (PRESENT[index][field] === 1 ? row : vector))) };
    }),
  );
  const expected = model.task.forward(model.fusion.forward(pooled, tensor(PRESENT)));
  expectClose(await model.forward(inputs).data(), await expected.data());
});

test('gradients reach every parameter, but not the encoder of a field that is absent in all rows', async () => {
  const model = make({ seed: 1 });
  await expectGradients(model, model.task.loss(model.forward(inputs), labels));
  const without = { ...inputs, price: { ...inputs.price, present: zeros([ROWS]) } };
  const price = model.fields.get('price')!;
  const loss = model.task.loss(model.forward(without), labels);
  const [ofEncoder, ofAbsent] = grad(loss, [price.encoder.parameters()[0], price.absent]);
  expect((await ofEncoder.data()).every((value) => value === 0)).toBe(true);
  expect((await ofAbsent.data()).some((value) => value !== 0)).toBe(true);
});

test('what stands in the place of an absent value has no effect, not even NaN', async () => {
  const model = make({ seed: 1 }).eval();
  const expected = await model.forward(inputs).data();
  const values = (await inputs.price.values.data()).map((value, row) => (PRESENT[row][1] === 1 ? value : Number.NaN));
  const price = { ...inputs.price, values: tensor(values, [ROWS, 1]) };
  expectClose(await model.forward({ ...inputs, price }).data(), expected);
});

test('modality dropout leaves out fields at its rate, but never all; at inference none', async () => {
  const model = make({ seed: 1, modalityDropout: 0.4 });
  const seen: Tensor[] = [];
  const { fusion } = model;
  const forward = fusion.forward.bind(fusion);
  fusion.forward = (features, present) => {
    seen.push(present);
    return forward(features, present);
  };
  const rows = 2000;
  const all = {
    title: { tokens: zeros([rows, 1], 'i32'), present: ones([rows]) },
    price: { values: zeros([rows, 1]), present: ones([rows]) },
    'brand.name': { ids: zeros([rows], 'i32'), present: tensor(new Float32Array(rows).fill(0, 1)) },
  };
  model.forward(all);
  const kept = (await seen[0].toArray()) as number[][];
  expect(kept.every((row) => row[0] + row[1] >= 1 && row[2] === 0)).toBe(true);
  // A field is left out if it is drawn, and the other is not or has the larger draw: 0.4 - 0.4²/2.
  const rate = kept.reduce((sum, row) => sum + (1 - row[0]), 0) / rows;
  expect(Math.abs(rate - (0.4 - 0.4 ** 2 / 2))).toBeLessThan(0.04);
  model.forward(all);
  expect(await seen[1].data()).not.toEqual(await seen[0].data());
  model.eval().forward(all);
  expect(await seen[2].data()).toEqual(Float64Array.from({ length: 3 * rows }, (_, at) => Number(at % 3 < 2)));
});

test('a seed gives the same model and the same dropout, which a saved state continues', async () => {
  const [a, b, c] = [1, 1, 2].map((seed) => make({ seed, modalityDropout: 0.5 }));
  expectClose(await a.forward(inputs).data(), await b.forward(inputs).data());
  expect(await a.forward(inputs).data()).not.toEqual(await c.forward(inputs).data());
  const { tensors } = decodeSafetensors(encodeSafetensors(await a.state()));
  const resumed = make({ seed: 1, modalityDropout: 0.5 });
  resumed.loadState(tensors);
  expectClose(await resumed.forward(inputs).data(), await a.forward(inputs).data());
});

test('a further field leaves the initial values of the others as they are', async () => {
  const one = new Multimodal({
    encoders: { price: new ValuesMLP({ inputs: 1, width: 3 }) },
    fusion: new ConcatenationFusion({ inputs: [3], width: 8 }),
    task: new ClassificationTask({ inputs: 8, classes: 3 }),
    seed: 1,
  });
  const kernel = (model: Multimodal) => model.namedParameters().get('fields.price.encoder.hidden.kernel')!.data();
  expect(await kernel(one)).toEqual(await kernel(make({ seed: 1 })));
});

test('learns 8 rows', async () => {
  const model = make({ seed: 1 });
  const all = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, { ...x, present: ones([ROWS]) }]));
  const [first, last] = await trained(model, () => model.task.loss(model.forward(all), labels));
  expect(last).toBeLessThan(0.3 * first);
});

test('the adapter draws the same dropout and gives the same loss as the reference device', async () => {
  const compute = () => {
    const model = make({ seed: 1, modalityDropout: 0.5 });
    return model.task.loss(model.forward(inputs), labels).item();
  };
  const expected = await compute();
  setDefaultDevice(gpu);
  const actual = await compute();
  setDefaultDevice(reference);
  expectClose([actual], [expected], { absolute: 1e-4, relative: 1e-4 });
});

test('parts that do not fit, and inputs that are missing, are errors', () => {
  const [fusion, task] = [
    new ConcatenationFusion({ inputs: [3], width: 8 }),
    new ClassificationTask({ inputs: 8, classes: 3 }),
  ];
  const price = new ValuesMLP({ inputs: 1, width: 3 });
  expect(() => new Multimodal({ encoders: {}, fusion, task })).toThrow('Multimodal: expected at least one encoder');
  expect(() => new Multimodal({ encoders: { price: fusion as never }, fusion, task })).toThrow(
    "Multimodal: the encoder of 'price' must be an Encoder",
  );
  expect(() => new Multimodal({ encoders: { price, other: price }, fusion, task })).toThrow(
    'Multimodal: the fusion takes features of sizes [3], the encoders give [3, 3]',
  );
  expect(
    () => new Multimodal({ encoders: { price }, fusion, task: new ClassificationTask({ inputs: 7, classes: 3 }) }),
  ).toThrow('Multimodal: the task takes 7 features, the fusion gives 8');
  const model = new Multimodal({ encoders: { price }, fusion, task });
  expect(() => model.forward({})).toThrow("Multimodal: there are no inputs for the field 'price'");
  expect(() => model.forward({ price: { values: zeros([2, 1]) } })).toThrow(
    "Multimodal: expected present of 'price' of f32 [batch], got nothing",
  );
  expect(() => model.forward({ price: { values: zeros([2, 3]), present: zeros([2]) } })).toThrow(
    "Multimodal: field 'price': ValuesMLP: expected values of f32 [batch, 1], got f32 [2, 3]",
  );
  expect(() => model.forward(undefined as never)).toThrow('Multimodal: expected an object of tensors by name');
  expect(() => model.forward({ price: 5 as never })).toThrow(
    "Multimodal: field 'price': expected an object of tensors",
  );
  expect(() => make().forward({ ...inputs, price: { values: zeros([2, 1]), present: zeros([2]) } })).toThrow(
    "Multimodal: expected present of 'price' of f32 [8], got f32 [2]",
  );
});
