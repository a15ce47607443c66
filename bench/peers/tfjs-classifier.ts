import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import type { Batch } from '../../src/data/index.js';
import type { TextImageClassifier } from '../../src/models/index.js';

/** Optimizer and defaults of Keras. TF.js's own default of epsilon is the same, but not its recurrent activation. */
const ADAM = { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

/**
 * The Keras model in TF.js layers, on the backend that is set, with the weights of ours.
 * Ids of 0 are padding when `masked`.
 */
export class TfjsClassifier {
  readonly #classes: number;

  private constructor(private readonly model: layers.LayersModel) {
    this.#classes = model.outputs[0]!.shape[1]!;
  }

  static async from(ours: TextImageClassifier, time: number, { masked = false } = {}): Promise<TfjsClassifier> {
    const { embedding, lstm, conv, classify } = ours;
    const [vocabulary, features] = embedding!.table.shape as [number, number];
    const [height, width, , filters] = conv!.kernel.shape as [number, number, number, number];
    const text = layers.input({ shape: [time], dtype: 'int32' });
    const image = layers.input({ shape: [...ours.image] });
    // Zeros to begin with: the weights are ours.
    const embed = layers.layers.embedding({
      inputDim: vocabulary,
      outputDim: features,
      maskZero: masked,
      embeddingsInitializer: 'zeros',
    });
    const recur = layers.layers.lstm({
      units: lstm!.units,
      recurrentActivation: 'sigmoid',
      recurrentInitializer: 'zeros',
    });
    const convolve = layers.layers.conv2d({ filters, kernelSize: [height, width], activation: 'relu' });
    const dense = layers.layers.dense({ units: classify.bias!.shape[0]!, activation: 'softmax' });
    const encoded = [recur.apply(embed.apply(text)), layers.layers.flatten().apply(convolve.apply(image))];
    const output = dense.apply(layers.layers.concatenate().apply(encoded as layers.SymbolicTensor[]));
    const model = layers.model({ inputs: [text, image], outputs: output as layers.SymbolicTensor });
    const weights = [
      [embed, [embedding!.table]],
      [recur, [lstm!.kernel, lstm!.recurrentKernel, lstm!.bias]],
      [convolve, [conv!.kernel, conv!.bias!]],
      [dense, [classify.kernel, classify.bias!]],
    ] as const;
    for (const [layer, variables] of weights) {
      const values = variables.map(async (one) => tf.tensor(Float32Array.from(await one.data()), [...one.shape]));
      layer.setWeights(await Promise.all(values));
    }
    const { rate, beta1, beta2, epsilon } = ADAM;
    model.compile({ optimizer: tf.train.adam(rate, beta1, beta2, epsilon), loss: 'categoricalCrossentropy' });
    return new TfjsClassifier(model);
  }

  /** A batch as TF.js's tensors: tokens, images, and labels as one-hot rows. */
  async upload({ tokens, images, labels }: Batch): Promise<TfjsBatch> {
    const rows = labels.shape[0]!;
    const hot = new Float32Array(rows * this.#classes);
    (await labels.data()).forEach((label, row) => {
      hot[row * this.#classes + label] = 1;
    });
    return {
      tokens: tf.tensor(Int32Array.from(await tokens.data()), [...tokens.shape], 'int32'),
      images: tf.tensor(Float32Array.from(await images.data()), [...images.shape]),
      labels: tf.tensor(hot, [rows, this.#classes]),
    };
  }

  /** One step of training; brings the loss before it, and so waits until the step is done. */
  async step({ tokens, images, labels }: TfjsBatch): Promise<number> {
    return (await this.model.trainOnBatch([tokens, images], labels)) as number;
  }
}

export interface TfjsBatch {
  readonly tokens: tf.Tensor;
  readonly images: tf.Tensor;
  readonly labels: tf.Tensor;
}
