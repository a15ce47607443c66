import {
  atan2,
  attention,
  averagePool2d,
  batchNorm,
  checkpoint,
  concat,
  conv1d,
  conv2d,
  conv2dTranspose,
  crossEntropyRows,
  ctcRows,
  dropout,
  elu,
  gather,
  gelu,
  groupNorm,
  gru,
  hardSigmoid,
  layerNorm,
  leakyRelu,
  lstm,
  matmul,
  maxPool2d,
  randomNormal,
  randomUniform,
  resize,
  rmsNorm,
  scatterAdd,
  silu,
  sliceUpdate,
  softplus,
  type Tensor,
  tensor,
  track,
  where,
} from '../../src/tensor/index.js';

/** A function whose gradient is checked: from inputs of given shapes to a tensor. */
export interface GradientCase {
  /** Names of the ops that it checks; none for a function made of others, which has a note. */
  readonly ops: readonly string[];
  readonly note?: string;
  readonly shapes: readonly (readonly number[])[];
  readonly compute: (...inputs: Tensor[]) => Tensor;
  /** Maps normal random numbers to where the function is smooth. */
  readonly domain?: (x: number) => number;
  /** False where the rule is fused and has no second derivative. */
  readonly twice?: boolean;
}

const positive = (x: number) => 0.5 + Math.abs(x);
/** Away from 0, where the slopes of |x|, relu and the like jump. */
const notZero = (x: number) => x + 0.1 * Math.sign(x || 1);
const labels = tensor(Int32Array.of(2, 0, 1));
const someZeros = [
  [0, 1, 1, 1],
  [0, 1, 0, 1],
  [1, 1, 1, 1],
];
const indices = tensor(Int32Array.of(1, 3, 1, 0, 1));
const mask = tensor([
  [1, 1, 0],
  [1, 0, 1],
]);

const unary = (name: string, compute: (x: Tensor) => Tensor, domain?: GradientCase['domain']): GradientCase => ({
  ops: [name],
  shapes: [[2, 3]],
  compute,
  ...(domain === undefined ? {} : { domain }),
});

const made = (note: string, compute: (x: Tensor) => Tensor, domain?: GradientCase['domain']): GradientCase => ({
  ...unary(note, compute, domain),
  ops: [],
  note,
});

export const gradientCases: readonly GradientCase[] = [
  unary('negative', (x) => x.neg()),
  unary('abs', (x) => x.abs(), notZero),
  unary('sign', (x) => x.sign().add(x), notZero),
  unary('exp', (x) => x.exp()),
  unary('log', (x) => x.log(), positive),
  unary('sqrt', (x) => x.sqrt(), positive),
  unary('sin', (x) => x.sin()),
  unary('cos', (x) => x.cos()),
  unary('tanh', (x) => x.tanh()),
  unary('sigmoid', (x) => x.sigmoid()),
  unary('relu', (x) => x.relu(), notZero),
  unary(
    'tan',
    (x) => x.tan(),
    (x) => 0.4 * x,
  ),
  unary(
    'asin',
    (x) => x.asin(),
    (x) => 0.9 * Math.tanh(x),
  ),
  unary(
    'acos',
    (x) => x.acos(),
    (x) => 0.9 * Math.tanh(x),
  ),
  unary('atan', (x) => x.atan()),
  unary('sinh', (x) => x.sinh()),
  unary('cosh', (x) => x.cosh()),
  unary('erf', (x) => x.erf()),
  unary('log1p', (x) => x.log1p(), positive),
  unary('expm1', (x) => x.expm1()),
  unary(
    'floor',
    (x) => x.mul(x.floor()),
    (x) => 0.3 + 0.1 * Math.tanh(x) + 2,
  ),
  unary(
    'ceil',
    (x) => x.mul(x.ceil()),
    (x) => 0.3 + 0.1 * Math.tanh(x) - 2,
  ),
  unary(
    'round',
    (x) => x.mul(x.round()),
    (x) => 0.3 + 0.1 * Math.tanh(x) + 4,
  ),
  { ops: ['atan2'], shapes: [[2, 3], [3]], compute: atan2, domain: notZero },
  { ops: ['mod'], shapes: [[2, 3], [3]], compute: (a, b) => a.mod(b), domain: (x) => 1.6 + 0.1 * Math.tanh(x) },
  made('gelu', (x) => gelu(x)),
  made('gelu by tanh', (x) => gelu(x, { approximate: true })),
  made('silu', silu),
  unary('softplus', softplus),
  made('leaky_relu', leakyRelu, notZero),
  made('elu', elu, notZero),
  made('hard_sigmoid', hardSigmoid),
  unary('cast_f32', (x) => x.mul(x.greater(0).cast('f32')), notZero),
  unary('stopGradient', (x) => x.mul(2).add(x.mul(0).stopGradient())),
  { ops: ['add'], shapes: [[2, 3], [3]], compute: (a, b) => a.add(b) },
  {
    ops: ['subtract'],
    shapes: [
      [2, 1, 3],
      [4, 1],
    ],
    compute: (a, b) => a.sub(b),
  },
  {
    ops: ['multiply'],
    shapes: [
      [2, 3],
      [2, 1],
    ],
    compute: (a, b) => a.mul(b),
  },
  { ops: ['divide'], shapes: [[2, 3], []], compute: (a, b) => a.div(b), domain: positive },
  { ops: ['pow'], shapes: [[2, 3], [3]], compute: (a, b) => a.pow(b), domain: positive },
  { ops: ['pow'], shapes: [[4]], compute: (a) => a.pow(3), domain: notZero },
  { ops: ['maximum'], shapes: [[5], [5]], compute: (a, b) => a.maximum(b) },
  { ops: ['minimum'], shapes: [[5], [5]], compute: (a, b) => a.minimum(b) },
  { ops: ['where'], shapes: [[2, 3], [3]], compute: (a, b) => where(a.greater(b), a.mul(2), b) },
  { ops: ['sum'], shapes: [[2, 3, 4]], compute: (x) => x.sum([0, 2]) },
  { ops: ['sum'], shapes: [[2, 70]], compute: (x) => x.sum(-1).mul(x.mean()) },
  { ops: ['prod'], shapes: [[2, 3, 4]], compute: (x) => x.prod(1) },
  {
    ops: ['prod'],
    note: 'product with zeros',
    shapes: [[3, 4]],
    compute: (x) => x.mul(tensor(someZeros)).prod(1),
    twice: false,
  },
  { ops: ['cumsum'], shapes: [[2, 5, 3]], compute: (x) => x.cumsum(1) },
  { ops: ['cumsum'], shapes: [[7]], compute: (x) => x.cumsum(0, { exclusive: true, reverse: true }) },
  { ops: [], note: 'variance', shapes: [[3, 5]], compute: (x) => x.variance(0, { correction: 1 }) },
  { ops: [], note: 'std', shapes: [[3, 5]], compute: (x) => x.std(1, { keepDims: true }) },
  { ops: [], note: 'log-sum-exp', shapes: [[3, 5]], compute: (x) => x.mul(50).logSumExp(1).mul(0.02) },
  { ops: [], note: 'norm', shapes: [[3, 5]], compute: (x) => x.norm(1) },
  { ops: ['max'], shapes: [[2, 5, 3]], compute: (x) => x.max(1, { keepDims: true }) },
  { ops: ['min'], shapes: [[2, 5]], compute: (x) => x.min() },
  { ops: ['reshape'], shapes: [[2, 6]], compute: (x) => x.reshape([3, 4]).sum(0) },
  { ops: ['permute'], shapes: [[2, 3, 4]], compute: (x) => x.permute([2, 0, 1]).mul(tensor([1, 2, 3])) },
  { ops: ['slice'], shapes: [[5, 4]], compute: (x) => x.slice([1, 0], [5, 3], [2, 1]) },
  { ops: ['track'], shapes: [[2, 3]], compute: (x) => track(x.mul(2), []).mul(x) },
  { ops: ['slice'], note: 'flip', shapes: [[3, 4]], compute: (x) => x.flip(1).mul(x) },
  { ops: [], note: 'roll', shapes: [[5, 2]], compute: (x) => x.roll(2).mul(x) },
  { ops: [], note: 'tile', shapes: [[2, 3]], compute: (x) => x.tile([2, 1, 2]) },
  {
    ops: [],
    note: 'pad by edge',
    shapes: [[2, 3]],
    compute: (x) =>
      x.pad(
        [
          [1, 2],
          [0, 1],
        ],
        'edge',
      ),
  },
  {
    ops: [],
    note: 'pad by reflect',
    shapes: [[3, 3]],
    compute: (x) =>
      x.pad(
        [
          [1, 2],
          [0, 1],
        ],
        'reflect',
      ),
  },
  { ops: [], note: 'take', shapes: [[3, 4]], compute: (x) => x.take(tensor(Int32Array.of(2, 0, 2)), 1) },
  { ops: [], note: 'sort', shapes: [[3, 5]], compute: (x) => x.sort(0) },
  { ops: [], note: 'top k', shapes: [[3, 5]], compute: (x) => x.topK(2).values },
  { ops: [], note: 'triangles', shapes: [[3, 4]], compute: (x) => x.tril().mul(x.triu(-1)) },
  {
    ops: ['pad'],
    shapes: [[2, 3]],
    compute: (x) =>
      x.pad(
        [
          [1, 0],
          [2, 1],
        ],
        7,
      ),
  },
  {
    ops: ['concat'],
    shapes: [
      [2, 3],
      [2, 1],
    ],
    compute: (a, b) => concat([a, b.mul(2), a], 1),
  },
  { ops: ['broadcast'], shapes: [[3, 1]], compute: (x) => x.broadcastTo([2, 3, 4]) },
  {
    ops: ['matmul'],
    shapes: [
      [3, 4],
      [4, 2],
    ],
    compute: (a, b) => matmul(a, b),
  },
  {
    ops: ['matmul'],
    shapes: [
      [4, 3],
      [4, 2],
    ],
    compute: (a, b) => matmul(a.transpose(), b),
  },
  {
    ops: ['matmul'],
    shapes: [
      [3, 4],
      [2, 4],
    ],
    compute: (a, b) => matmul(a, b.transpose()),
  },
  {
    ops: ['matmul'],
    shapes: [
      [4, 3],
      [2, 4],
    ],
    compute: (a, b) => matmul(a.transpose(), b.transpose()),
  },
  {
    ops: ['matmul'],
    shapes: [
      [2, 3, 4],
      [1, 4, 2],
    ],
    compute: (a, b) => matmul(a, b),
  },
  {
    ops: ['matmul'],
    shapes: [
      [2, 3, 4],
      [4, 2],
    ],
    compute: (a, b) => matmul(a, b),
  },
  {
    ops: ['conv2d', 'conv2dInputBackward', 'conv2dFilterBackward'],
    shapes: [
      [2, 5, 4, 2],
      [3, 2, 2, 3],
    ],
    compute: (x, w) => conv2d(x, w, { stride: [2, 1], padding: 'same' }),
  },
  {
    ops: ['conv2d'],
    shapes: [
      [1, 4, 4, 1],
      [2, 2, 1, 5],
    ],
    compute: (x, w) =>
      conv2d(x, w, {
        padding: [
          [1, 0],
          [0, 2],
        ],
      }),
  },
  {
    ops: ['conv2d', 'conv2dInputBackward', 'conv2dFilterBackward'],
    note: 'conv2d in groups, dilated',
    shapes: [
      [2, 6, 5, 4],
      [3, 2, 2, 6],
    ],
    compute: (x, w) => conv2d(x, w, { groups: 2, dilation: [2, 1], padding: 'same' }),
  },
  {
    ops: ['conv2dInputBackward'],
    note: 'conv2d transposed',
    shapes: [
      [1, 3, 4, 2],
      [3, 2, 5, 2],
    ],
    compute: (x, w) => conv2dTranspose(x, w, { stride: [2, 1] }),
  },
  {
    ops: ['attention', 'attentionBackward'],
    shapes: [
      [2, 2, 3, 4],
      [2, 2, 5, 4],
      [2, 2, 5, 3],
    ],
    compute: (q, k, v) => attention(q, k, v, { mask: tensor([true, true, false, true, true]) }),
    twice: false,
  },
  {
    ops: ['attention'],
    note: 'causal attention',
    shapes: [[1, 2, 4, 3]],
    compute: (x) => attention(x, x.mul(0.5), x.add(1), { causal: true, scale: 0.7 }),
    twice: false,
  },
  {
    ops: [],
    note: 'gru',
    shapes: [[2, 3, 2], [2, 6], [2, 6], [6], [6]],
    compute: (x, w, u, b, c) =>
      gru(x, w, u, b, c, {
        mask: tensor([
          [1, 1, 1],
          [1, 1, 0],
        ]),
      }).sequence,
    twice: false, // its rules compose; it only takes long
  },
  {
    ops: ['layerNorm', 'layerNormBackward'],
    note: 'layer norm',
    shapes: [[3, 5], [5], [5]],
    compute: (x, scale, shift) => layerNorm(x, { scale, shift }),
  },
  { ops: [], note: 'layer norm, last two axes', shapes: [[2, 2, 3]], compute: (x) => layerNorm(x, { axes: [1, 2] }) },
  {
    ops: [],
    note: 'layer norm, first axis',
    shapes: [[4, 3], []],
    compute: (x, scale) => layerNorm(x, { axes: 0, scale }),
  },
  {
    ops: [],
    note: 'layer norm, one scale',
    shapes: [[2, 4], []],
    compute: (x, scale) => layerNorm(x, { scale, shift: scale }),
  },
  { ops: [], note: 'rms norm', shapes: [[3, 5], [5]], compute: (x, scale) => rmsNorm(x, { scale }) },
  { ops: [], note: 'group norm', shapes: [[2, 3, 4], [4]], compute: (x, scale) => groupNorm(x, 2, { scale }) },
  { ops: [], note: 'batch norm', shapes: [[4, 3], [3]], compute: (x, shift) => batchNorm(x, { shift }).y },
  {
    ops: [],
    note: 'average pooling',
    shapes: [[1, 5, 4, 2]],
    compute: (x) => averagePool2d(x, { size: 3, stride: 2, padding: 'same' }),
  },
  { ops: [], note: 'resize', shapes: [[1, 3, 4, 2]], compute: (x) => resize(x, [5, 3], 'bilinear') },
  {
    ops: [],
    note: 'conv1d, causal',
    shapes: [
      [2, 7, 3],
      [3, 3, 4],
    ],
    compute: (x, w) => conv1d(x, w, { padding: 'causal', dilation: 2 }),
  },
  {
    ops: ['maxPool2d'],
    shapes: [[1, 5, 4, 2]],
    compute: (x) => maxPool2d(x, { size: [3, 2], stride: 1 }),
    twice: false,
  },
  { ops: ['gather'], shapes: [[4, 3]], compute: (x) => gather(x, indices).mul(tensor([[1], [2], [3], [4], [5]])) },
  {
    ops: ['scatterAdd'],
    shapes: [[5, 2]],
    compute: (x) => scatterAdd(x, indices, 4).mul(tensor([[1], [2], [3], [4]])),
  },
  {
    ops: ['sliceUpdate'],
    shapes: [
      [3, 2, 4, 2],
      [3, 2, 2, 2],
    ],
    // The second sample's rows begin before x, the third's end behind it.
    compute: (x, values) => sliceUpdate(x, values, tensor(Int32Array.of(1, -1, 3))),
  },
  {
    ops: ['checkpoint', 'after'],
    shapes: [[2, 3], [3, 4], [4]],
    compute: (x, w, b) => checkpoint((own, kernel) => own.matmul(kernel).add(b).tanh().mul(own.sum()), x, w),
  },
  { ops: ['softmax', 'softmaxBackward'], shapes: [[2, 5]], compute: (x) => x.softmax().mul(tensor([1, 2, 3, 4, 5])) },
  {
    ops: ['logSoftmax', 'logSoftmaxBackward'],
    shapes: [[2, 5]],
    compute: (x) => x.logSoftmax().mul(tensor([1, 2, 3, 4, 5])),
  },
  { ops: ['crossEntropy', 'crossEntropyBackward'], shapes: [[3, 4]], compute: (x) => crossEntropyRows(x, labels) },
  {
    ops: ['ctc', 'ctcBackward'],
    shapes: [[2, 5, 3]],
    compute: (x) =>
      ctcRows(x, tensor(Int32Array.of(1, 1, 2, 0), [2, 2]), { targetLengths: tensor(Int32Array.of(2, 1)) }),
    twice: false,
  },
  {
    ops: ['lstm'],
    shapes: [[2, 3, 2], [2, 12], [3, 12], [12], [2, 3], [2, 3]],
    compute: (x, kernel, recurrent, bias, hidden, cell) => {
      const { sequence, last } = lstm(x, kernel, recurrent, bias, { mask, initial: { hidden, cell } });
      return concat([sequence.reshape([2, 9]), last.hidden, last.cell], 1);
    },
    twice: false,
  },
  {
    ops: ['lstm'],
    shapes: [[2, 2, 3], [3, 16], [4, 16], [16]],
    compute: (x, kernel, recurrent, bias) => lstm(x, kernel, recurrent, bias).last.hidden,
    twice: false,
  },
  { ops: ['uniform'], shapes: [[4]], compute: (x) => x.mul(randomUniform([4], { seed: 3 })) },
  { ops: ['uniform'], shapes: [[4, 5]], compute: (x) => dropout(x, 0.5, { seed: 3 }) },
  { ops: ['normal'], shapes: [[4]], compute: (x) => x.mul(randomNormal([4], { seed: 3 })) },
];
