import {
  crossEntropy,
  Dropout,
  Embedding,
  LayerNorm,
  Linear,
  Module,
  PositionalEmbedding,
  randomNormal,
  rotaryPositions,
} from '../nn/index.js';
import {
  arange,
  attention,
  checkpoint,
  gelu,
  sliceUpdate,
  type Tensor,
  TesseraError,
  track,
  type Variable,
} from '../tensor/index.js';
import {
  boolean,
  checkOptions,
  fraction,
  nonNegativeInteger,
  oneOf,
  optional,
  positiveInteger,
} from '../tensor/options.js';
import { expectIds, expectMultiple, expectTensor } from './options.js';

/** Options of a `GPT`. */
export interface GPTOptions {
  /** The size of the vocabulary: tokens are 0 to vocabulary - 1. */
  readonly vocabulary: number;
  /** The most tokens that are seen at once: nanoGPT's block size. */
  readonly block: number;
  /** The number of layers, each of which is a transformer block. */
  readonly layers: number;
  /** The number of heads of the attention, which divides the width. */
  readonly heads: number;
  /** The number of features of a token. */
  readonly width: number;
  /** The rate of the dropout of embeddings, attention weights and residuals, within [0, 1). Default 0. */
  readonly dropout?: number;
  /** Whether linear layers and normalizations have biases, as in GPT-2. Default true. */
  readonly bias?: boolean;
  /** How GELU is computed: exactly, as in nanoGPT, or by the tanh of GPT-2 and minGPT. Default 'exact'. */
  readonly gelu?: 'exact' | 'tanh';
  /** How it knows the order of tokens: by a learned vector for each position, or by rotary positions. Default 'learned'. */
  readonly positions?: 'learned' | 'rotary';
  /** Whether gradients compute a layer's features again instead of keeping them, for less memory. Default false. */
  readonly recompute?: boolean;
  /** The seed of the initial values and of the dropout. Default: streams of their own; see `setSeed`. */
  readonly seed?: number;
}

/** The standard deviation of initial weights, and the ε of normalizations, of GPT-2. */
const DEVIATION = 0.02;
const EPSILON = 1e-5;

/** Targets with this value count neither in the loss nor in its gradients, as in minGPT. */
const IGNORED = -1;

/** The keys and values of a layer for all positions, and where tokens stand among them. */
export interface CachedLayer {
  /** Keys: (batch, heads, block, width / heads). */
  readonly keys: Variable;
  /** Values: (batch, heads, block, width / heads). */
  readonly values: Variable;
  /** The number of tokens before: (batch) of i32. */
  readonly begin: Tensor;
  /** The positions of the tokens: (batch, time) of i32. */
  readonly positions: Tensor;
  /** Whether a token sees a position: bool (batch, 1, time, block). */
  readonly isSeen: Tensor;
}

/** The options of a GPT, with the defaults of those left out. */
type Sizes = Readonly<Required<Omit<GPTOptions, 'seed'>>>;

/** A linear layer of a GPT: W ~ N(0, deviation²), b = 0. */
const linear = (inputs: number, outputs: number, useBias: boolean, deviation = DEVIATION): Linear =>
  new Linear({ inputs, outputs, useBias, kernelInitializer: randomNormal(0, deviation) });

/** Projections back to the residual stream start smaller, so that its variance does not grow with the layers. */
const residualDeviation = (layers: number): number => DEVIATION / Math.sqrt(2 * layers);

/**
 * Causal self-attention with heads of d = width / heads features:
 *
 *   [q; k; v] = x·W_qkv + b_qkv                              (batch·time, 3·width)
 *   headᵢ = dropout(softmax(causal(qᵢ·kᵢᵀ / √d)))·vᵢ         (batch, time, d)
 *   y = [head₁ ... headₙ]·W_o + b_o                          (batch·time, width)
 */
export class GPTAttention extends Module {
  /** Queries, keys and values in one projection: W_qkv (width, 3·width), b_qkv (3·width). */
  readonly qkv: Linear;
  /** Projection of the heads: W_o (width, width), b_o (width). */
  readonly project: Linear;
  /** Dropout of the attention weights. */
  readonly drop: Dropout;
  readonly #heads: number;
  readonly #isRotary: boolean;

  constructor({ width, heads, layers, bias, dropout, positions }: Sizes) {
    super();
    this.qkv = linear(width, 3 * width, bias);
    this.project = linear(width, width, bias, residualDeviation(layers));
    this.drop = new Dropout({ rate: dropout });
    this.#heads = heads;
    this.#isRotary = positions === 'rotary';
  }

  /**
   * Attends from each token of x (batch·time, width) to itself and those before it. With a cache, those before x are in
   * it, and those of x are written to it when the result is evaluated with its tracked updates.
   */
  forward(x: Tensor, batch: number, cache?: CachedLayer): Tensor {
    const [rows, width] = x.shape;
    const time = rows / batch;
    const heads = [batch, this.#heads, time, width / this.#heads];
    const [q, k, v] = this.qkv
      .forward(x)
      .reshape([batch, time, 3, this.#heads, width / this.#heads])
      .permute([2, 0, 3, 1, 4])
      .split(3)
      .map((one) => one.reshape(heads));
    const turn = (one: Tensor) => (this.#isRotary ? rotaryPositions(one, cache?.positions ?? arange(time)) : one);
    const y =
      cache === undefined
        ? attention(turn(q), turn(k), v, { causal: true, dropout: this.drop.next() })
        : attendCached(turn(q), turn(k), v, cache);
    return this.project.forward(y.permute([0, 2, 1, 3]).reshape([rows, width]));
  }
}

/** Attention to the keys and values of a cache, once those of the new tokens are written to it. */
function attendCached(q: Tensor, k: Tensor, v: Tensor, { keys, values, begin, isSeen }: CachedLayer): Tensor {
  const [allKeys, allValues] = [sliceUpdate(keys, k, begin), sliceUpdate(values, v, begin)];
  return track(attention(q, allKeys, allValues, { mask: isSeen }), [
    [keys, () => allKeys],
    [values, () => allValues],
  ]);
}

/**
 * A layer of a GPT, a pre-norm transformer block:
 *
 *   h = x + dropout(attention(norm₁(x)))
 *   y = h + dropout(gelu(norm₂(h)·W₁ + b₁)·W₂ + b₂)
 *
 * x (batch·time, width) -> y (batch·time, width): a row for each token, so that biases, GELU and sums are computed in the
 * kernels of the products. W₁ (width, 4·width), W₂ (4·width, width).
 */
export class GPTLayer extends Module {
  /** Normalization of the attention's input. */
  readonly norm1: LayerNorm;
  /** Causal self-attention. */
  readonly attention: GPTAttention;
  /** Normalization of the feed-forward network's input. */
  readonly norm2: LayerNorm;
  /** First layer of the feed-forward network: W₁ (width, 4·width), b₁ (4·width). */
  readonly expand: Linear;
  /** Second layer of the feed-forward network: W₂ (4·width, width), b₂ (width). */
  readonly contract: Linear;
  /** Dropout of what is added to the residual stream. */
  readonly drop: Dropout;
  readonly #gelu: { readonly approximate: boolean };

  constructor(sizes: Sizes) {
    super();
    const { width, layers, bias, dropout } = sizes;
    const norm = () => new LayerNorm({ features: width, epsilon: EPSILON, useBias: bias });
    this.norm1 = norm();
    this.attention = new GPTAttention(sizes);
    this.norm2 = norm();
    this.expand = linear(width, 4 * width, bias);
    this.contract = linear(4 * width, width, bias, residualDeviation(layers));
    this.drop = new Dropout({ rate: dropout });
    this.#gelu = { approximate: sizes.gelu === 'tanh' };
  }

  /** Applies the layer; see `GPTAttention.forward` for the cache. */
  forward(x: Tensor, batch: number, cache?: CachedLayer): Tensor {
    const h = x.add(this.drop.forward(this.attention.forward(this.norm1.forward(x), batch, cache)));
    const hidden = gelu(this.expand.forward(this.norm2.forward(h)), this.#gelu);
    return h.add(this.drop.forward(this.contract.forward(hidden)));
  }
}

/**
 * A decoder-only transformer (GPT-2, Radford et al. 2019), as nanoGPT writes it:
 *
 *   x₀ = dropout(E[tokens] + P[0 ... time - 1])    (batch·time, width)
 *   xₗ = layerₗ(xₗ₋₁)                              causal: a token sees itself and those before it
 *   logits = norm(x_layers)·Eᵀ                     (batch·time, vocabulary)
 *
 * tokens (batch, time) of i32, time ≤ block -> logits (batch, time, vocabulary), whose row t gives the probabilities softmax(logits[t]) of token
 * t + 1. The head is tied to the embedding E (Press and Wolf 2017). With rotary positions there is no P, and queries and
 * keys are turned instead. Weights start N(0, 0.02²), those of projections to the residual stream N(0, 0.02² /
 * (2·layers)), biases zero.
 */
export class GPT extends Module {
  /** Token embedding and head: E (vocabulary, width). */
  readonly embedding: Embedding;
  /** Learned positions: P (block, width); undefined where they are rotary. */
  readonly positions: PositionalEmbedding | undefined;
  /** Dropout of the embeddings. */
  readonly drop: Dropout;
  /** The layers, in their order. */
  readonly layers: readonly GPTLayer[];
  /** Normalization of the last layer's result. */
  readonly norm: LayerNorm;
  /** The options that it was made with, and the defaults of those left out. */
  readonly options: Sizes;

  /** @throws TesseraError if the heads do not divide the width, or a head's features are odd for rotary positions. */
  constructor(options: GPTOptions) {
    super();
    const {
      dropout = 0,
      bias = true,
      gelu = 'exact',
      positions = 'learned',
      recompute = false,
      seed,
      ...sizes
    } = checkOptions('GPT', options, {
      vocabulary: positiveInteger,
      block: positiveInteger,
      layers: positiveInteger,
      heads: positiveInteger,
      width: positiveInteger,
      dropout: optional(fraction),
      bias: optional(boolean),
      gelu: optional(oneOf('exact', 'tanh')),
      positions: optional(oneOf('learned', 'rotary')),
      recompute: optional(boolean),
      seed: optional(nonNegativeInteger),
    });
    const { vocabulary, block, layers, heads, width } = sizes;
    expectMultiple('GPT', 'width', width, 'heads', heads);
    if (positions === 'rotary' && (width / heads) % 2 !== 0)
      throw new TesseraError(`GPT: rotary positions turn pairs of features, but a head has ${width / heads}`);
    this.options = { ...sizes, dropout, bias, gelu, positions, recompute };
    const initializer = randomNormal(0, DEVIATION);
    this.embedding = new Embedding({ vocabulary, outputs: width, initializer });
    this.positions =
      positions === 'learned' ? new PositionalEmbedding({ length: block, features: width, initializer }) : undefined;
    this.drop = new Dropout({ rate: dropout });
    this.layers = Array.from({ length: layers }, () => new GPTLayer(this.options));
    this.norm = new LayerNorm({ features: width, epsilon: EPSILON, useBias: bias });
    if (seed !== undefined) this.initialize(seed);
  }

  /**
   * Computes the logits: tokens (batch, time) of i32 -> (batch, time, vocabulary).
   * @throws TesseraError if there are more tokens than the block has, or one that the host knows is out of range.
   */
  forward(tokens: Tensor): Tensor {
    return this.#logits(this.#features(tokens)).reshape([...tokens.shape, this.options.vocabulary]);
  }

  /**
   * Computes the mean cross-entropy of the next tokens, in nats: tokens and targets (batch, time) of i32, where
   * targets[b, t] is the token that follows tokens[b, t]. Targets of -1 do not count.
   *
   * @throws TesseraError as `forward` does, or if the targets do not fit.
   */
  loss(tokens: Tensor, targets: Tensor): Tensor {
    const features = this.#features(tokens);
    expectTensor('GPT', 'targets', targets, 'i32', tokens.shape);
    return crossEntropy(this.#logits(features), targets.reshape([targets.size]), { ignoreIndex: IGNORED });
  }

  /** The parameters that weight decay applies to, as in nanoGPT: matrices, the embeddings among them. */
  decayedParameters(): Variable[] {
    return this.parameters().filter(({ rank }) => rank > 1);
  }

  /**
   * Computes the logits of some of the tokens, which stand behind those that a cache holds: tokens (batch, time), rows of
   * the flattened tokens (count), each of i32, and a cache for each layer -> (count, vocabulary). `GPTCache` calls it.
   */
  forwardCached(tokens: Tensor, rows: Tensor, caches: readonly CachedLayer[]): Tensor {
    return this.#logits(this.#features(tokens, caches).gather(rows));
  }

  /** The normalized features of the last layer: tokens (batch, time) -> (batch·time, width). */
  #features(tokens: Tensor, caches?: readonly CachedLayer[]): Tensor {
    const { vocabulary, block, width, recompute } = this.options;
    const [batch, time] = expectIds('GPT', 'tokens', tokens, vocabulary, ['batch', 'time']).shape;
    if (time > block) throw new TesseraError(`GPT: expected at most ${block} tokens, its block, got ${time}`);
    const x = this.#placed(this.embedding.forward(tokens), caches?.[0].positions).reshape([batch * time, width]);
    const apply = (h: Tensor, layer: GPTLayer, index: number): Tensor =>
      recompute && caches === undefined
        ? checkpoint((own) => layer.forward(own, batch), h)
        : layer.forward(h, batch, caches?.[index]);
    return this.norm.forward(this.layers.reduce(apply, this.drop.forward(x)));
  }

  /** Adds the vectors of the positions, which are 0, 1, ... unless given. */
  #placed(x: Tensor, positions: Tensor | undefined): Tensor {
    if (this.positions === undefined) return x;
    return positions === undefined ? this.positions.forward(x) : x.add(this.positions.table.gather(positions));
  }

  /** The head: features (rows, width) -> logits (rows, vocabulary). */
  #logits(features: Tensor): Tensor {
    return this.operand(features).matmul(this.operand(this.embedding.table).transpose());
  }
}
