import { Counter, Module, parameter } from '../nn/index.js';
import { randomUniform, stack, type Tensor, TesseraError, type Variable } from '../tensor/index.js';
import { within } from '../tensor/ops/checks.js';
import { anything, checkOptions, fraction, nonNegativeInteger, optional } from '../tensor/options.js';
import { Encoder, type Features, type FieldInputs } from './encoders/encoder.js';
import { Fusion } from './fusion/fusion.js';
import { expectInputs, expectTensor } from './options.js';
import { Task } from './tasks/task.js';

/** The parts of a `Multimodal`, and its options. */
export interface MultimodalOptions {
  /** The encoder of each field, by the field's name. */
  readonly encoders: Readonly<Record<string, Encoder>>;
  /** The fusion of the encoders' features; its inputs are their widths, in the same order. */
  readonly fusion: Fusion;
  /** The task, whose input is the fused vector. */
  readonly task: Task;
  /** The probability that training leaves out a field of a row, within [0, 1). Default 0. */
  readonly modalityDropout?: number;
  /**
   * The seed of the modality dropout, and of all initial values and dropouts of the parts that were given none.
   * Default 0.
   */
  readonly seed?: number;
}

/** A field of a `Multimodal`. */
export interface MultimodalField {
  /** The encoder f of the field. */
  readonly encoder: Encoder;
  /** The vector that takes the place of the encoder's features where the field is absent: (width). */
  readonly absent: Variable;
}

/**
 * A model of several fields, composed of an encoder f for each, a fusion g and a task h:
 *
 *   y = h(g(f1(x1), ..., fn(xn)))
 *
 * Where a field is absent, a learned vector takes the place of its features. With present p (batch, fields),
 *
 *   fi ← pi·fi(xi) + (1 - pi)·absenti
 *
 * Modality dropout (Neverova et al. 2016) makes training rows like those: each field that a row has is left out with a
 * probability, but never all of them.
 */
export class Multimodal extends Module {
  /** The fields by name, each with its encoder f. */
  readonly fields: ReadonlyMap<string, MultimodalField>;
  /** The fusion g. */
  readonly fusion: Fusion;
  /** The task h. */
  readonly task: Task;
  /** The number of draws of the modality dropout so far. */
  readonly draws = new Counter();
  readonly #modalityDropout: number;
  readonly #seed: number;

  /** @throws TesseraError if there are no encoders, or widths of encoders, fusion and task do not fit each other. */
  constructor(options: MultimodalOptions) {
    super();
    const {
      encoders,
      fusion,
      task,
      modalityDropout = 0,
      seed = 0,
    } = checkOptions('Multimodal', options, {
      encoders: anything,
      fusion: anything,
      task: anything,
      modalityDropout: optional(fraction),
      seed: optional(nonNegativeInteger),
    });
    expectParts(encoders, fusion, task);
    this.fields = new Map(
      Object.entries(encoders).map(([name, encoder]) => [
        name,
        { encoder, absent: parameter('absent', [encoder.width], 'randomUniform', undefined) },
      ]),
    );
    this.fusion = fusion;
    this.task = task;
    this.#modalityDropout = modalityDropout;
    this.#seed = seed;
    this.initialize(seed);
  }

  /**
   * Computes the task's outputs of a batch.
   * @param inputs the tensors of each field by name, with `present` (batch): 1 where a row has the field, else 0.
   * @throws TesseraError if a field is missing, or one of its tensors has another type or shape.
   */
  forward(inputs: Readonly<Record<string, FieldInputs>>): Tensor {
    const present = this.#dropFields(this.#presentOf(inputs));
    const columns = present.split(this.fields.size, 1);
    const features = Array.from(this.fields, ([name, { encoder, absent }], index) =>
      replaceAbsent(
        within(`Multimodal: field '${name}'`, () => encoder.forward(inputs[name])),
        absent,
        columns[index],
      ),
    );
    return this.task.forward(this.fusion.forward(features, present));
  }

  /** Stacks `present` of all fields: (batch, fields). */
  #presentOf(inputs: Readonly<Record<string, FieldInputs>>): Tensor {
    expectInputs('Multimodal', inputs);
    let batch: number | string = 'batch';
    const columns = Array.from(this.fields.keys(), (field) => {
      if (inputs[field] === undefined)
        throw new TesseraError(
          `Multimodal: there are no inputs for the field '${field}'; give them with present = 0 where it is absent`,
        );
      expectInputs(`Multimodal: field '${field}'`, inputs[field]);
      const column = expectTensor('Multimodal', `present of '${field}'`, inputs[field].present, 'f32', [batch]);
      batch = column.shape[0];
      return column;
    });
    return stack(columns, 1);
  }

  /** Leaves out fields of rows in training: those drawn below the rate, but for the one with the largest draw. */
  #dropFields(present: Tensor): Tensor {
    const rate = this.#modalityDropout;
    if (!this.training || rate === 0) return present;
    const draw = randomUniform(present.shape, { seed: this.#seed, draw: this.draws.value++ }).mul(present);
    const largest = draw.max(1, { keepDims: true });
    return draw.greaterEqual(rate).or(draw.equal(largest)).where(present, 0);
  }
}

/** Replaces the features of absent fields by the learned vector, and masks their tokens; present (batch, 1). */
function replaceAbsent({ pooled, tokens, mask }: Features, absent: Tensor, present: Tensor): Features {
  const replaced = present.greater(0).where(pooled, absent);
  if (tokens === undefined) return { pooled: replaced };
  return { pooled: replaced, tokens, mask: mask?.mul(present) ?? present.broadcastTo(tokens.shape.slice(0, 2)) };
}

/** @throws TesseraError if a part is not what it should be, or the parts do not fit each other. */
function expectParts(encoders: Readonly<Record<string, Encoder>>, fusion: Fusion, task: Task): void {
  const fields = Object.entries(encoders ?? {});
  if (fields.length === 0)
    throw new TesseraError('Multimodal: expected at least one encoder, by the name of its field');
  for (const [field, encoder] of fields)
    if (!(encoder instanceof Encoder))
      throw new TesseraError(`Multimodal: the encoder of '${field}' must be an Encoder`);
  if (!(fusion instanceof Fusion)) throw new TesseraError('Multimodal: fusion must be a Fusion');
  if (!(task instanceof Task)) throw new TesseraError('Multimodal: task must be a Task');
  const widths = fields.map(([, { width }]) => width);
  if (fusion.inputs.join() !== widths.join())
    throw new TesseraError(
      `Multimodal: the fusion takes features of sizes [${fusion.inputs.join(', ')}], the encoders give [${widths.join(', ')}]`,
    );
  if (task.inputs !== fusion.width)
    throw new TesseraError(`Multimodal: the task takes ${task.inputs} features, the fusion gives ${fusion.width}`);
}
