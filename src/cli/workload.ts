import { SigmaFusion, TextImageClassifier } from '../models/index.js';
import { Adam, crossEntropy, type Module } from '../nn/index.js';
import { Generator } from '../tensor/generator.js';
import { type Tensor, tensor } from '../tensor/index.js';
import type { ModelName } from './models.js';

/** Steps rotate over this many batches, so that no input is in a cache from the previous step. */
const BATCHES = 4;
const CLASSES = 10;

/** A model, its batch size, and whether to build training steps or forward passes. */
export interface WorkloadOptions {
  readonly model: ModelName;
  readonly batch: number;
  readonly training: boolean;
}

/**
 * Creates a model and random batches. Each call of the returned function builds the next step: the output of the model,
 * or the loss and the assigns of a training step.
 */
export function workload({ model: name, batch, training }: WorkloadOptions): () => Tensor[] {
  const random = new Random(batch);
  const { model, forward } = name === 'sigma-fusion' ? sigmaFusion(random) : textImageClassifier(random);
  const labels = times(() => random.integers(CLASSES));
  if (!training) model.eval();
  const optimizer = new Adam(model.parameters());
  let steps = 0;
  return () => {
    const turn = steps++ % BATCHES;
    const output = forward(turn);
    if (!training) return [output];
    const loss = crossEntropy(output, labels[turn]);
    const targets = [loss, ...optimizer.assigns(loss)];
    optimizer.resumeAt(steps);
    return targets;
  };
}

interface Subject {
  readonly model: Module;
  /** Computes the output of the model for one of the batches. */
  readonly forward: (turn: number) => Tensor;
}

function sigmaFusion(random: Random): Subject {
  const model = new SigmaFusion({ inputs: [128, 784], classes: CLASSES });
  const inputs = times(() => [random.normal(128), random.normal(784)] as const);
  return { model, forward: (turn) => model.forward(...inputs[turn]) };
}

function textImageClassifier(random: Random): Subject {
  const model = new TextImageClassifier({ classes: CLASSES });
  const inputs = times(() => ({ tokens: random.integers(10_000, 20), images: random.normal(28, 28, 1) }));
  return { model, forward: (turn) => model.forward(inputs[turn]) };
}

/** Generates batches of random numbers; `shape` is the shape of one row. */
class Random {
  readonly #generator = new Generator(0);
  constructor(private readonly batch: number) {}

  normal(...shape: number[]): Tensor {
    const length = shape.reduce((product, one) => product * one, this.batch);
    return tensor(
      Float32Array.from({ length }, () => this.#generator.normal()),
      [this.batch, ...shape],
    );
  }

  integers(below: number, ...shape: number[]): Tensor {
    const length = shape.reduce((product, one) => product * one, this.batch);
    return tensor(
      Int32Array.from({ length }, () => this.#generator.integer(below)),
      [this.batch, ...shape],
    );
  }
}

const times = <T>(make: () => T): T[] => Array.from({ length: BATCHES }, make);
