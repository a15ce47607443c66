import type * as Tf from '@tensorflow/tfjs-core';
import type * as Layers from '@tensorflow/tfjs-layers';
import { BATCHES } from '../../step-data.js';
import { partOfRows } from '../layout.js';
import type { HostTensor, Inputs } from '../workloads.js';

/** Optimizer and defaults of Keras. TF.js's own default of epsilon is the same, but not its recurrent activation. */
const ADAM = { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

/** TF.js as its user has loaded it: there must be one copy of it, with one backend. */
export interface Tfjs {
  readonly tf: typeof Tf;
  readonly layers: typeof Layers;
}

/** The Keras model in TF.js layers, on the backend that is set. */
export class TfjsClassifier {
  readonly #tf: typeof Tf;
  readonly #model: Layers.LayersModel;
  readonly #classes: number;

  /** Takes the weights of our classifier, by name, and the number of tokens; ids of 0 are padding when `masked`. */
  constructor({ tf, layers }: Tfjs, weights: Inputs, image: readonly number[], time: number, { masked = false } = {}) {
    const [vocabulary, features] = weights['embedding.table'].shape as [number, number];
    const [height, width, , filters] = weights['conv.kernel'].shape as [number, number, number, number];
    const units = weights['lstm.recurrentKernel'].shape[0];
    this.#tf = tf;
    this.#classes = weights['classify.bias'].shape[0];
    const text = layers.input({ shape: [time], dtype: 'int32' });
    const pixels = layers.input({ shape: [...image] });
    // Zeros to begin with: the weights are ours.
    const embed = layers.layers.embedding({
      inputDim: vocabulary,
      outputDim: features,
      maskZero: masked,
      embeddingsInitializer: 'zeros',
    });
    const recur = layers.layers.lstm({ units, recurrentActivation: 'sigmoid', recurrentInitializer: 'zeros' });
    const convolve = layers.layers.conv2d({ filters, kernelSize: [height, width], activation: 'relu' });
    const dense = layers.layers.dense({ units: this.#classes, activation: 'softmax' });
    const encoded = [recur.apply(embed.apply(text)), layers.layers.flatten().apply(convolve.apply(pixels))];
    const output = dense.apply(layers.layers.concatenate().apply(encoded as Layers.SymbolicTensor[]));
    this.#model = layers.model({ inputs: [text, pixels], outputs: output as Layers.SymbolicTensor });
    const places = [
      [embed, ['embedding.table']],
      [recur, ['lstm.kernel', 'lstm.recurrentKernel', 'lstm.bias']],
      [convolve, ['conv.kernel', 'conv.bias']],
      [dense, ['classify.kernel', 'classify.bias']],
    ] as const;
    for (const [layer, names] of places)
      layer.setWeights(names.map((name) => tf.tensor(weights[name].data, [...weights[name].shape])));
    const { rate, beta1, beta2, epsilon } = ADAM;
    this.#model.compile({ optimizer: tf.train.adam(rate, beta1, beta2, epsilon), loss: 'categoricalCrossentropy' });
  }

  /** Training steps on the batches of the bench, which lie on the device. */
  static trainer(tfjs: Tfjs, { tokens, images, labels, ...weights }: Inputs): () => Promise<number> {
    const model = new TfjsClassifier(tfjs, weights, images.shape.slice(1), tokens.shape[1]);
    const uploaded = Array.from({ length: BATCHES }, (_, index) => {
      const part = (whole: HostTensor) => partOfRows(whole, index, BATCHES);
      return model.upload(part(tokens), part(images), part(labels));
    });
    let steps = 0;
    return () => model.step(uploaded[steps++ % BATCHES]);
  }

  /** A batch as TF.js's tensors: tokens, images, and labels as one-hot rows. */
  upload(tokens: HostTensor, images: HostTensor, labels: HostTensor): TfjsBatch {
    const rows = labels.data.length;
    const hot = new Float32Array(rows * this.#classes);
    labels.data.forEach((label, row) => {
      hot[row * this.#classes + label] = 1;
    });
    return {
      tokens: this.#tf.tensor(tokens.data, [...tokens.shape], 'int32'),
      images: this.#tf.tensor(images.data, [...images.shape]),
      labels: this.#tf.tensor(hot, [rows, this.#classes]),
    };
  }

  /** One step of training; brings the loss before it, and so waits until the step is done. */
  async step({ tokens, images, labels }: TfjsBatch): Promise<number> {
    return (await this.#model.trainOnBatch([tokens, images], labels)) as number;
  }
}

export interface TfjsBatch {
  readonly tokens: Tf.Tensor;
  readonly images: Tf.Tensor;
  readonly labels: Tf.Tensor;
}
