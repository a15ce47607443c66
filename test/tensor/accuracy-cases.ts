import type { OpDefinition } from '../../src/tensor/graph/graph.js';
import { Generator, grad, ops, type Tensor, tensor } from '../../src/tensor/index.js';
import { gradientCases } from './gradient-cases.js';

/**
 * What a case is made of: sizes and values from a seed, the same for every device. With `abs` all numbers are their
 * absolute values, so that a linear op gives the sum of its terms' sizes; with `spoiled` one number of each tensor of
 * floats is NaN.
 */
export class Draw {
  readonly #generator: Generator;

  constructor(
    seed: number,
    private readonly absolute = false,
    private readonly spoiled = false,
  ) {
    this.#generator = new Generator(seed);
  }

  /** An integer from `least` to `most`. */
  size(most = 9, least = 1): number {
    return least + this.#generator.integer(most - least + 1);
  }

  yes(): boolean {
    return this.#generator.integer(2) === 1;
  }

  /** Sizes for a number of axes: small ones, now and then a prime beyond a workgroup's width. */
  shape(most = 4, least = 1): number[] {
    const shape = Array.from({ length: this.size(most, least) }, () => this.size());
    if (this.size(4) === 1 && shape.length > 0) shape[shape.length - 1] = [67, 131, 257][this.#generator.integer(3)];
    return shape;
  }

  /** Normal numbers, three times as wide, where `domain` sends them. */
  normals(shape: readonly number[], domain: (x: number) => number = (x) => x): Tensor {
    return this.#values(shape, () => domain(3 * this.#generator.normal()));
  }

  /** Multiples of 1/4 within ±5: among them are ties, and zero. */
  quarters(shape: readonly number[]): Tensor {
    return this.#values(shape, () => (this.#generator.integer(41) - 20) / 4);
  }

  integers(shape: readonly number[], bound: number): Tensor {
    return tensor(
      Int32Array.from({ length: sizeOf(shape) }, () => this.#generator.integer(bound)),
      shape,
    );
  }

  bools(shape: readonly number[]): Tensor {
    return this.integers(shape, 2).notEqual(0);
  }

  #values(shape: readonly number[], next: () => number): Tensor {
    const values = Float32Array.from({ length: sizeOf(shape) }, next);
    if (this.spoiled && values.length > 0) values[Math.floor(values.length / 2)] = Number.NaN;
    return tensor(this.absolute ? values.map(Math.abs) : values, shape);
  }

  /** A shape, and one that broadcasts with it. */
  pair(): [number[], number[]] {
    const shape = this.shape();
    const other = shape.slice(this.#generator.integer(shape.length + 1)).map((size) => (this.yes() ? size : 1));
    return this.yes() ? [shape, other] : [other, shape];
  }

  /** Some axes of a shape, at least one. */
  axes(shape: readonly number[]): number[] {
    const one = this.#generator.integer(shape.length);
    return shape.map((_, axis) => axis).filter((axis) => axis === one || this.yes());
  }
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

type Case = (draw: Draw) => Tensor | readonly Tensor[];

const positive = (x: number) => 0.01 + Math.abs(x);
const unary =
  (op: (x: Tensor) => Tensor, domain?: (x: number) => number): Case =>
  (draw) =>
    op(draw.normals(draw.shape(), domain));
const binary =
  (op: (a: Tensor, b: Tensor) => Tensor, domain?: (x: number) => number): Case =>
  (draw) => {
    const [a, b] = draw.pair();
    return op(draw.normals(a, domain), draw.normals(b, domain));
  };
const ofEquals =
  (op: (a: Tensor, b: Tensor) => Tensor): Case =>
  (draw) => {
    const [a, b] = draw.pair();
    return op(draw.quarters(a), draw.quarters(b));
  };
const ofBools =
  (op: (a: Tensor, b: Tensor) => Tensor): Case =>
  (draw) => {
    const [a, b] = draw.pair();
    return op(draw.bools(a), draw.bools(b));
  };
const reduction =
  (op: (x: Tensor, axes: number[], options: { keepDims: boolean }) => Tensor, quarters = false): Case =>
  (draw) => {
    const shape = draw.shape();
    return op(quarters ? draw.quarters(shape) : draw.normals(shape), draw.axes(shape), { keepDims: draw.yes() });
  };
const arranged =
  (op: (x: Tensor, draw: Draw) => Tensor | readonly Tensor[], least = 1): Case =>
  (draw) =>
    op(draw.normals(draw.shape(4, least)), draw);
const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 1, -1];
const special =
  (op: (x: Tensor) => Tensor): Case =>
  (draw) => {
    const shape = draw.shape();
    const values = Float32Array.from({ length: sizeOf(shape) }, () => odd[draw.size(odd.length) - 1]);
    return op(tensor(values, shape));
  };
const image =
  (op: (x: Tensor, draw: Draw) => Tensor): Case =>
  (draw) =>
    op(draw.normals([draw.size(3), draw.size(12, 4), draw.size(12, 4), draw.size(5)]), draw);
const windows = (draw: Draw) =>
  ({ size: draw.size(3), stride: draw.size(3), padding: draw.yes() ? 'same' : 'valid' }) as const;

/** A convolution's input, kernel and settings. */
function convolution(draw: Draw, groups = 1) {
  const [inputs, outputs] = [groups * draw.size(4), groups * draw.size(5)];
  const x = draw.normals([draw.size(3), draw.size(11, 5), draw.size(11, 5), inputs]);
  const kernel = draw.normals([draw.size(3), draw.size(3), inputs / groups, outputs]);
  const padding = draw.yes() ? ('same' as const) : ('valid' as const);
  return { x, kernel, options: { stride: draw.size(2), padding, dilation: draw.size(2), groups } };
}

/** Queries, keys, values and settings. */
function attended(draw: Draw) {
  const [batch, heads, queries, keys, width] = [draw.size(2), draw.size(3), draw.size(20), draw.size(20), draw.size(9)];
  const of = (rows: number, size: number) => draw.normals([batch, heads, rows, size]).mul(0.3);
  const [q, k, v] = [of(queries, width), of(keys, width), of(keys, draw.size(7))] as const;
  const seen = draw.bools([keys]);
  const options = draw.yes() ? { causal: true } : draw.yes() ? { mask: ops.logicalOr(seen, tensor([true])) } : {};
  return { q, k, v, options };
}

/** The gradient of an input through an op, under random weights. */
function gradientOf(draw: Draw, y: Tensor, input: Tensor): Tensor {
  return grad(y.mul(draw.normals(y.shape)).sum(), [input])[0];
}

function ctcOf(draw: Draw) {
  const [batch, classes, labels] = [draw.size(4), draw.size(9, 2), draw.size(20)];
  // Enough frames for a blank between any two labels, so that there is an alignment.
  const logits = draw.normals([batch, 2 * labels + draw.size(60), classes]);
  const targets = draw.integers([batch, labels], classes - 1).add(tensor(1, [], 'i32'));
  return { logits, losses: ops.ctcRows(logits, targets) };
}

function recurrent(draw: Draw, gates: number) {
  const [batch, time, features, hidden] = [draw.size(4), draw.size(5), draw.size(5), draw.size(9)];
  const small = (shape: number[]) => draw.normals(shape).mul(0.2);
  return {
    x: draw.normals([batch, time, features]),
    kernel: small([features, gates * hidden]),
    recurrent: small([hidden, gates * hidden]),
    bias: small([gates * hidden]),
    mask: draw.bools([batch, time]).cast('f32'),
  };
}

const update =
  (op: ops.UpdateOp, moments: number, numbers: Record<string, number>): Case =>
  (draw) => {
    const shape = draw.shape();
    const states = Array.from({ length: moments }, () => draw.normals(shape, positive));
    const settings = { rate: 0.1, decay: 0.01, limit: 5, ...numbers };
    return op.all(tensor([0.5]), draw.normals(shape), draw.normals(shape), ...states, settings);
  };
const key = { seed: 5 };

/** Elementwise ops as their gradient's case computes them, over drawn shapes. */
const ofGradients: Record<string, Case> = Object.fromEntries(
  Object.entries(ops).flatMap(([name, op]): [string, Case][] => {
    const definition = 'definition' in op ? (op.definition as OpDefinition) : undefined;
    const one = gradientCases.find((given) => given.ops.includes(definition?.name ?? ''));
    if (definition?.elementwise === undefined || one === undefined || name.endsWith('Op')) return [];
    const shapes = (draw: Draw) => (one.shapes.length === 1 ? [draw.shape()] : draw.pair());
    return [[name, (draw) => one.compute(...shapes(draw).map((shape) => draw.normals(shape, one.domain)))]];
  }),
);

/** Every function of `ops` that makes a tensor, over drawn shapes: by its name. */
export const accuracyCases: Readonly<Record<string, Case>> = {
  ...ofGradients,
  sign: (draw) => ops.sign(draw.quarters(draw.shape())),
  floor: unary(ops.floor),
  ceil: unary(ops.ceil),
  round: (draw) => ops.round(draw.quarters(draw.shape()).mul(2)),
  mod: binary(ops.mod, (x) => 7.3 + 2 * Math.tanh(x)),
  pow: binary(ops.pow, (x) => 0.5 + Math.abs(Math.tanh(x))),
  maximum: ofEquals(ops.maximum),
  minimum: ofEquals(ops.minimum),
  equal: ofEquals(ops.equal),
  notEqual: ofEquals(ops.notEqual),
  less: ofEquals(ops.less),
  lessEqual: ofEquals(ops.lessEqual),
  greater: ofEquals(ops.greater),
  greaterEqual: ofEquals(ops.greaterEqual),
  logicalAnd: ofBools(ops.logicalAnd),
  logicalOr: ofBools(ops.logicalOr),
  logicalXor: ofBools(ops.logicalXor),
  logicalNot: (draw) => ops.logicalNot(draw.bools(draw.shape())),
  isNaN: special(ops.isNaN),
  isFinite: special(ops.isFinite),
  where: binary((a, b) => ops.where(a.greater(b), a, b)),
  cast: (draw) => {
    const x = draw.normals(draw.shape());
    return [ops.cast(x, 'i32'), ops.cast(x.abs(), 'u32'), ops.cast(x, 'bool'), ops.cast(ops.cast(x, 'i32'), 'f32')];
  },

  log1p: unary(ops.log1p, (x) => Math.abs(x) ** 3),
  expm1: unary(ops.expm1, (x) => x ** 3 / 20),
  gelu: (draw) => {
    const x = draw.normals(draw.shape());
    return [ops.gelu(x), ops.gelu(x, { approximate: true })];
  },
  silu: unary(ops.silu),
  softplus: unary(ops.softplus),
  leakyRelu: unary(ops.leakyRelu),
  elu: unary(ops.elu),
  hardSigmoid: unary(ops.hardSigmoid),

  sum: reduction(ops.sum),
  prod: (draw) => {
    const shape = draw.shape();
    return ops.prod(
      draw.normals(shape, (x) => (x < 0 ? -1 : 1) * (1 + 0.05 * Math.tanh(x))),
      draw.axes(shape),
    );
  },
  mean: reduction(ops.mean),
  max: reduction(ops.max, true),
  min: reduction(ops.min, true),
  argmax: (draw) => ops.argmax(draw.quarters(draw.shape()), -1),
  argmin: (draw) => ops.argmin(draw.quarters(draw.shape()), 0),
  variance: reduction(ops.variance),
  std: reduction(ops.std),
  logSumExp: reduction(ops.logSumExp),
  norm: reduction((x, axes, options) => ops.norm(x, axes, options)),
  any: reduction((x, axes, options) => ops.any(x.greater(4), axes, options)),
  all: reduction((x, axes, options) => ops.all(x.less(4), axes, options)),
  cumsum: arranged((x, draw) => ops.cumsum(x, -1, { exclusive: draw.yes(), reverse: draw.yes() })),
  softmax: unary(ops.softmax),
  logSoftmax: unary(ops.logSoftmax),
  argsort: (draw) => ops.argsort(draw.quarters(draw.shape()), 0, { descending: draw.yes() }),
  sort: arranged((x, draw) => ops.sort(x, -1, { descending: draw.yes() })),
  topK: arranged((x, draw) => Object.values(ops.topK(x, draw.size(x.shape.at(-1)!)))),

  reshape: arranged((x) => ops.reshape(x, [x.size, 1])),
  permute: arranged((x) => ops.permute(x, x.shape.map((_, axis) => axis).reverse())),
  transpose: arranged((x) => ops.transpose(x), 2),
  slice: arranged((x, draw) =>
    ops.slice(
      x,
      x.shape.map((size) => draw.size(size) - 1),
      [],
      x.shape.map(() => (draw.yes() ? 1 : -1) * draw.size(3)),
    ),
  ),
  pad: arranged((x, draw) => {
    const border = ([2.5, 'edge', 'reflect', 'wrap'] as const)[draw.size(4) - 1];
    return ops.pad(
      x,
      x.shape.map((size) => [draw.size(size) - 1, draw.size(size) - 1] as const),
      border,
    );
  }),
  concat: arranged((x) => ops.concat([x, x.mul(2), x], 0)),
  stack: arranged((x) => ops.stack([x, x.mul(2)], -1)),
  split: arranged((x) => ops.split(x, [1, x.shape[0] - 1])),
  broadcastTo: arranged((x, draw) => ops.broadcastTo(x, [draw.size(4), ...x.shape])),
  expandDims: arranged((x, draw) => ops.expandDims(x, draw.size(x.rank) - 1)),
  squeeze: arranged((x) => ops.squeeze(ops.expandDims(x, 1), 1)),
  flip: arranged((x, draw) => ops.flip(x, draw.axes(x.shape))),
  tile: arranged((x, draw) => ops.tile(x, [draw.size(3), ...x.shape.map(() => draw.size(2))])),
  roll: arranged((x, draw) => ops.roll(x, draw.size(20) - 10, draw.size(x.rank) - 1)),
  tril: arranged((x, draw) => ops.tril(x, draw.size(5) - 3), 2),
  triu: arranged((x, draw) => ops.triu(x, draw.size(5) - 3), 2),
  take: arranged((x, draw) => ops.take(x, draw.integers([draw.size()], x.shape[0]))),
  takeAlongAxis: arranged((x, draw) =>
    ops.takeAlongAxis(x, draw.integers([...x.shape.slice(0, -1), draw.size()], x.shape.at(-1)!)),
  ),
  oneHot: (draw) => ops.oneHot(draw.integers(draw.shape(3), 7), 7),
  gather: (draw) => {
    const [rows, cols] = [draw.size(40), draw.size(70)];
    return ops.gather(draw.normals([rows, cols]), draw.integers(draw.shape(3), rows));
  },
  scatterAdd: (draw) => {
    const [count, rows, cols] = [draw.size(70), draw.size(20), draw.size(20)];
    return ops.scatterAdd(draw.normals([count, cols]), draw.integers([count], rows), rows);
  },
  arange: (draw) => ops.arange(draw.size(300)),
  linspace: (draw) => ops.linspace(-draw.size(), draw.size(), draw.size(300)),
  eye: (draw) => ops.eye(draw.size(40)),
  sliceUpdate: (draw) => {
    const [batch, heads, length, cols] = [draw.size(3), draw.size(3), draw.size(20), draw.size(12)];
    const values = draw.normals([batch, heads, draw.size(6), cols]);
    return ops.sliceUpdate(draw.normals([batch, heads, length, cols]), values, draw.integers([batch], length));
  },
  checkpoint: unary((x) => ops.checkpoint((own) => own.neg(), x)),
  stopGradient: unary(ops.stopGradient),
  track: unary((x) => ops.track(x, [])),

  matmul: (draw) => {
    const [m, k, n] = [draw.size(70), draw.size(150), draw.size(70)];
    const lead = draw.yes() ? [] : [draw.size(3)];
    const [a, b] = [draw.normals([...lead, m, k]), draw.normals([...(draw.yes() ? lead : []), k, n])];
    return ops.matmul(a, b);
  },
  linear: (draw) => {
    const [rows, inputs, outputs] = [draw.size(40), draw.size(80), draw.size(40)];
    return ops.linear(draw.normals([rows, inputs]), draw.normals([inputs, outputs]), draw.normals([outputs]));
  },
  outer: (draw) => ops.outer(draw.normals([draw.size(40)]), draw.normals([draw.size(40)])),
  einsum: (draw) => {
    const [b, i, j, k] = [draw.size(4), draw.size(), draw.size(), draw.size(30)];
    return ops.einsum('bik,bkj->bij', draw.normals([b, i, k]), draw.normals([b, k, j]));
  },
  conv2d: (draw) => {
    const { x, kernel, options } = convolution(draw, draw.size(3));
    return ops.conv2d(x, kernel, options);
  },
  conv2dInputBackwardOp: (draw) => {
    const { x, kernel, options } = convolution(draw, draw.size(2));
    return gradientOf(draw, ops.conv2d(x, kernel, options), x);
  },
  conv2dFilterBackwardOp: (draw) => {
    const { x, kernel, options } = convolution(draw, draw.size(2));
    return gradientOf(draw, ops.conv2d(x, kernel, options), kernel);
  },
  conv2dTranspose: (draw) => {
    const { x, kernel, options } = convolution(draw);
    return ops.conv2dTranspose(x, ops.permute(kernel, [0, 1, 3, 2]), { stride: options.stride, padding: 'same' });
  },
  conv1d: (draw) => {
    const [inputs, outputs] = [draw.size(5), draw.size(5)];
    const options = { padding: 'causal', dilation: draw.size(3) } as const;
    const x = draw.normals([draw.size(3), draw.size(20), inputs]);
    return ops.conv1d(x, draw.normals([draw.size(3), inputs, outputs]), options);
  },
  maxPool2d: image((x, draw) => ops.maxPool2d(x, windows(draw))),
  maxPoolBackwardOp: image((x, draw) => gradientOf(draw, ops.maxPool2d(x, windows(draw)), x)),
  averagePool2d: image((x, draw) => ops.averagePool2d(x, windows(draw))),
  globalAveragePool2d: image((x) => ops.globalAveragePool2d(x)),
  globalMaxPool2d: image((x) => ops.globalMaxPool2d(x)),
  adaptiveAveragePool2d: image((x, draw) => ops.adaptiveAveragePool2d(x, [draw.size(4), draw.size(4)])),
  adaptiveMaxPool2d: image((x, draw) => ops.adaptiveMaxPool2d(x, [draw.size(4), draw.size(4)])),
  resize: image((x, draw) => ops.resize(x, [draw.size(15), draw.size(15)], draw.yes() ? 'nearest' : 'bilinear')),
  layerNorm: arranged((x, draw) => ops.layerNorm(x, { scale: draw.normals([x.shape.at(-1)!]) })),
  rmsNorm: arranged((x, draw) => ops.rmsNorm(x, { scale: draw.normals([x.shape.at(-1)!]) })),
  groupNorm: (draw) => {
    const groups = draw.size(3);
    return ops.groupNorm(draw.normals([draw.size(3), draw.size(), draw.size(), groups * draw.size(3)]), groups);
  },
  instanceNorm: image((x) => ops.instanceNorm(x)),
  batchNorm: image((x, draw) => ops.batchNorm(x, { shift: draw.normals([x.shape.at(-1)!]) }).y),
  attention: (draw) => {
    const { q, k, v, options } = attended(draw);
    return ops.attention(q, k, v, options);
  },
  attentionBackwardOp: (draw) => {
    const { q, k, v, options } = attended(draw);
    const y = ops.attention(q, k, v, options);
    return grad(y.mul(draw.normals(y.shape)).sum(), [q, k, v]);
  },
  crossEntropyRows: (draw) => {
    const [rows, classes] = [draw.size(40), draw.size(70)];
    return ops.crossEntropyRows(draw.normals([rows, classes]), draw.integers([rows], classes));
  },
  crossEntropyBackwardOp: (draw) => {
    const [rows, classes] = [draw.size(40), draw.size(70)];
    const logits = draw.normals([rows, classes]);
    return gradientOf(draw, ops.crossEntropyRows(logits, draw.integers([rows], classes)), logits);
  },
  ctcRows: (draw) => ctcOf(draw).losses,
  ctcBackwardOp: (draw) => {
    const { losses, logits } = ctcOf(draw);
    return gradientOf(draw, losses, logits);
  },
  lstm: (draw) => {
    const { x, kernel, recurrent: u, bias, mask } = recurrent(draw, 4);
    const { sequence, last } = ops.lstm(x, kernel, u, bias, { mask });
    return [sequence, last.hidden, last.cell];
  },
  lstmBackwardOp: (draw) => {
    const { x, kernel, recurrent: u, bias, mask } = recurrent(draw, 4);
    return gradientOf(draw, ops.lstm(x, kernel, u, bias, { mask }).sequence, x);
  },
  gru: (draw) => {
    const { x, kernel, recurrent: u, bias, mask } = recurrent(draw, 3);
    return ops.gru(x, kernel, u, bias, bias.mul(0.5), { mask, resetAfter: draw.yes() }).sequence;
  },

  randomUniform: (draw) => ops.randomUniform(draw.shape(), key),
  randomNormal: (draw) => ops.randomNormal(draw.shape(), key),
  randomTruncatedNormal: (draw) => ops.randomTruncatedNormal(draw.shape(), key),
  randomBernoulli: (draw) => ops.randomBernoulli(draw.shape(), 0.3, key),
  randomPermutation: (draw) => ops.randomPermutation(draw.size(300), key),
  randomCategorical: (draw) => ops.randomCategorical(draw.normals(draw.shape()), key),
  dropout: unary((x) => ops.dropout(x, 0.25, key)),

  sgdUpdate: update(ops.sgdUpdate, 0, {}),
  momentumUpdate: update(ops.momentumUpdate, 1, { momentum: 0.9 }),
  nesterovUpdate: update(ops.nesterovUpdate, 1, { momentum: 0.9 }),
  adamUpdate: update(ops.adamUpdate, 2, {
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-7,
    correction1: 0.1,
    correction2: 0.001,
  }),
  rmspropUpdate: update(ops.rmspropUpdate, 1, { rho: 0.9, epsilon: 1e-7 }),
  adagradUpdate: update(ops.adagradUpdate, 1, { epsilon: 1e-7 }),
};
